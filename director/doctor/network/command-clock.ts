// The clock of a command: what is waited for keeps the process alive, as there is nothing else that would.
import type { Clock } from '../../model/clock.ts';
import { systemClock } from '../../native/system-clock.ts';

export const commandClock: Clock = {
  ...systemClock,
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
