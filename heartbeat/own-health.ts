// This director's own health, of three sources: what pulse says of the services, whether pulse says anything at all, and
// whether the VIPs' interfaces have a carrier. Pure but for nothing: time and facts are arguments.
import type { Health } from './core/types.ts';

/** Pulse speaks every second; a restart takes a few. */
export const ATTENDED_MS = 10_000;

export interface HealthFacts {
  readonly pulse: { readonly health: Health; readonly reason: string; readonly at_ms: number } | undefined;
  /** Interfaces of VIPs without a carrier, or missing. */
  readonly linksDown: readonly string[];
  readonly began_ms: number;
}

export interface HealthView {
  readonly health: Health;
  readonly reason: string;
}

export function ownHealth(facts: HealthFacts, now_ms: number): HealthView {
  if (facts.linksDown.length > 0)
    return { health: 'bad', reason: `no carrier on ${facts.linksDown.join(', ')}` };
  const { pulse } = facts;
  if (now_ms - (pulse?.at_ms ?? facts.began_ms) > ATTENDED_MS)
    return { health: 'impaired', reason: 'the supervisor has not been heard for 10 s; packets go on' };
  return pulse ?? { health: 'good', reason: 'the supervisor has not spoken yet' };
}
