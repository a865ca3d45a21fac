// Holds what was seen against what must be. Pure.
import type { Expectation, Timing } from './drill.ts';
import type { DrillReport } from './report.ts';

export type Unjudged = Omit<DrillReport, 'ok' | 'complaints' | 'limit_ms' | 'theirs'>;

export function judge(
  seen: Unjudged,
  expects: Expectation,
  timing: Timing,
  troubles: readonly string[],
): DrillReport {
  const limit_ms = expects.outage_ms(timing);
  const twoOwners_ms = expects.twoOwners_ms?.(timing) ?? 0;
  const complaints = [
    ...troubles,
    ...outageComplaints(seen, limit_ms),
    ...lostComplaints(seen, expects),
    ...ownerComplaints(seen, expects),
    ...(seen.two_owners_ms > twoOwners_ms || (twoOwners_ms === 0 && seen.two_owners_times > 0)
      ? [`two owners on the wire for ${seen.two_owners_ms.toFixed(1)} ms, ${seen.two_owners_times} times`]
      : []),
    ...(seen.client_follows ? [] : ['the client’s neighbour cache does not name the owner']),
  ];
  return {
    ...seen,
    ok: complaints.length === 0,
    complaints,
    limit_ms,
    ...(expects.theirs === undefined ? {} : { theirs: expects.theirs }),
  };
}

/** A client that was kept from running itself has seen an outage that was none. */
function outageComplaints(seen: Unjudged, limit_ms: number): string[] {
  if (seen.outage_ms <= limit_ms + seen.client_late_ms) return [];
  const outage = Number.isFinite(seen.outage_ms) ? `${seen.outage_ms.toFixed(0)} ms` : 'without end';
  return [`outage ${outage}, more than ${limit_ms.toFixed(0)} ms`];
}

function lostComplaints(
  { established, young, fresh, udp, orphans_lost }: Unjudged,
  { orphans }: Expectation,
): string[] {
  const complaints: string[] = [];
  if (established.of === 0) complaints.push('no established connection');
  if (established.lost > 0)
    complaints.push(
      `${established.lost} of ${established.of} established connections lost (${kindsOf(established.kinds)})`,
    );
  if (young.lost > 0)
    complaints.push(`${young.lost} of ${young.of} young connections lost (${kindsOf(young.kinds)})`);
  if (fresh.failed > 0)
    complaints.push(`${fresh.failed} of ${fresh.made} new connections failed (${kindsOf(fresh.kinds)})`);
  if (orphans_lost > 0 && !orphans)
    complaints.push(`${orphans_lost} connections lost that began between the fault and the takeover`);
  if (udp.flows > 0 && udp.sent === udp.lost) complaints.push('no datagram came back');
  return complaints;
}

function ownerComplaints(seen: Unjudged, { owner }: Expectation): string[] {
  const { active, standby, owner_after, owners } = seen;
  if (owner_after !== active && owner_after !== standby)
    return [`the VIPs belong to ${owner_after} in the end`];
  if (owner === 'stays' && owners.some((span) => span.owner !== active && span.to_ms > 0))
    return [`${active} did not keep the VIPs throughout`];
  if (owner === 'moves' && !owners.some((span) => span.owner === standby && span.to_ms > 0))
    return [`${standby} never had the VIPs`];
  return [];
}

export function kindsOf(kinds: Readonly<Record<string, number>>): string {
  return Object.entries(kinds)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}
