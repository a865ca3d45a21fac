import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { play } from './play.ts';
import { parseScenario } from './words.ts';

const FOLDER = import.meta.dirname;
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

describe('a pair of directors', () => {
  for (const file of FILES)
    it(file.replace(/\.txt$/, '').replaceAll('-', ' '), () => {
      const { failures, timeline } = play(parseScenario(readFileSync(join(FOLDER, file), 'utf8')));
      expect(failures.length === 0 ? [] : [...failures, '', ...timeline]).toEqual([]);
    });
});

describe('the words of a scenario', () => {
  const broken: readonly (readonly [string, string])[] = [
    ['until soon', 'line 1: soon is no time'],
    ['at 1s lb3 starts\nuntil 2s', 'line 1: lb3 is neither'],
    ['until 2s\nat 1s lb1 dances', 'line 2: not understood: lb1 dances'],
    ['when 1s lb1 starts', 'line 1: a line begins with'],
    ['given 9 lives\nuntil 2s', 'line 1: not understood'],
    ['at 1s lb1 starts', 'until TIME'],
  ];
  for (const [text, complaint] of broken)
    it(`refuse ${JSON.stringify(text)}`, () => {
      expect(() => parseScenario(text)).toThrow(complaint);
    });

  it('report what does not hold', () => {
    const { failures } = play(
      parseScenario('at 0ms lb1 starts\nexpect lb1 active by 100ms\nexpect lb1 records mischief\nuntil 1s'),
    );
    expect(failures).toEqual([
      'line 2: lb1 active by 100ms: is starting',
      'line 3: lb1 records mischief: not recorded',
    ]);
  });
});
