// One clock for everything that a traffic process does: turns every few milliseconds, and knows how late it was.
import { monotonic_ms } from '../../lab/monotonic.ts';

const TURN_MS = 2;

export interface Wheel {
  /** Called at each turn. */
  each(turn: (now: number) => void): void;
  /** How late a turn was at worst since this was asked last. */
  late_max_ms(): number;
}

export function startWheel(): Wheel {
  const turns: ((now: number) => void)[] = [];
  let due = monotonic_ms() + TURN_MS;
  let late = 0;
  const tick = (): void => {
    const now = monotonic_ms();
    late = Math.max(late, now - due);
    for (const turn of turns) turn(now);
    due = monotonic_ms() + TURN_MS;
    setTimeout(tick, TURN_MS);
  };
  setTimeout(tick, TURN_MS);
  return {
    each: (turn) => void turns.push(turn),
    late_max_ms() {
      const worst = late;
      late = 0;
      return worst;
    },
  };
}

/** Calls `begin` once an interval on average; what was missed while the process was late is left out. */
export function paced(every_ms: number, first_at: number, begin: () => void): (now: number) => void {
  let due = first_at;
  return (now) => {
    if (now < due) return;
    begin();
    due = Math.max(due + every_ms, now - every_ms);
  };
}
