import { expect, it } from 'vitest';
import type { Clock } from '../../model/clock.ts';
import { Waiters } from './waiters.ts';

/** Its only time is the one that is waited for. */
class StoodStill implements Pick<Clock, 'after'> {
  readonly due: { delay_ms: number; run: () => void; over: boolean }[] = [];

  after(delay_ms: number, run: () => void): Disposable {
    const entry = { delay_ms, run, over: false };
    this.due.push(entry);
    return {
      [Symbol.dispose]: () => {
        entry.over = true;
      },
    };
  }
}

it('lets all go when it is known, and leaves no timer behind', async () => {
  const clock = new StoodStill();
  const waiters = new Waiters(clock);
  const both = Promise.all([waiters.wait(), waiters.wait()]);
  waiters.release();
  await both;
  expect(clock.due.map(({ over }) => over)).toEqual([true, true]);
});

it('keeps nobody longer than two seconds', async () => {
  const clock = new StoodStill();
  const waiters = new Waiters(clock);
  const one = waiters.wait();
  expect(clock.due[0]?.delay_ms).toBe(2_000);
  clock.due[0]?.run();
  await one;
});
