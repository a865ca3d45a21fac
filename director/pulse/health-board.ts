// What is known about the health of every real server: the nannies' verdicts, what was known before a restart, and the
// ramp of a server that came back. A restart takes nothing out: until its first verdict a server counts as it was
// stored, and as up when the engine still has it.
import { ramp } from '../../monitor/core/ramp.ts';
import type { Check } from '../../monitor/protocol.ts';
import type { Configuration, ServerConfig, ServiceConfig } from '../config/configuration.ts';
import type { Clock } from '../model/clock.ts';
import { type Health, policyKey, probeTarget, targetKey, type Verdict } from '../model/monitor.ts';
import { serverKey } from '../model/orders.ts';
import type { VerdictRecord } from '../store/record.ts';

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
  health: Health;
  since: number | undefined;
  beenUp: boolean;
  /** Present in the engine when this process began: up until somebody says otherwise. */
  assumedUp: boolean;
  /** Start of the ramp on the monotonic clock. */
  rampFrom_ms: number | undefined;
}

export class HealthBoard {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  #watched = new Map<string, Watched>();
  #byKey = new Map<string, Watched[]>();

  constructor(clock: Clock, stored: readonly VerdictRecord[]) {
    this.#clock = clock;
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
    for (const key of this.#known.keys()) if (!byKey.has(key)) this.#known.delete(key);
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
  #combine(item: Watched): Health {
    const healths = item.keys.map((key) => this.#known.get(key)?.health);
    if (healths.includes('down')) return 'down';
    if (!healths.includes(undefined)) return 'up';
    return item.assumedUp ? 'up' : 'unknown';
  }

  hear(verdict: Verdict): HealthChange[] {
    const { key, health, reason, at, latency_ms } = verdict;
    const affected = this.#byKey.get(key);
    if (affected === undefined || health === 'unknown') return [];
    // A new nanny that was told what is known begins by saying so, without having probed.
    const before = this.#known.get(key);
    if (before?.health === health && latency_ms === undefined) return [];
    this.#known.set(key, { health, reason, at, latency_ms });
    const changes: HealthChange[] = [];
    for (const item of affected) {
      const before = item.health;
      const after = this.#combine(item);
      if (after === before && item.since !== undefined) continue;
      item.health = after;
      item.since = at;
      if (after === 'up') item.beenUp = true;
      if (after === before) continue;
      // Slow start is for servers that come back, not for a director that begins.
      item.rampFrom_ms =
        before === 'down' && after === 'up' && item.service.slowStart_ms > 0
          ? this.#clock.monotonic_ms()
          : undefined;
      changes.push({
        service: item.service.name,
        server: item.server.name,
        before,
        after,
        reason,
        probe: item.service.monitors[item.keys.indexOf(key)]?.probe.kind ?? 'probe',
      });
    }
    return changes;
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

  detail(service: string, server: string): HealthDetail {
    const item = this.#watched.get(serverKey(service, server));
    if (item === undefined) return { health: 'unknown', reason: '', since: undefined, latency_ms: undefined };
    if (item.keys.length === 0)
      return { health: 'up', reason: 'not monitored', since: undefined, latency_ms: undefined };
    const known = item.keys.flatMap((key) => this.#known.get(key) ?? []);
    const decisive = known.find((each) => each.health === 'down') ?? known.at(-1);
    return {
      health: item.health,
      reason:
        decisive?.reason ??
        (item.health === 'up' ? 'in the engine at start, no verdict yet' : 'no verdict yet'),
      since: item.since ?? decisive?.at,
      latency_ms: decisive?.latency_ms,
    };
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
