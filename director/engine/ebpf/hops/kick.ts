// When to have the kernel ask for a neighbour. The packet program bypasses the kernel's neighbour table, so nothing else
// would keep the entries alive. Pure: state in, decision out; the time is a parameter.
import type { Neighbour } from '../../../native/rtnetlink.ts';
import { NUD } from '../../../native/rtnetlink-codec.ts';

/** A stale entry (not confirmed for 15 to 45 s, RFC 4861 10) is asked again after this long. */
export const STALE_PROBE_MS = 10_000;
/** Waiting before the next attempt to reach a neighbour that does not answer, by the number of attempts made. */
const RETRY_MS = [0, 1_000, 2_000, 4_000, 8_000] as const;
/** The kernel gives an answer after 3 s at the latest; if its word was lost we look again. */
const INCOMPLETE_LOOK_MS = 5_000;

export type Condition = 'resolved' | 'stale' | 'asking' | 'missing';

export interface KickState {
  readonly condition: Condition;
  /** When this condition began, or was last acted on. */
  readonly since_ms: number;
  /** Attempts since it last answered. */
  readonly attempts: number;
}

/** use: have it resolved; probe: have a known link address confirmed. */
export type Kick = 'use' | 'probe';

export interface KickDecision {
  readonly state: KickState;
  readonly kick: Kick | undefined;
  /** When to decide again unless the neighbour changes before; undefined: not before it changes. */
  readonly due_ms: number | undefined;
}

export function conditionOf(neighbour: Neighbour | undefined): Condition {
  switch (neighbour?.state) {
    case NUD.STALE:
      return 'stale';
    case NUD.INCOMPLETE:
      return 'asking';
    case undefined:
    case NUD.NONE:
    case NUD.FAILED:
      return 'missing';
    default:
      return 'resolved'; // reachable, or the kernel is confirming it (delay, probe), or an administrator said so
  }
}

export function decideKick(
  previous: KickState | undefined,
  condition: Condition,
  now_ms: number,
): KickDecision {
  const state = enter(previous, condition, now_ms);
  const delay_ms = delayOf(state);
  if (delay_ms === undefined) return { state, kick: undefined, due_ms: undefined };
  const due_ms = state.since_ms + delay_ms;
  if (now_ms < due_ms) return { state, kick: undefined, due_ms };
  const next = { ...state, since_ms: now_ms, attempts: Math.min(state.attempts + 1, RETRY_MS.length) };
  return {
    state: next,
    kick: condition === 'stale' ? 'probe' : 'use',
    due_ms: now_ms + (delayOf(next) ?? 0),
  };
}

/** Attempts count until the neighbour answers; asking is a part of an attempt. */
function enter(previous: KickState | undefined, condition: Condition, now_ms: number): KickState {
  if (previous?.condition === condition) return previous;
  const answered = previous === undefined || condition === 'resolved' || condition === 'stale';
  return { condition, since_ms: now_ms, attempts: answered ? 0 : previous.attempts };
}

/** From the condition's begin, or the last attempt, to the next. */
function delayOf(state: KickState): number | undefined {
  switch (state.condition) {
    case 'resolved':
      return undefined;
    case 'stale':
      return STALE_PROBE_MS;
    case 'asking':
      return INCOMPLETE_LOOK_MS;
    case 'missing':
      return RETRY_MS[Math.min(state.attempts, RETRY_MS.length - 1)];
  }
}
