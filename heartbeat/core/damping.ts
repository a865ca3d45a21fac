// Against flapping: each change of owner raises a penalty, as BGP route flap damping does (RFC 2439); automatic moves
// wait for a hold-down that doubles with it, and quiet times take it away. Faults and orders do not wait.
import type { State, Turn } from './state.ts';
import { stable_ms } from './timing.ts';

const DOUBLINGS_MAX = 6;
/** So many stable periods without a move forgive one. */
const QUIET_PERIODS = 10;

/** Who owns the VIPs now, as far as can be seen from here. */
export function noteOwner(turn: Turn, owner: 'self' | 'peer'): void {
  const { s, now } = turn;
  if (s.owner === owner) return;
  if (s.owner !== '') {
    s.moves = Math.min(movesOf(s, now) + 1, DOUBLINGS_MAX + 1);
    s.moved_ms = now;
  }
  s.owner = owner;
}

function movesOf(s: State, now: number): number {
  if (s.moves === 0) return 0;
  return Math.max(0, s.moves - Math.floor((now - s.moved_ms) / (QUIET_PERIODS * stable_ms(s.settings))));
}

/** 1, 1, 2, 4, … with the moves made lately. */
export function penalty(s: State, now: number): number {
  return 2 ** Math.max(0, movesOf(s, now) - 1);
}

/** Until when automatic moves wait. */
export function coolDownUntil(s: State, now: number): number {
  if (movesOf(s, now) === 0) return now;
  return s.moved_ms + stable_ms(s.settings) * penalty(s, now);
}
