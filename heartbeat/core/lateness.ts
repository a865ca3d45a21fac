// A director that did not run for a while knows less than it thinks. Guarantees: after a gap between ticks nothing is
// claimed before a full deadtime of listening (keepalived issue 2066); an offer or a question that went unanswered meanwhile
// starts anew.
import { record, type State, type Turn } from './state.ts';
import { lateness_ms, silence_ms } from './timing.ts';
import type { Input } from './types.ts';

const TOLD_MS = 1_000;
const GAP_INTERVALS = 1.5;
const DRAINED_INTERVALS = 1.25;

/** Before the tick that ends a gap, the socket may still hold what is newer than this input. */
export function isLate(s: State, input: Input, now: number): boolean {
  const gap = now - s.tick_ms;
  return gap > (input.kind === 'tick' ? lateness_ms(s.settings) : DRAINED_INTERVALS * s.settings.interval_ms);
}

/** After a gap too short for that: something may have been missed, so at least the next beat is waited for. */
export function listenAWhile(turn: Turn): void {
  const { s, now } = turn;
  const heard_ms = GAP_INTERVALS * s.settings.interval_ms;
  if (now - s.tick_ms <= heard_ms) return;
  s.listen_ms = Math.max(s.listen_ms, now - Math.max(0, silence_ms(s, now) - heard_ms));
}

export function startListeningAnew(turn: Turn): void {
  const { s, now } = turn;
  const gap = now - s.tick_ms;
  s.listen_ms = now;
  s.owned_ms = now;
  if (s.handover !== undefined) s.handover = { ...s.handover, at_ms: now };
  if (s.asking !== undefined) s.asking = { ...s.asking, since_ms: now };
  if (now - s.lateTold_ms < TOLD_MS) return;
  s.lateTold_ms = now;
  record(turn, 'late', `did not run for ${Math.round(gap)} ms`, { gap_ms: Math.round(gap), role: s.role });
}
