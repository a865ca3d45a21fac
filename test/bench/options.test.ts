import { describe, expect, it } from 'vitest';
import { EXIT } from '../../director/model/error.ts';
import { parseOptions } from './options.ts';

const parse = (...args: string[]) => parseOptions(args, ['packets', 'memory'], 'results.json');

describe('the command line', () => {
  it('runs everything by default', () => {
    expect(parse()).toEqual({ only: undefined, quick: false, json: 'results.json', help: false });
  });

  it('takes sections one by one or in a list', () => {
    expect(parse('--only', 'packets', '--only', 'memory').only).toEqual(['packets', 'memory']);
    expect(parse('--only', 'packets,memory').only).toEqual(['packets', 'memory']);
  });

  it('refuses what it does not know', () => {
    for (const args of [['--only', 'nothing'], ['--slow'], ['packets']])
      expect(() => parse(...args)).toThrow(expect.objectContaining({ exit: EXIT.usage }));
  });
});
