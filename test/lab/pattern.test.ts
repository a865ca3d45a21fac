import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPattern, findMismatch } from './pattern.ts';

const seed = fc.integer({ min: 0, max: 0x7fffffff });
const offset = fc.integer({ min: 0, max: 2 ** 33 });

describe('the checkable pattern', () => {
  it('is the same however it is cut into pieces', () => {
    fc.assert(
      fc.property(seed, offset, fc.integer({ min: 0, max: 300 }), fc.nat(300), (key, at, length, cut) => {
        const first = Math.min(cut, length);
        const whole = fillPattern(key, at, length);
        const pieces = [fillPattern(key, at, first), fillPattern(key, at + first, length - first)];
        expect(Buffer.concat(pieces).equals(whole)).toBe(true);
        expect(findMismatch(key, at, whole)).toBe(-1);
      }),
    );
  });

  it('shows a changed byte where it is', () => {
    fc.assert(
      fc.property(
        seed,
        fc.integer({ min: 1, max: 500 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (key, length, where, by) => {
          const bytes = fillPattern(key, 0, length);
          const at = where % length;
          bytes[at] = bytes[at]! ^ by;
          expect(findMismatch(key, 0, bytes)).toBe(at);
        },
      ),
    );
  });

  it('shows a segment that is lost or doubled', () => {
    const bytes = fillPattern(7, 0, 4096);
    const lost = Buffer.concat([bytes.subarray(0, 1448), bytes.subarray(2896)]);
    const doubled = Buffer.concat([bytes.subarray(0, 1448), bytes.subarray(0, 1448)]);
    for (const wrong of [lost, doubled]) {
      const at = findMismatch(7, 0, wrong);
      expect(at).toBeGreaterThanOrEqual(1448);
      expect(at).toBeLessThan(1460);
    }
  });
});
