// Rise and fall: how single outcomes become a verdict. Pure; time is a parameter.
// Guarantees: a server is taken for up at its very first success, for down only after `fall` failures in a row,
// and comes back only after `rise` successes in a row. Until the first decision it is unknown, which counts as not up.
import type { Health } from '../../director/model/monitor.ts';

export interface HealthRule {
  readonly rise: number;
  readonly fall: number;
}

export interface HealthState {
  readonly health: Health;
  /** Outcomes in a row that speak against the present health. */
  readonly against: number;
  /** Monotonic time of the last change of health. */
  readonly since_ms: number;
}

export interface HealthChange {
  readonly from: Health;
  readonly to: Health;
  /** How long the former health lasted. */
  readonly lasted_ms: number;
}

/** `health` other than unknown: what was known before this process began to watch. */
export function beginHealth(now_ms: number, health: Health = 'unknown'): HealthState {
  return { health, against: 0, since_ms: now_ms };
}

export function step(
  state: HealthState,
  ok: boolean,
  rule: HealthRule,
  now_ms: number,
): { readonly state: HealthState; readonly change?: HealthChange } {
  const agrees = state.health === (ok ? 'up' : 'down');
  if (agrees) return { state: state.against === 0 ? state : { ...state, against: 0 } };
  // An unknown server with a success needs no further proof: waiting for `rise` would only prolong an outage at start.
  // A success between failures of an unknown server cannot occur, as the first success decides.
  const needed = ok ? (state.health === 'unknown' ? 1 : rule.rise) : rule.fall;
  const against = state.against + 1;
  if (against < needed) return { state: { ...state, against } };
  const to = ok ? 'up' : 'down';
  return {
    state: { health: to, against: 0, since_ms: now_ms },
    change: { from: state.health, to, lasted_ms: now_ms - state.since_ms },
  };
}

/** Neither rise nor fall is reached: probes go at the fast interval. */
export function isUndecided(state: HealthState): boolean {
  return state.health === 'unknown' || state.against > 0;
}
