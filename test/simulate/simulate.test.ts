import { describe, expect, it } from 'vitest';
import { failureOf } from './report.ts';
import { runSchedule } from './run.ts';
import { scheduleOf } from './schedule.ts';
import { emptyTally, runSeed } from './tally.ts';

const SCHEDULES = 100_000;
const PARTS = 10;

describe('the simulated pair', () => {
  for (let part = 0; part < PARTS; part++)
    it(`keeps its promises in ${SCHEDULES / PARTS} schedules from seed ${1 + (part * SCHEDULES) / PARTS} on`, () => {
      const tally = emptyTally();
      for (let i = 0; i < SCHEDULES / PARTS; i++) runSeed(tally, 1 + (part * SCHEDULES) / PARTS + i);
      const stories = tally.failed.slice(0, 3).map(({ seed, code }) => failureOf(scheduleOf(seed), code));
      expect(stories.join('\n')).toBe('');
      expect(tally.schedules).toBe(SCHEDULES / PARTS);
    }, 120_000);

  it('runs the same way for the same seed', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const first = runSchedule(scheduleOf(seed), true);
      expect(runSchedule(scheduleOf(seed), true)).toEqual(first);
      expect(runSchedule(scheduleOf(seed), false).steps).toBe(first.steps);
    }
  });
});
