import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

describe("the lab's command line", () => {
  it('runs until somebody ends it, and kills, unless told otherwise', () => {
    expect(parseOptions([])).toMatchObject({ seconds: undefined, kill: true, json: false, keep: false });
    expect(parseOptions(['--seconds', '20', '--no-kill', '--json', '--plain'])).toMatchObject({
      seconds: 20,
      kill: false,
      json: true,
      plain: true,
    });
  });

  it('refuses what it does not know with exit status 2', () => {
    for (const args of [
      ['--second', '3'],
      ['--seconds', 'x'],
      ['--seconds', '1'],
      ['--seconds=-5'],
      ['extra'],
    ])
      expect(() => parseOptions(args)).toThrow(expect.objectContaining({ code: 'lab-usage', exit: 2 }));
  });
});
