import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RAMP_FLOOR, ramp } from './ramp.ts';

describe('slow start', () => {
  it('begins with a small part, reaches half way in the middle and all at the end', () => {
    expect(ramp(0, 30_000)).toBe(RAMP_FLOOR);
    expect(ramp(15_000, 30_000)).toBeCloseTo((1 + RAMP_FLOOR) / 2);
    expect(ramp(30_000, 30_000)).toBe(1);
  });

  it('gives everything at once when no ramp is asked for', () => expect(ramp(0, 0)).toBe(1));

  it('never falls, and stays within bounds', () => {
    const time = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(time, time, fc.double({ min: 0, max: 1e6, noNaN: true }), (one, other, duration_ms) => {
        const [earlier, later] = [
          ramp(Math.min(one, other), duration_ms),
          ramp(Math.max(one, other), duration_ms),
        ];
        expect(earlier).toBeGreaterThanOrEqual(RAMP_FLOOR);
        expect(later).toBeGreaterThanOrEqual(earlier);
        expect(later).toBeLessThanOrEqual(1);
      }),
    );
  });
});
