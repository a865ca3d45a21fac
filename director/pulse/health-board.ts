// What is known about the health of every real server: the nannies' verdicts, what was known before a restart, and the
// ramp of a server that came back. A restart takes nothing out: until its first verdict a server counts as it was
// stored, and as up when the engine still has it. A standby goes by the active's verdicts while they are fresh, so that
// both directors have the same servers in their engines; an active, and a standby that hears nothing, by its own.
import { ramp } from '../../monitor/core/ramp.ts';
import type { Check } from '../../monitor/protocol.ts';
import type { Configuration, ServerConfig, ServiceConfig } from '../config/configuration.ts';
import type { Clock } from '../model/clock.ts';
import { type Health, policyKey, probeTarget, targetKey, type Verdict } from '../model/monitor.ts';
import { serverKey } from '../model/orders.ts';
import type { VerdictRecord } from '../store/record.ts';
import { type PeerVerdict, PeerVerdicts } from './peer-verdicts.ts';
import { ProbeLog } from './probe-log.ts';

export interface HealthChange {
  readonly service: string;
  readonly server: string;
  readonly before: Health;
  readonly after: Health;
  readonly reason: string;
  /** Kind of the probe that decided. */
  readonly probe: string;
}

export interface HealthDetail {
  readonly health: Health;
  readonly reason: string;
  readonly since: number | undefined;
  readonly latency_ms: number | undefined;
}

interface Known {
  readonly health: 'up' | 'down';
  readonly reason: string;
  readonly at: number;
  readonly latency_ms: number | undefined;
}

interface Watched {
  readonly service: ServiceConfig;
  readonly server: ServerConfig;
  readonly keys: readonly string[];
  /** Of its checks in the probe log. */
  places: readonly (number | undefined)[];
  health: Health;
  since: number | undefined;
  beenUp: boolean;
  /** Present in the engine when this process began: up until somebody says otherwise. */
  assumedUp: boolean;
  /** Start of the ramp on the monotonic clock. */
  rampFrom_ms: number | undefined;
}

export class HealthBoard {
  /** Probe by probe, of this director's own monitors. */
  readonly probes = new ProbeLog();
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #known = new Map<string, Known>();
  #watched = new Map<string, Watched>();
  #byKey = new Map<string, Watched[]>();
  #checks: ReadonlyMap<string, Check> = new Map();
  readonly #peer: PeerVerdicts;
  #active = true;
  /** The peer's verdicts are what counts now. */
  #byPeer = false;
  #told: readonly VerdictRecord[] | undefined;

  /** `onChange`: a server has another health. */
  constructor(clock: Clock, stored: readonly VerdictRecord[], onChange: () => void = () => {}) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#peer = new PeerVerdicts(clock);
    for (const { key, health, reason, at } of stored)
      this.#known.set(key, { health, reason, at, latency_ms: undefined });
  }

  /** Takes a configuration; what is known about servers that stay is kept. Returns the checks to assign. */
  configure(
    configuration: Configuration,
    isInEngine: (service: string, server: string) => boolean,
  ): readonly Check[] {
    const watched = new Map<string, Watched>();
    const byKey = new Map<string, Watched[]>();
    const checks = new Map<string, Check>();
    for (const service of configuration.services) {
      const policies = service.monitors.map((monitor) => policyKey(monitor, service.name));
      for (const server of service.servers) {
        const keys = service.monitors.map((monitor, index) =>
          targetKey(probeTarget(server, monitor), policies[index]!),
        );
        const item = this.#watch(service, server, keys, isInEngine);
        watched.set(serverKey(service.name, server.name), item);
        for (const [index, monitor] of service.monitors.entries()) {
          const key = item.keys[index]!;
          const sharers = byKey.get(key);
          if (sharers === undefined) byKey.set(key, [item]);
          else sharers.push(item);
          const { port: _, ...policy } = monitor;
          const known = this.#known.get(key)?.health ?? (item.assumedUp ? 'up' : undefined);
          checks.set(key, {
            key,
            target: probeTarget(server, monitor),
            service: service.name,
            monitor: policy,
            ...(known === undefined ? {} : { health: known }),
          });
        }
      }
    }
    this.#watched = watched;
    this.#byKey = byKey;
    this.#checks = checks;
    this.probes.configure(checks.keys());
    for (const item of watched.values()) item.places = item.keys.map((key) => this.probes.placeOf(key));
    for (const key of this.#known.keys()) if (!byKey.has(key)) this.#known.delete(key);
    this.#told = undefined;
    return [...checks.values()];
  }

  #watch(
    service: ServiceConfig,
    server: ServerConfig,
    keys: readonly string[],
    isInEngine: (service: string, server: string) => boolean,
  ): Watched {
    const before = this.#watched.get(serverKey(service.name, server.name));
    const same =
      before !== undefined && before.server.address === server.address && before.server.port === server.port;
    const item: Watched = {
      service,
      server,
      keys,
      places: [],
      health: 'unknown',
      since: same ? before.since : undefined,
      beenUp: same && before.beenUp,
      assumedUp: same ? before.health === 'up' : isInEngine(service.name, server.name),
      rampFrom_ms: same ? before.rampFrom_ms : undefined,
    };
    item.health = this.#combine(item);
    if (item.health === 'up') item.beenUp = true;
    return item;
  }

  /** All monitors must pass; what nobody knows yet is as it was. */
  #combine(item: Watched, verdictOf = (key: string) => this.#view(key)): Health {
    const healths = item.keys.map((key) => verdictOf(key)?.health);
    if (healths.includes('down')) return 'down';
    if (!healths.includes(undefined)) return 'up';
    return item.assumedUp ? 'up' : 'unknown';
  }

  /** The verdict that counts. One that the active has not concluded yet is our own. */
  #view(key: string): Known | undefined {
    const own = this.#known.get(key);
    const peers = this.#byPeer ? this.#peer.get(key) : undefined;
    return peers === undefined
      ? own
      : { ...peers, reason: `by the active: ${peers.reason}`, latency_ms: own?.latency_ms };
  }

  hear(verdict: Verdict): HealthChange[] {
    const { key, health, reason, at, latency_ms } = verdict;
    const affected = this.#byKey.get(key);
    if (affected === undefined || health === 'unknown') return [];
    // A new nanny that was told what is known begins by saying so, without having probed.
    const before = this.#known.get(key);
    if (before?.health === health && latency_ms === undefined) return [];
    this.#known.set(key, { health, reason, at, latency_ms });
    this.#told = undefined;
    return affected.flatMap((item) => this.#look(item, key) ?? []);
  }

  /** What the active has concluded. */
  hearPeer(verdicts: readonly PeerVerdict[]): HealthChange[] {
    this.#peer.hear(verdicts);
    return this.#chooseView();
  }

  /** The peer does not answer any more. */
  losePeer(): HealthChange[] {
    this.#peer.lose();
    return this.#chooseView();
  }

  /** Whether this director is the active, who goes by its own verdicts. */
  setActive(active: boolean): HealthChange[] {
    this.#active = active;
    if (active) this.#peer.forget();
    return this.#chooseView();
  }

  /** Every now and then: verdicts of an active that is silent grow stale. */
  age(): HealthChange[] {
    return this.#byPeer && !this.#peer.fresh() ? this.#chooseView() : [];
  }

  #chooseView(): HealthChange[] {
    const before = this.#byPeer;
    this.#byPeer = !this.#active && this.#peer.fresh();
    if (!before && !this.#byPeer) return [];
    // A server is not back because somebody else is asked about it.
    const ramps = before && this.#byPeer;
    return [...this.#watched.values()].flatMap((item) => {
      const deciding = item.keys.find((key) => this.#view(key)?.health === 'down') ?? item.keys[0];
      return deciding === undefined ? [] : (this.#look(item, deciding, ramps) ?? []);
    });
  }

  /** Takes over what follows for one server from what is known by now. */
  #look(item: Watched, key: string, ramps = true): HealthChange | undefined {
    const before = item.health;
    const after = this.#combine(item);
    const verdict = this.#view(key);
    if (verdict === undefined || (after === before && item.since !== undefined)) return undefined;
    item.health = after;
    item.since = verdict.at;
    if (after === 'up') item.beenUp = true;
    if (after === before) return undefined;
    this.#onChange();
    // Slow start is for servers that come back, not for a director that begins.
    item.rampFrom_ms =
      ramps && before === 'down' && after === 'up' && item.service.slowStart_ms > 0
        ? this.#clock.monotonic_ms()
        : undefined;
    return {
      service: item.service.name,
      server: item.server.name,
      before,
      after,
      reason: verdict.reason,
      probe: item.service.monitors[item.keys.indexOf(key)]?.probe.kind ?? 'probe',
    };
  }

  /** By this director's own probes, whatever the peer says. */
  ownHealth(service: string, server: string): Health {
    const item = this.#watched.get(serverKey(service, server));
    return item === undefined ? 'unknown' : this.#combine(item, (key) => this.#known.get(key));
  }

  /** Our own conclusions; the same list until one of them changes. */
  verdicts(): readonly VerdictRecord[] {
    this.#told ??= [...this.#known].map(([key, { health, reason, at }]) => ({ key, health, reason, at }));
    return this.#told;
  }

  /** Checks of which nothing is known yet. */
  undecided(): number {
    let count = 0;
    for (const key of this.#byKey.keys()) if (!this.#known.has(key)) count++;
    return count;
  }

  health(service: string, server: string): Health {
    return this.#watched.get(serverKey(service, server))?.health ?? 'unknown';
  }

  hasBeenUp(service: string, server: string): boolean {
    return this.#watched.get(serverKey(service, server))?.beenUp ?? false;
  }

  /** 0 to 1. */
  ramp(service: string, server: string): number {
    const item = this.#watched.get(serverKey(service, server));
    if (item?.rampFrom_ms === undefined) return 1;
    return ramp(this.#clock.monotonic_ms() - item.rampFrom_ms, item.service.slowStart_ms);
  }

  /** Services with a server on its ramp; a ramp that has ended is named once more. */
  ramping(): Set<string> {
    const services = new Set<string>();
    for (const item of this.#watched.values()) {
      if (item.rampFrom_ms === undefined) continue;
      services.add(item.service.name);
      if (this.#clock.monotonic_ms() - item.rampFrom_ms >= item.service.slowStart_ms)
        item.rampFrom_ms = undefined;
    }
    return services;
  }

  /** By serverKey(). */
  detail(key: string): HealthDetail {
    const item = this.#watched.get(key);
    if (item === undefined) return { health: 'unknown', reason: '', since: undefined, latency_ms: undefined };
    if (item.keys.length === 0)
      return { health: 'up', reason: 'not monitored', since: undefined, latency_ms: undefined };
    const decisive = this.#decisive(item);
    return {
      health: item.health,
      reason:
        decisive?.reason ??
        (item.health === 'up' ? 'in the engine at start, no verdict yet' : 'no verdict yet'),
      since: item.since ?? decisive?.at,
      latency_ms: this.probes.worst_ms(item.places) ?? decisive?.latency_ms,
    };
  }

  /** The first that is down, else the last of all. */
  #decisive(item: Watched): Known | undefined {
    let decisive: Known | undefined;
    for (const key of item.keys) {
      const known = this.#view(key);
      if (known?.health === 'down') return known;
      decisive = known ?? decisive;
    }
    return decisive;
  }

  /** The worst of its checks' latest probes, of those that passed. */
  latencyOf(service: string, server: string): number | undefined {
    return this.probes.worst_ms(this.#watched.get(serverKey(service, server))?.places ?? []);
  }

  /** By their keys. */
  get checks(): ReadonlyMap<string, Check> {
    return this.#checks;
  }

  /** Who goes by a check, as serverKey(). */
  sharers(key: string): string[] {
    const servers = this.#byKey.get(key)?.map(({ service, server }) => serverKey(service.name, server.name));
    return [...new Set(servers)];
  }

  /** By this director's own probes, whatever the peer says. */
  ownVerdict(key: string): Known | undefined {
    return this.#known.get(key);
  }

  /** Keys of the checks of one server, one service, or all. */
  keys(service?: string, server?: string): string[] {
    const keys = new Set<string>();
    for (const item of this.#watched.values())
      if (
        (service === undefined || item.service.name === service) &&
        (server === undefined || item.server.name === server)
      )
        for (const key of item.keys) keys.add(key);
    return [...keys];
  }
}
