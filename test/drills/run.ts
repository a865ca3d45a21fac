// One run of one drill: rest, load, fault, healing, rest, and what was seen. Whatever goes wrong on the way is a complaint
// of the report, which comes in any case.
import { tellError } from '../../director/model/error.ts';
import { monotonic_ms } from '../lab/monotonic.ts';
import { overlapsOf, ownerOf, type Reign, twoOwners_ms } from '../lab/observer/ownership.ts';
import { ip } from '../support/netns.ts';
import type { Drill, Pace, Stage } from './drill.ts';
import { eventsSince, lastEvents } from './events.ts';
import { judge, type Unjudged } from './judge.ts';
import type { ConnectionsReport, DrillReport } from './report.ts';
import { openStage, rest, type Site, type StageRecord, settle } from './stage.ts';
import { outage_ms } from './traffic/gaps.ts';
import type { TrafficResult } from './traffic/traffic.ts';
import type { FreshService, LastingResult, Lost } from './traffic/types.ts';

export interface RunOptions {
  readonly pace: Pace;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

const EXAMPLES_KEPT = 40;
/** The client hears of the new owner, and frames to the former one may be on their way. */
const ORPHANS_UNTIL_MS = 100;

export async function runDrill(site: Site, drill: Drill, options: RunOptions): Promise<DrillReport> {
  const { lab, observer, traffic } = site;
  const troubles: string[] = [];
  const attempt = async (what: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      options.signal?.throwIfAborted();
      troubles.push(
        `${what}: ${tellError(error)
          .lines.join('; ')
          .replace(/^error: /, '')}`,
      );
    }
  };
  await settle(lab, options.signal);
  if (drill.prepare) {
    const stage = await openStage(site, { ...options, progress: () => {} });
    await drill.prepare(stage);
    await settle(lab, options.signal);
  }
  const stage = await openStage(site, options);
  await traffic.begin();
  const began = monotonic_ms();
  observer.trim(began - 1_000);
  await rest(options.pace.steady_ms, options.signal);
  const known = await lastEvents(lab.directors);
  await attempt('the drill', () => drill.run(stage));
  await attempt('afterwards', () => settle(lab, options.signal));
  await rest(options.pace.aftermath_ms, options.signal);
  const fault_at = stage.record.fault_at ?? began;
  const seen = await traffic.end(fault_at);
  if (seen.fresh.examples.some((lost) => lost.began >= began && lost.at < fault_at))
    troubles.push('connections failed before the fault');
  const owners = await observer.report(began);
  const events = await eventsSince(lab.directors, known, stage.record.fault_wall);
  const unjudged = gather({ site, stage, seen, owners, events, began, fault_at, drill });
  if (drill.after) await attempt('clearing up', () => drill.after!(stage));
  return judge(unjudged, drill.expects, stage, troubles);
}

interface Seen {
  readonly site: Site;
  readonly stage: Stage & { readonly record: StageRecord };
  readonly drill: Drill;
  readonly seen: TrafficResult;
  readonly owners: Awaited<ReturnType<Site['observer']['report']>>;
  readonly events: Awaited<ReturnType<typeof eventsSince>>;
  readonly began: number;
  readonly fault_at: number;
}

function gather(all: Seen): Unjudged {
  const { site, stage, drill, seen, owners, events, fault_at } = all;
  const { lab, observer, traffic, vips } = site;
  const { fresh, established } = seen;
  const every_ms = traffic.settings.fresh_every_ms;
  const overlaps = overlapsOf(owners.reigns.filter(({ to }) => to > fault_at));
  const ownerMac = ownerOf(owners.reigns, vips[0]!) ?? 'nobody';
  // Also those that began while two directors had the VIPs.
  const until = Math.max(takenAt(all), ...overlaps.map(({ to }) => to)) + ORPHANS_UNTIL_MS;
  const isOrphan = ({ began }: Lost): boolean => began >= fault_at && began <= until;
  // Of the drill before this one: it has been judged.
  const isLeftOver = ({ began }: Lost): boolean => began < all.began;
  const failed = without(
    addUp(fresh.services.map((service) => service.failed)),
    fresh.examples.filter((lost) => isOrphan(lost) || isLeftOver(lost)),
  );
  return {
    drill: drill.name,
    at: new Date().toISOString(),
    settings: {
      interval_ms: lab.pair.interval_ms,
      deadtime_ms: lab.pair.deadtime_ms,
      failback: lab.pair.failback,
      serial: lab.serial !== undefined,
      connections: traffic.settings.connections,
    },
    active: stage.active.name,
    standby: stage.standby.name,
    owner_after: observer.nameOf(ownerMac),
    ...worstOutage(fresh.services, fault_at, every_ms),
    outage_by_service_ms: Object.fromEntries(
      fresh.services.map(({ service, after }) => [service, outage_ms(after, every_ms)]),
    ),
    noise_ms: Math.max(0, ...fresh.services.map(({ before }) => (before ? outage_ms(before, every_ms) : 0))),
    established: connectionsOf(established),
    young: connectionsOf(fresh.lasting, fresh.lasting.examples.filter(isOrphan)),
    orphans_lost: [...fresh.examples, ...fresh.lasting.examples].filter(isOrphan).length,
    lost_examples: [...established.examples, ...fresh.lasting.examples, ...fresh.examples]
      .slice(0, EXAMPLES_KEPT)
      .map((lost) => ({
        ...lost,
        began: lost.began - fault_at,
        at: lost.at - fault_at,
      })),
    fresh: {
      made: fresh.services.reduce((total, { made }) => total + made, 0),
      failed: Object.values(failed).reduce((total, count) => total + count, 0),
      kinds: failed,
      slow: fresh.services.reduce((total, { slow }) => total + slow, 0),
      slow_by_service: Object.fromEntries(fresh.services.map(({ service, slow }) => [service, slow])),
    },
    udp: {
      flows: fresh.udp.flows,
      sent: fresh.udp.sent,
      lost: fresh.udp.lost,
      gap_ms: fresh.udp.flows === 0 ? 0 : outage_ms(fresh.udp.after, traffic.settings.flow_every_ms),
    },
    two_owners_ms: twoOwners_ms(overlaps),
    two_owners_times: overlaps.length,
    owners: spansOf(owners.reigns, observer, fault_at),
    announcements: owners.announcements.filter(({ at }) => at >= fault_at).length,
    client_follows: clientFollows(site, ownerMac),
    phases_ms: phasesOf(all),
    story: [
      ...stage.record.told.map(({ at, what }) => ({ at_ms: at - fault_at, who: 'drill', what })),
      ...events,
    ].sort((one, other) => one.at_ms - other.at_ms),
    client_late_ms: seen.processes.fresh.late_max_ms,
    late_ms: Math.max(
      owners.late_max_ms,
      seen.processes.established.late_max_ms,
      seen.processes.fresh.late_max_ms,
    ),
  };
}

function connectionsOf(result: LastingResult, orphans: readonly Lost[] = []): ConnectionsReport {
  const kinds = without(result.lost, orphans);
  const lost = Object.values(kinds).reduce((total, count) => total + count, 0);
  return { of: result.of, lost, kinds, stall_ms: result.stall_ms };
}

function without(kinds: Readonly<Record<string, number>>, losses: readonly Lost[]): Record<string, number> {
  const left = { ...kinds };
  for (const { kind } of losses) left[kind] = (left[kind] ?? 0) - 1;
  return Object.fromEntries(Object.entries(left).filter(([, count]) => count > 0));
}

/** When the standby first answered for a VIP after the fault; the fault itself where it never did. */
function takenAt({ stage, owners, fault_at }: Seen): number {
  const began = owners.reigns
    .filter(({ mac, from }) => from >= fault_at && stage.observer.nameOf(mac) === stage.standby.name)
    .map(({ from }) => from);
  return began.length > 0 ? Math.min(...began) : fault_at;
}

function addUp(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of parts)
    for (const [key, count] of Object.entries(part)) total[key] = (total[key] ?? 0) + count;
  return total;
}

function spansOf(reigns: readonly Reign[], observer: Site['observer'], fault_at: number) {
  return reigns
    .toSorted((one, other) => (one.vip === other.vip ? one.from - other.from : one.vip < other.vip ? -1 : 1))
    .map(({ vip, mac, from, to, answers }) => ({
      vip,
      owner: observer.nameOf(mac),
      from_ms: from - fault_at,
      to_ms: to - fault_at,
      answers,
    }));
}

/** Where it has no entry it asks, and the owner answers. */
function clientFollows({ lab, vips }: Site, mac: string): boolean {
  const own = vips.filter((vip) => !vip.includes(':'));
  const entries = JSON.parse(ip(lab.namespaces.get('client'), '-j -4 neigh show dev eth0')) as {
    dst: string;
    lladdr?: string;
  }[];
  return entries.every(({ dst, lladdr }) => !own.includes(dst) || lladdr === undefined || lladdr === mac);
}

/** What the wire, the client and the directors' events tell of a takeover, in the order in which it happens. */
function phasesOf({ stage, owners, events, seen, fault_at }: Seen): Record<string, number> {
  const phases: Record<string, number> = {};
  const note = (name: string, at_ms: number | undefined): void => {
    if (at_ms !== undefined && at_ms >= 0) phases[name] = at_ms;
  };
  const { observer, standby, active } = stage;
  const own = owners.reigns.filter(({ mac }) => observer.nameOf(mac) === standby.name);
  if (!own.some(({ to }) => to > fault_at)) return phases;
  const last = owners.reigns.filter(
    ({ mac, from }) => observer.nameOf(mac) === active.name && from < fault_at,
  );
  note('last answer of the former owner', Math.max(...last.map(({ to }) => to)) - fault_at);
  for (const kind of ['peer-silent', 'takeover'])
    note(kind, events.find((event) => event.who === standby.name && event.kind === kind)?.at_ms);
  const announced = owners.announcements.find(
    ({ mac, at }) => at >= fault_at && observer.nameOf(mac) === standby.name,
  );
  note('announced', announced && announced.at - fault_at);
  const began = own.filter(({ from }) => from >= fault_at).map(({ from }) => from);
  const first = began.length > 0 ? Math.min(...began) : undefined;
  note('first VIP answered for', first === undefined ? undefined : first - fault_at);
  const { after } = seen.fresh;
  if (after && first !== undefined && after.from <= first && after.to >= first)
    note('first new connection', after.to - fault_at);
  return phases;
}

/** Of the service that was without new connections for the longest time. */
function worstOutage(
  services: readonly FreshService[],
  fault_at: number,
  every_ms: number,
): Pick<DrillReport, 'outage_ms' | 'outage_at_ms'> {
  const outages = services.map(({ after }) => ({ after, length_ms: outage_ms(after, every_ms) }));
  const [worst] = outages.sort((one, other) => other.length_ms - one.length_ms);
  return {
    outage_ms: worst?.length_ms ?? Infinity,
    ...(worst?.after ? { outage_at_ms: [worst.after.from - fault_at, worst.after.to - fault_at] } : {}),
  };
}
