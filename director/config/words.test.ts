import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords } from './words.ts';

describe('splitWords', () => {
  it.each([
    ['a b  c', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a'b'"c"d`, ['abcd']],
    [`a\\ b`, ['a b']],
    [`"a\\"b" "c\\d" '\\'`, ['a"b', 'c\\d', '\\']],
    [`'' ""`, ['', '']],
    ['$HOME *.c `x` a;b', ['$HOME', '*.c', '`x`', 'a;b']],
    ['  ', []],
  ])('splits %j', (text, words) => expect(splitWords(text)).toEqual(words));

  it.each([`'a`, `"a`, 'a\\', `"a\\"`])('refuses %j, which is left open', (text) =>
    expect(splitWords(text)).toBeUndefined(),
  );

  it('agrees with the shell on quoting', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '"', "'", '\\', 'c'), maxLength: 12 });
    fc.assert(
      fc.property(text, (quoted) => {
        const words = splitWords(quoted);
        if (words === undefined) return;
        const script = `printf '%s|' begin ${quoted}`;
        expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(
          ['begin', ...words].map((word) => `${word}|`).join(''),
        );
      }),
      { numRuns: 60 },
    );
  });
});
