// A task at an interval, on any clock. The next turn is set when the last one has ended, so that turns never pile up.
import type { Clock } from '../model/clock.ts';

export function every(clock: Clock, interval_ms: number, task: () => void): Disposable {
  let timer: Disposable;
  let ended = false;
  const next = (): void => {
    timer = clock.after(interval_ms, () => {
      if (ended) return;
      try {
        task();
      } finally {
        next();
      }
    });
  };
  next();
  return {
    [Symbol.dispose]() {
      ended = true;
      timer[Symbol.dispose]();
    },
  };
}
