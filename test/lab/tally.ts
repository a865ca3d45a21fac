// Adds up the client's reports and judges them: pure, so that the verdict can be tested without a lab. An outage is a
// real server killed on purpose; failures are allowed only where that server explains them. A takeover explains datagrams
// that were on their way, and nothing else.
import type { ClientReport, Failure } from './client/traffic.ts';
import type { Takeover } from './takeovers.ts';

export interface Outage {
  readonly server: string;
  readonly killed_at: number;
  /** When the director had taken it out of every service. */
  readonly detected_at?: number;
  readonly revived_at?: number;
  /** When it was taken back by every service, and when it had its full weight there. */
  readonly back_at?: number;
  readonly full_at?: number;
}

/** What the time of a report was like; `turning`: two of the others. */
export type Phase = 'whole' | 'turning' | 'degraded';

export interface ServiceTally {
  readonly answered: Record<Phase, Record<string, number>>;
  /** Answers of every server since the killed one was taken back. */
  readonly answeredBack: Record<string, number>;
  latencies_ms: number[];
  verified_bytes: number;
  bulks: number;
  held: Readonly<Record<string, number>>;
  held_max: number;
  stall_ms: number;
}

export interface Tally {
  readonly services: ReadonlyMap<string, ServiceTally>;
  readonly failures: Failure[];
  failuresMore: number;
  reports: number;
  /** Times without an answer to any new connection, the longest of each report. */
  gaps: NonNullable<ClientReport['gap']>[];
}

const LATENCIES_KEPT = 5_000;
const FAILURES_KEPT = 20_000;
const GAPS_KEPT = 1_000;
/** A datagram counts as lost when it has not been answered for a second. */
const LOST_AFTER_MS = 1_000;
/** An attempt may begin this long after the director's decision and still meet the packet path of before. */
const GRACE_MS = 250;
const NEVER_ALLOWED: ReadonlySet<string> = new Set(['corrupt', 'disguised', 'status']);

export function createTally(services: readonly string[]): Tally {
  const empty = (): ServiceTally => ({
    answered: { whole: {}, turning: {}, degraded: {} },
    answeredBack: {},
    latencies_ms: [],
    verified_bytes: 0,
    bulks: 0,
    held: {},
    held_max: 0,
    stall_ms: 0,
  });
  return {
    services: new Map(services.map((service) => [service, empty()])),
    failures: [],
    failuresMore: 0,
    reports: 0,
    gaps: [],
  };
}

/** The phase of the time from `since` to `until`. */
export function phaseOf(since: number, until: number, outages: readonly Outage[]): Phase {
  let phase: Phase = 'whole';
  for (const outage of outages) {
    const { killed_at, detected_at = Infinity, revived_at = Infinity, full_at = Infinity } = outage;
    if (since > full_at + GRACE_MS || until < killed_at) continue;
    if (since < detected_at + GRACE_MS || until > revived_at) return 'turning';
    phase = 'degraded';
  }
  return phase;
}

export function addReport(
  tally: Tally,
  report: ClientReport,
  since: number,
  outages: readonly Outage[],
): void {
  const phase = phaseOf(since, report.at, outages);
  tally.reports++;
  for (const [name, part] of Object.entries(report.services)) {
    const to = tally.services.get(name);
    if (!to) continue;
    for (const [server, count] of Object.entries(part.answered)) {
      const answered = to.answered[phase];
      answered[server] = (answered[server] ?? 0) + count;
      if (outages.some((outage) => since >= (outage.back_at ?? Infinity)))
        to.answeredBack[server] = (to.answeredBack[server] ?? 0) + count;
    }
    to.latencies_ms = [...to.latencies_ms, ...part.latencies_ms].slice(-LATENCIES_KEPT);
    to.verified_bytes += part.verified_bytes;
    to.bulks += part.bulks;
    to.held = part.held;
    to.held_max = Math.max(to.held_max, sum(part.held));
    to.stall_ms = Math.max(to.stall_ms, part.stall_ms);
  }
  tally.failures.push(...report.failures.slice(0, FAILURES_KEPT - tally.failures.length));
  tally.failuresMore += report.failuresMore;
  if (report.gap) tally.gaps = [...tally.gaps, report.gap].slice(-GAPS_KEPT);
}

/** What was done on purpose, and when. */
export interface Disturbances {
  readonly outages: readonly Outage[];
  readonly takeovers?: readonly Takeover[];
  /** Drills, which judge their own traffic. */
  readonly drills?: readonly { readonly from: number; readonly to: number }[];
}

/** Whether a failure is the killed server's, met before the director could know, or a datagram's of a takeover. */
export function isExplained(
  failure: Failure,
  { outages, takeovers = [], drills = [] }: Disturbances,
): boolean {
  if (NEVER_ALLOWED.has(failure.kind)) return false;
  if (drills.some(({ from, to }) => failure.at >= from && failure.began <= to)) return true;
  if (takeovers.some((takeover) => isOfTakeover(failure, takeover))) return true;
  return outages.some(
    (outage) =>
      failure.at >= outage.killed_at &&
      failure.began <= (outage.detected_at ?? Infinity) + GRACE_MS &&
      (failure.server === undefined || failure.server === outage.server),
  );
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

export function percentile(values: readonly number[], part: number): number | undefined {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

export interface ServiceSummary {
  readonly service: string;
  /** New connections (flows) that were answered, per real server. */
  readonly connections: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly errors_during_detection: number;
  readonly held: number;
  /** Held connections that ended on a real server that was not killed: none may. */
  readonly held_lost: number;
  readonly held_lost_with_server: number;
  readonly verified_bytes: number;
  readonly bulk_transfers: number;
  readonly p50_ms: number | undefined;
  readonly p99_ms: number | undefined;
  readonly stall_ms: number;
}

export interface Summary {
  readonly ok: boolean;
  /** Every reason why not. */
  readonly complaints: readonly string[];
  readonly services: readonly ServiceSummary[];
  readonly outages: readonly (Outage & { readonly detection_ms?: number })[];
  readonly takeovers: readonly TakeoverSummary[];
  readonly errors: number;
  readonly errors_during_detection: number;
  readonly verified_bytes: number;
  /** Up to ten failures that nothing explains. */
  readonly examples: readonly Failure[];
  /** What the director's engine dropped, by reason, where it was anything. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface JudgeOptions extends Disturbances {
  readonly servers: readonly string[];
  /** Services whose servers are chosen by their connections: a takeover leaves a few that nobody ends. */
  readonly byLoad?: readonly string[];
  /** The engine's drop counters. */
  readonly dropped?: Readonly<Record<string, number>>;
}

export function judge(tally: Tally, options: JudgeOptions): Summary {
  const { outages } = options;
  const unexplained = tally.failures.filter((failure) => !isExplained(failure, options));
  const services = [...tally.services].map(([name, part]) => summarize(name, part, tally.failures, options));
  const complaints = [
    ...(tally.reports === 0 ? ['the client reported nothing'] : []),
    ...[...tally.services].flatMap(([name, part]) =>
      tally.reports < REPORTS_MIN ? [] : balanceComplaints(name, part, options),
    ),
    ...countBy(unexplained.map((failure) => `${failure.service}: ${failure.what} ${failure.kind}`)),
    ...(tally.failuresMore > 0 ? [`${tally.failuresMore} failures more than were listed`] : []),
    ...outages.flatMap(outageComplaints),
    ...(options.takeovers ?? []).flatMap(takeoverComplaints),
  ];
  return {
    ok: complaints.length === 0,
    complaints,
    services,
    outages: outages.map((outage) => ({
      ...outage,
      ...(outage.detected_at === undefined ? {} : { detection_ms: outage.detected_at - outage.killed_at }),
    })),
    takeovers: (options.takeovers ?? []).map((takeover) => describeTakeover(takeover, tally, unexplained)),
    errors: unexplained.length + tally.failuresMore,
    errors_during_detection: tally.failures.length - unexplained.length,
    verified_bytes: services.reduce((total, service) => total + service.verified_bytes, 0),
    examples: unexplained.slice(0, 10),
    dropped: Object.fromEntries(Object.entries(options.dropped ?? {}).filter(([, count]) => count > 0)),
  };
}

function summarize(
  name: string,
  part: ServiceTally,
  failures: readonly Failure[],
  disturbances: Disturbances,
): ServiceSummary {
  const own = failures.filter((failure) => failure.service === name);
  const explained = own.filter((failure) => isExplained(failure, disturbances));
  const lost = own.filter((failure) => failure.what === 'held');
  const lostWithServer = lost.filter((failure) => isExplained(failure, disturbances));
  const connections: Record<string, number> = {};
  for (const answered of Object.values(part.answered))
    for (const [server, count] of Object.entries(answered))
      connections[server] = (connections[server] ?? 0) + count;
  return {
    service: name,
    connections,
    errors: own.length - explained.length,
    errors_during_detection: explained.length,
    held: part.held_max,
    held_lost: lost.length - lostWithServer.length,
    held_lost_with_server: lostWithServer.length,
    verified_bytes: part.verified_bytes,
    bulk_transfers: part.bulks,
    p50_ms: percentile(part.latencies_ms, 0.5),
    p99_ms: percentile(part.latencies_ms, 0.99),
    stall_ms: part.stall_ms,
  };
}

/** Nobody may have less than this part of an equal share while all are up. */
const FAIR_PART = 0.4;
/** Below this many answers per server a share says nothing; while a weight grows from nothing, below twice as many. */
const FAIR_FROM = 5;
/** A run that was ended before it had begun is not judged by what it lacks. */
const REPORTS_MIN = 8;

function balanceComplaints(name: string, part: ServiceTally, options: JudgeOptions): string[] {
  const { outages, servers, takeovers = [], byLoad = [] } = options;
  const isSkewed = takeovers.length > 0 && byLoad.includes(name);
  const complaints: string[] = [];
  const whole = sum(part.answered.whole);
  const back = sum(part.answeredBack);
  if (whole === 0) complaints.push(`${name}: no answer while every real server was up`);
  else if (whole >= FAIR_FROM * servers.length && !isSkewed)
    for (const server of servers) {
      const share = (part.answered.whole[server] ?? 0) / whole;
      if (share < FAIR_PART / servers.length)
        complaints.push(`${name}: ${server} had ${Math.round(share * 100)} % while every real server was up`);
    }
  const single = outages.length === 1 ? outages[0] : undefined;
  if (!single) return complaints;
  const degraded = part.answered.degraded;
  if ((degraded[single.server] ?? 0) > 0)
    complaints.push(`${name}: ${single.server} got connections after it was found dead`);
  if (single.detected_at !== undefined && sum(degraded) === 0)
    complaints.push(`${name}: no answer while ${single.server} was away`);
  if (back >= 2 * FAIR_FROM * servers.length && (part.answeredBack[single.server] ?? 0) === 0)
    complaints.push(`${name}: ${single.server} got nothing after it came back`);
  return complaints;
}

function outageComplaints(outage: Outage): string[] {
  if (outage.detected_at === undefined) return [`${outage.server} was killed and never found dead`];
  if (outage.revived_at !== undefined && outage.back_at === undefined)
    return [`${outage.server} was revived and never taken back`];
  return [];
}

export interface TakeoverSummary extends Takeover {
  /** From the kill to the first answer for a VIP on the wire. */
  readonly takeover_ms?: number;
  /** The longest time without an answer to any new connection around it. */
  readonly outage_ms: number;
  readonly connections_kept: number;
  readonly connections_lost: number;
}

const AROUND_MS = 2_000;

function describeTakeover(
  takeover: Takeover,
  tally: Tally,
  unexplained: readonly Failure[],
): TakeoverSummary {
  const { killed_at, taken_at, back_at = killed_at + AROUND_MS } = takeover;
  const around = tally.gaps.filter(
    ({ from, to }) => to >= killed_at && from <= (taken_at ?? killed_at) + AROUND_MS,
  );
  const lost = unexplained.filter(
    ({ what, at }) => what === 'held' && at >= killed_at && at <= back_at + AROUND_MS,
  ).length;
  const held = [...tally.services.values()].reduce((total, part) => total + part.held_max, 0);
  return {
    ...takeover,
    ...(taken_at === undefined ? {} : { takeover_ms: taken_at - killed_at }),
    outage_ms: Math.max(0, ...around.map(({ from, to }) => to - from)),
    connections_kept: held - lost,
    connections_lost: lost,
  };
}

/** Datagrams under way, and connections that began on a dead director, which could tell its peer of nothing. */
function isOfTakeover({ kind, service, what, began }: Failure, takeover: Takeover): boolean {
  const { wasActive, killed_at, taken_at = Infinity } = takeover;
  if (!wasActive || began > taken_at + GRACE_MS) return false;
  if (service.startsWith('udp')) return kind === 'timeout' && began >= killed_at - LOST_AFTER_MS;
  return what !== 'held' && began >= killed_at;
}

function takeoverComplaints({ director, wasActive, taken_at, revived_at, back_at }: Takeover): string[] {
  if (wasActive && taken_at === undefined) return [`${director} was killed and nobody took over`];
  if (revived_at !== undefined && back_at === undefined)
    return [`${director} was started again and is no standby`];
  return [];
}

function countBy(sentences: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const sentence of sentences) counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  return [...counts].map(([sentence, count]) => `${sentence} (${count} times)`);
}
