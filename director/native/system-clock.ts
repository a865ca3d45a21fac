// The clock of a real process.
import type { Clock } from '../model/clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic_ms: () => performance.now(),
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
