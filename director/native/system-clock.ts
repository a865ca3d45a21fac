// The clock of a real process, by CLOCK_MONOTONIC, so that processes of one machine can tell each other times.
import type { Clock } from '../model/clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic_ms() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1_000 + nanoseconds / 1e6;
  },
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
