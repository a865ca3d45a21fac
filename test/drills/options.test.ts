import { describe, expect, it } from 'vitest';
import { DRILLS } from './catalogue.ts';
import { parseOptions, usage } from './options.ts';

const NAMES = DRILLS.map(({ name }) => name);

describe("the drills' command line", () => {
  it('runs every drill once unless told otherwise', () => {
    expect(parseOptions([], NAMES)).toMatchObject({ names: [], runs: 1, interval_ms: 50, deadtime_ms: 250 });
    expect(
      parseOptions(
        ['freeze-10s', '--runs', '3', '--interval', '20', '--deadtime', '60', '--freeze', '2'],
        NAMES,
      ),
    ).toMatchObject({ names: ['freeze-10s'], runs: 3, interval_ms: 20, deadtime_ms: 60, freeze_ms: 2_000 });
  });

  it('refuses what it does not know with exit status 2', () => {
    for (const args of [['nonsense'], ['--runs', '0'], ['--runs', 'x'], ['--failback', 'maybe'], ['--what']])
      expect(() => parseOptions(args, NAMES)).toThrow(
        expect.objectContaining({ code: 'drill-usage', exit: 2 }),
      );
  });

  it('explains each drill in its help', () => {
    for (const { name, what } of DRILLS) expect(usage(DRILLS)).toContain(`${name.padEnd(27)} ${what}`);
    expect(new Set(NAMES).size).toBe(DRILLS.length);
  });
});
