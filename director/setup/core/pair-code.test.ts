import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE_BITS, CODE_CHANCE_BYTES, codeFrom, readCode } from './pair-code.ts';

const chance = fc.uint8Array({ minLength: CODE_CHANCE_BYTES, maxLength: CODE_CHANCE_BYTES });
const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

describe('a one-time code', () => {
  it('has at least 80 bits of chance, in groups of four', () => {
    expect(CODE_BITS).toBeGreaterThanOrEqual(80);
    expect(codeFrom(new Uint8Array(CODE_CHANCE_BYTES).fill(7))).toMatch(/^(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}$/);
  });

  it('is read however it is typed', () => {
    fc.assert(
      fc.property(chance, (bytes) => {
        const code = codeFrom(bytes);
        expect(readCode(code)).toBe(code);
        expect(readCode(` ${code.toLowerCase().replaceAll('-', '  ')}\n`)).toBe(code);
        expect(readCode(code.replaceAll('0', 'o').replaceAll('1', 'l'))).toBe(code);
        expect(readCode(code.replaceAll('1', 'I').replaceAll('-', ''))).toBe(code);
      }),
    );
  });

  it('notices every single wrong sign and every swap of neighbours', () => {
    fc.assert(
      fc.property(chance, fc.nat({ max: 19 }), fc.nat({ max: 31 }), (bytes, place, value) => {
        const signs = [...codeFrom(bytes).replaceAll('-', '')];
        const wrong = signs.with(place, SIGNS[value]!);
        if (wrong[place] !== signs[place]) expect(() => readCode(wrong.join(''))).toThrow('mistyped');
        const next = (place + 1) % 20;
        const swapped = signs.with(place, signs[next]!).with(next, signs[place]!);
        if (place < 19 && signs[place] !== signs[next])
          expect(() => readCode(swapped.join(''))).toThrow('mistyped');
      }),
    );
  });

  it.each([
    ['', 'has 0 signs, not 20'],
    ['ABCD-EFGH', 'has 8 signs, not 20'],
    ['UUUU-0000-0000-0000-0000', 'has a sign that no code has: "U"'],
    ['\u0000', 'has a sign that no code has'],
  ])('refuses %j', (typed, message) => {
    expect(() => readCode(typed)).toThrow(message);
  });

  it('ends in a code or a usage error, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), (typed) => {
        try {
          readCode(typed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-code', exit: 2 });
        }
      }),
    );
  });
});
