// Adds up the client's reports and judges them: pure, so that the verdict can be tested without a lab. An outage is a
// real server killed on purpose; failures are allowed only where that server explains them.
import type { ClientReport, Failure } from './client/traffic.ts';

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
}

const LATENCIES_KEPT = 5_000;
const FAILURES_KEPT = 20_000;
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
}

/** Whether a failure is the killed server's, met before the director could know. */
export function isExplained(failure: Failure, outages: readonly Outage[]): boolean {
  if (NEVER_ALLOWED.has(failure.kind)) return false;
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
  readonly errors: number;
  readonly errors_during_detection: number;
  readonly verified_bytes: number;
  /** Up to ten failures that nothing explains. */
  readonly examples: readonly Failure[];
  /** What the director's engine dropped, by reason, where it was anything. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface JudgeOptions {
  readonly outages: readonly Outage[];
  readonly servers: readonly string[];
  /** The engine's drop counters. */
  readonly dropped?: Readonly<Record<string, number>>;
}

export function judge(tally: Tally, options: JudgeOptions): Summary {
  const { outages } = options;
  const unexplained = tally.failures.filter((failure) => !isExplained(failure, outages));
  const services = [...tally.services].map(([name, part]) => summarize(name, part, tally.failures, outages));
  const complaints = [
    ...(tally.reports === 0 ? ['the client reported nothing'] : []),
    ...[...tally.services].flatMap(([name, part]) =>
      tally.reports < REPORTS_MIN ? [] : balanceComplaints(name, part, options),
    ),
    ...countBy(unexplained.map((failure) => `${failure.service}: ${failure.what} ${failure.kind}`)),
    ...(tally.failuresMore > 0 ? [`${tally.failuresMore} failures more than were listed`] : []),
    ...outages.flatMap(outageComplaints),
  ];
  return {
    ok: complaints.length === 0,
    complaints,
    services,
    outages: outages.map((outage) => ({
      ...outage,
      ...(outage.detected_at === undefined ? {} : { detection_ms: outage.detected_at - outage.killed_at }),
    })),
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
  outages: readonly Outage[],
): ServiceSummary {
  const own = failures.filter((failure) => failure.service === name);
  const explained = own.filter((failure) => isExplained(failure, outages));
  const lost = own.filter((failure) => failure.what === 'held');
  const lostWithServer = lost.filter((failure) => isExplained(failure, outages));
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

function balanceComplaints(name: string, part: ServiceTally, { outages, servers }: JudgeOptions): string[] {
  const complaints: string[] = [];
  const whole = sum(part.answered.whole);
  const back = sum(part.answeredBack);
  if (whole === 0) complaints.push(`${name}: no answer while every real server was up`);
  else if (whole >= FAIR_FROM * servers.length)
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

function countBy(sentences: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const sentence of sentences) counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  return [...counts].map(([sentence, count]) => `${sentence} (${count} times)`);
}
