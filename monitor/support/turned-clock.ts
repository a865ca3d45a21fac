// A clock that tests turn by hand.
import type { Clock } from '../../director/model/clock.ts';

export interface TurnedClock extends Clock {
  /** Runs everything that falls due on the way, in order. */
  turn(by_ms: number): void;
}

export function turnedClock(): TurnedClock {
  let now_ms = 0;
  let due: { readonly at_ms: number; readonly run: () => void }[] = [];
  return {
    now: () => 1_700_000_000_000 + now_ms,
    monotonic_ms: () => now_ms,
    after(delay_ms, run) {
      const timer = { at_ms: now_ms + delay_ms, run };
      due.push(timer);
      return {
        [Symbol.dispose]() {
          due = due.filter((each) => each !== timer);
        },
      };
    },
    turn(by_ms) {
      const end_ms = now_ms + by_ms;
      for (;;) {
        const next = due
          .filter((each) => each.at_ms <= end_ms)
          .toSorted((one, other) => one.at_ms - other.at_ms)[0];
        if (next === undefined) break;
        due = due.filter((each) => each !== next);
        now_ms = Math.max(now_ms, next.at_ms);
        next.run();
      }
      now_ms = end_ms;
    },
  };
}
