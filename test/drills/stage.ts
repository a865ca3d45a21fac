// A drill's stage: the lab with its observer and its load, and the conditions that a drill waits for. Conditions are what
// is on the wire, or what the pair says of itself; each has a limit.
import { FairleadError } from '../../director/model/error.ts';
import type { LabDirector } from '../lab/director.ts';
import type { Lab } from '../lab/lab.ts';
import { monotonic_ms } from '../lab/monotonic.ts';
import { type LabObserver, startObserver } from '../lab/observer/observer.ts';
import { activeOf, unrest, viewPair } from '../lab/pair.ts';
import { waitFor } from '../lab/wait.ts';
import type { Pace, Stage } from './drill.ts';
import { type DrillTraffic, type DrillTrafficOptions, startTraffic } from './traffic/traffic.ts';

const OWNER_MS = 15_000;
const SETTLED_MS = 30_000;
/** Answers that young are of now; several questions fall into it. */
const NOW_MS = 60;

/** What several drills share, as it takes a while to set up. */
export interface Site extends Disposable {
  readonly lab: Lab;
  readonly observer: LabObserver;
  readonly traffic: DrillTraffic;
  readonly vips: readonly string[];
}

export async function openSite(
  lab: Lab,
  connections: number,
  wish: Omit<DrillTrafficOptions, 'connections'> = {},
): Promise<Site> {
  const vips = [...new Set(lab.services.map(({ vip }) => vip))];
  const hosts = [...lab.directors.map(({ name }) => name), 'stranger'];
  const observer = await startObserver(lab.namespaces, hosts, vips);
  const traffic = startTraffic(lab, { ...wish, connections });
  return {
    lab,
    observer,
    traffic,
    vips,
    [Symbol.dispose]() {
      traffic[Symbol.dispose]();
      observer[Symbol.dispose]();
    },
  };
}

export interface StageRecord {
  fault_at: number | undefined;
  /** The same moment by the wall clock, as events have it. */
  fault_wall: number;
  readonly told: { readonly at: number; readonly what: string }[];
}

export interface StageOptions {
  readonly pace: Pace;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** With the roles as they are now. */
export async function openStage(site: Site, options: StageOptions): Promise<Stage & { record: StageRecord }> {
  const { lab, observer, vips } = site;
  const active = activeOf(await viewPair(lab.directors));
  const standby = lab.directors.find((one) => one !== active);
  if (!active || !standby) throw new Error('a drill needs an active director and a standby');
  const record: StageRecord = { fault_at: undefined, fault_wall: 0, told: [] };
  const tell = (what: string): void => {
    record.told.push({ at: monotonic_ms(), what });
    options.progress(what);
  };
  return {
    record,
    lab,
    observer,
    pace: options.pace,
    interval_ms: lab.pair.interval_ms,
    deadtime_ms: lab.pair.deadtime_ms,
    active,
    standby,
    fault(what) {
      tell(what);
      record.fault_at = monotonic_ms();
      record.fault_wall = Date.now();
    },
    tell,
    rest: (duration_ms) => rest(duration_ms, options.signal),
    ownedBy: (director) =>
      waitFor(`${director.name} to answer for every VIP`, OWNER_MS, () => owns(observer, director, vips)),
    settled: () => settle(lab, options.signal),
    switchover: () => switchover(lab, tell, options.signal),
  };
}

export async function rest(duration_ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, duration_ms));
  signal?.throwIfAborted();
}

async function owns(observer: LabObserver, director: LabDirector, vips: readonly string[]): Promise<boolean> {
  const { reigns } = await observer.report(monotonic_ms() - NOW_MS);
  const owners = (vip: string) =>
    new Set(reigns.filter((reign) => reign.vip === vip).map(({ mac }) => observer.nameOf(mac)));
  return vips.every((vip) => owners(vip).size === 1 && owners(vip).has(director.name));
}

export async function settle(lab: Lab, signal?: AbortSignal): Promise<void> {
  let why: string | undefined;
  await waitFor(
    () => `the pair to come to rest (${why})`,
    SETTLED_MS,
    async () => {
      signal?.throwIfAborted();
      why = await obstacle(lab);
      return why === undefined;
    },
  );
}

/** Why no drill could begin now. */
export async function obstacle(lab: Lab): Promise<string | undefined> {
  return unrest(await viewPair(lab.directors)) ?? (await unready(lab));
}

/** Why a switchover would be refused now. */
async function unready(lab: Lab): Promise<string | undefined> {
  const active = activeOf(await viewPair(lab.directors));
  if (!active) return 'nobody is active';
  try {
    const { checks } = await active.control.call('switchover', { body: { dry_run: true } });
    const failed = checks.find(({ ok }) => !ok);
    return failed && `${failed.name}: ${failed.detail}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a director tells of its sync may be a second old: one that refuses after all is asked again, once it is at rest. */
async function switchover(
  lab: Lab,
  tell: (what: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  await waitFor('a switchover that is not refused', SETTLED_MS, async () => {
    const active = activeOf(await viewPair(lab.directors));
    if (!active) throw new Error('nobody is active');
    try {
      const reply = await active.control.call('switchover', { body: {} });
      if (!reply.done) throw new Error(`the switchover was not carried out: ${reply.reason}`);
      return true;
    } catch (error) {
      if (!(error instanceof FairleadError) || error.code !== 'switchover-refused') throw error;
      tell(error.message);
      await settle(lab, signal);
      return false;
    }
  });
}
