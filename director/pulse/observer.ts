// What the engine shows, read no more often than needed, and the rates that follow from two readings a second apart.
// Reading a large engine costs time, so that the interval stretches until it takes at most a twentieth of it.
import type { Engine, EngineSnapshot } from '../engine/engine.ts';
import type { Clock } from '../model/clock.ts';
import type { TrafficCounters } from '../model/counters.ts';
import { serverKey } from '../model/orders.ts';

export interface TrafficRates {
  readonly connections_per_s: number;
  readonly packets_in_per_s: number;
  readonly packets_out_per_s: number;
  readonly bytes_in_per_s: number;
  readonly bytes_out_per_s: number;
}

export const NO_RATES: TrafficRates = {
  connections_per_s: 0,
  packets_in_per_s: 0,
  packets_out_per_s: 0,
  bytes_in_per_s: 0,
  bytes_out_per_s: 0,
};

const FRESH_MS = 100;
const INTERVAL_MS = 1_000;
const COST_FACTOR = 20;

export class Observer {
  readonly #engine: Engine;
  readonly #clock: Clock;
  #snapshot: EngineSnapshot | undefined;
  #snapshotAt_ms = Number.NEGATIVE_INFINITY;
  #sampledAt_ms = Number.NEGATIVE_INFINITY;
  #cost_ms = 0;
  #counters = new Map<string, TrafficCounters>();
  #rates = new Map<string, TrafficRates>();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** After the engine's tables were changed. */
  invalidate(): void {
    this.#snapshot = undefined;
  }

  /** At most a tenth of a second old. */
  snapshot(): EngineSnapshot {
    const now = this.#clock.monotonic_ms();
    if (this.#snapshot !== undefined && now - this.#snapshotAt_ms < FRESH_MS) return this.#snapshot;
    const snapshot = this.#engine.snapshot();
    this.#cost_ms = this.#clock.monotonic_ms() - now;
    this.#snapshot = snapshot;
    this.#snapshotAt_ms = now;
    return snapshot;
  }

  /** Takes a sample when one is due. */
  sample(): EngineSnapshot | undefined {
    const now = this.#clock.monotonic_ms();
    const elapsed_ms = now - this.#sampledAt_ms;
    if (elapsed_ms < Math.max(INTERVAL_MS - FRESH_MS / 2, this.#cost_ms * COST_FACTOR)) return undefined;
    const snapshot = this.snapshot();
    const counters = new Map<string, TrafficCounters>();
    for (const service of snapshot.services) {
      if (service.presence !== 'present') continue;
      counters.set(service.spec.name, service.traffic);
      for (const server of service.servers)
        if (server.presence === 'present')
          counters.set(serverKey(service.spec.name, server.spec.name), server.traffic);
    }
    const rates = new Map<string, TrafficRates>();
    if (Number.isFinite(elapsed_ms))
      for (const [key, traffic] of counters) {
        const before = this.#counters.get(key);
        if (before !== undefined) rates.set(key, ratesBetween(before, traffic, elapsed_ms));
      }
    this.#counters = counters;
    this.#rates = rates;
    this.#sampledAt_ms = now;
    return snapshot;
  }

  /** Of a service by its name, of a server by its serverKey(). */
  rates(key: string): TrafficRates {
    return this.#rates.get(key) ?? NO_RATES;
  }
}

/** Counters that went back (the engine was emptied) give 0 rather than nonsense. */
function ratesBetween(before: TrafficCounters, after: TrafficCounters, elapsed_ms: number): TrafficRates {
  const rate = (name: keyof TrafficCounters): number =>
    Math.round((Math.max(0, after[name] - before[name]) / elapsed_ms) * 1_000 * 10) / 10;
  return {
    connections_per_s: rate('connections'),
    packets_in_per_s: rate('packets_in'),
    packets_out_per_s: rate('packets_out'),
    bytes_in_per_s: rate('bytes_in'),
    bytes_out_per_s: rate('bytes_out'),
  };
}
