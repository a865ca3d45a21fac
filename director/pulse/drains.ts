// How far drains have got. Pure: says which have come to their end, and what is to be done about what is left.
import type { EngineSnapshot } from '../engine/engine.ts';
import type { OrderRecord } from '../store/record.ts';

export interface Remaining {
  readonly active: number;
  readonly inactive: number;
  readonly templates: number;
}

export interface DrainEnd {
  readonly order: OrderRecord;
  readonly remaining: Remaining;
  /** empty: nothing is left. deadline: time is up, and what is left is cut or kept. */
  readonly because: 'empty' | 'deadline';
}

export function endedDrains(
  orders: Iterable<OrderRecord>,
  snapshot: EngineSnapshot,
  now: number,
): DrainEnd[] {
  const ends: DrainEnd[] = [];
  for (const order of orders) {
    if (order.admin !== 'draining' || order.drained !== undefined) continue;
    const remaining = remainingOf(snapshot, order.service, order.server);
    if (remaining.active + remaining.inactive + remaining.templates === 0)
      ends.push({ order, remaining, because: 'empty' });
    else if (order.deadline !== undefined && order.deadline <= now)
      ends.push({ order, remaining, because: 'deadline' });
  }
  return ends;
}

/** Entries of a server, those of a namesake that is leaving included. */
function remainingOf(snapshot: EngineSnapshot, service: string, server: string): Remaining {
  const remaining = { active: 0, inactive: 0, templates: 0 };
  for (const each of snapshot.services) {
    if (each.spec.name !== service) continue;
    for (const member of each.servers) {
      if (member.spec.name !== server) continue;
      remaining.active += member.active;
      remaining.inactive += member.inactive;
      remaining.templates += member.templates;
    }
  }
  return remaining;
}
