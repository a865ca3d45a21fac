// Once a second one row of numbers for the director, every service and every real server, from what the observer has just
// read, handed on to history. Counts on being quick: no report is made, nothing is looked up that is known already.
import type { EngineSnapshot, ServiceSnapshot } from '../engine/engine.ts';
import { RECENT_STEP_MS, Recent } from '../history/core/recent.ts';
import type { History } from '../history/history.ts';
import type { Clock } from '../model/clock.ts';
import { ADMIN_CODES, HEALTH_CODES, METRICS, type Metric } from '../model/metric.ts';
import type { Director } from './director.ts';
import type { HealthBoard } from './health-board.ts';
import {
  type SampledServer,
  type SampledService,
  type SampledSubjects,
  sampledSubjects,
} from './history-subjects.ts';
import type { OrderBook } from './order-book.ts';

export interface SamplerOptions {
  readonly director: Pick<Director, 'configuration' | 'desired' | 'health' | 'observer'>;
  readonly board: Pick<HealthBoard, 'health'>;
  readonly orders: Pick<OrderBook, 'all'>;
  readonly history: Pick<History, 'sample' | 'setLimit' | 'setSubjects'>;
  readonly clock: Clock;
  /** Of the last probe, in milliseconds. */
  readonly latencyOf: (service: string, server: string) => number | undefined;
  /** Whether this director holds the VIPs. */
  readonly isActive: () => boolean;
  /** Undefined without a peer. */
  readonly syncLag_ms: () => number | undefined;
}

const WIDTH = METRICS.length;
const column = (metric: Metric): number => METRICS.indexOf(metric);
const ACTIVE = column('active');
const INACTIVE = column('inactive');
const TEMPLATES = column('templates');
const RATES = column('connections_per_s');
const HEALTH = column('health');
const ADMIN = column('admin');
const WEIGHT = column('weight_effective');
const LATENCY = column('latency_ms');
const ROLE = column('active_role');
const LAG = column('sync_lag_ms');
const DROPPED = column('dropped_per_s');
const COUNTS = [ACTIVE, INACTIVE, TEMPLATES] as const;
const RATE_COLUMNS = 5;

const UP = HEALTH_CODES.indexOf('up');
/** A service without servers is neither well nor ill. */
const healthCode = (health: string): number =>
  Math.max(0, (HEALTH_CODES as readonly string[]).indexOf(health));
const ENABLED = ADMIN_CODES.indexOf('enabled');

/** A sample stands for the time since the last one, if the clock and time itself agree about it to so much. */
const STEP_MS = 500;

export class HistorySampler {
  readonly recent = new Recent();
  readonly #options: SamplerOptions;
  #sampled: SampledSubjects | undefined;
  #configuration: SamplerOptions['director']['configuration'] | undefined;
  #last: { readonly at: number; readonly monotonic_ms: number; readonly dropped: number } | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  get sampled(): SampledSubjects {
    return this.#subjects();
  }

  sample(snapshot: EngineSnapshot): void {
    const { clock, history } = this.#options;
    const { subjects, services, byName, rows } = this.#subjects();
    const now = { at: clock.now(), monotonic_ms: clock.monotonic_ms(), dropped: droppedIn(snapshot) };
    const span_ms = this.#span(now);
    const values = new Float32Array(subjects.names.length * WIDTH).fill(Number.NaN);
    for (const service of services) this.#begin(values, service);
    for (const service of snapshot.services) {
      const known = byName.get(service.spec.name);
      if (known !== undefined) count(values, known, service);
    }
    for (const order of this.#options.orders.all()) {
      const row = rows.get(`${order.service}/${order.server}`);
      if (row !== undefined) values[row * WIDTH + ADMIN] = ADMIN_CODES.indexOf(order.admin);
    }
    for (const service of services) this.#finish(values, service);
    this.#sampleDirector(values, snapshot, now.dropped, now.monotonic_ms);
    this.recent.put(now.monotonic_ms, span_ms, subjects, values);
    history.sample(now.at, span_ms, values);
    this.#last = now;
  }

  #subjects(): SampledSubjects {
    const { director, history } = this.#options;
    const { configuration } = director;
    if (this.#sampled === undefined || configuration !== this.#configuration) {
      this.#configuration = configuration;
      this.#sampled = sampledSubjects(configuration);
      history.setLimit(configuration.history.size_bytes);
      history.setSubjects(this.#sampled.subjects.names);
    }
    return this.#sampled;
  }

  #span(now: { readonly at: number; readonly monotonic_ms: number }): number {
    if (this.#last === undefined) return RECENT_STEP_MS;
    const elapsed_ms = now.monotonic_ms - this.#last.monotonic_ms;
    const isSteady = Math.abs(now.at - this.#last.at - elapsed_ms) < STEP_MS;
    return isSteady ? elapsed_ms : RECENT_STEP_MS;
  }

  #begin(values: Float32Array, { name, row, servers }: SampledService): void {
    const { director } = this.#options;
    if (row >= 0) {
      const at = row * WIDTH;
      for (const each of COUNTS) values[at + each] = 0;
      values[at + HEALTH] = healthCode(director.health(name));
      this.#rates(values, at, name);
    }
    for (const server of servers) this.#beginServer(values, name, server);
  }

  #beginServer(values: Float32Array, service: string, { name, key, row, isSorry }: SampledServer): void {
    const at = row * WIDTH;
    for (const each of COUNTS) values[at + each] = 0;
    values[at + HEALTH] = isSorry ? UP : healthCode(this.#options.board.health(service, name));
    values[at + ADMIN] = ENABLED;
    values[at + WEIGHT] = 0;
    this.#rates(values, at, key);
    if (isSorry) return;
    const latency_ms = this.#options.latencyOf(service, name);
    if (latency_ms !== undefined) values[at + LATENCY] = latency_ms;
  }

  #rates(values: Float32Array, at: number, key: string): void {
    const rates = this.#options.director.observer.rates(key);
    values[at + RATES] = rates.connections_per_s;
    values[at + RATES + 1] = rates.packets_in_per_s;
    values[at + RATES + 2] = rates.packets_out_per_s;
    values[at + RATES + 3] = rates.bytes_in_per_s;
    values[at + RATES + 4] = rates.bytes_out_per_s;
  }

  /** Weights as people see them; of a service the latency of its slowest server. */
  #finish(values: Float32Array, service: SampledService): void {
    for (const { spec, shownWeight } of this.#options.director.desired(service.name)?.servers ?? []) {
      const row = service.byName.get(spec.name)?.row;
      // What the engine has is there already; as long as that is 0 so is the share.
      if (row !== undefined && values[row * WIDTH + WEIGHT]! > 0) values[row * WIDTH + WEIGHT] = shownWeight;
    }
    if (service.row < 0) return;
    let slowest = Number.NaN;
    for (const { row } of service.servers) {
      const latency_ms = values[row * WIDTH + LATENCY]!;
      if (!Number.isNaN(latency_ms) && !(slowest >= latency_ms)) slowest = latency_ms;
    }
    values[service.row * WIDTH + LATENCY] = slowest;
  }

  #sampleDirector(
    values: Float32Array,
    snapshot: EngineSnapshot,
    dropped: number,
    monotonic_ms: number,
  ): void {
    const { isActive, syncLag_ms } = this.#options;
    for (const each of COUNTS) values[each] = 0;
    for (const { servers } of snapshot.services)
      for (const { active, inactive, templates } of servers) {
        values[ACTIVE]! += active;
        values[INACTIVE]! += inactive;
        values[TEMPLATES]! += templates;
      }
    for (let each = RATES; each < RATES + RATE_COLUMNS; each++) values[each] = 0;
    for (const { name } of this.#subjects().services) {
      const rates = this.#options.director.observer.rates(name);
      values[RATES]! += rates.connections_per_s;
      values[RATES + 1]! += rates.packets_in_per_s;
      values[RATES + 2]! += rates.packets_out_per_s;
      values[RATES + 3]! += rates.bytes_in_per_s;
      values[RATES + 4]! += rates.bytes_out_per_s;
    }
    values[ROLE] = isActive() ? 1 : 0;
    values[LAG] = syncLag_ms() ?? Number.NaN;
    if (this.#last === undefined) return;
    const elapsed_s = Math.max(0.001, (monotonic_ms - this.#last.monotonic_ms) / 1_000);
    values[DROPPED] = Math.max(0, dropped - this.#last.dropped) / elapsed_s;
  }
}

/** Connections of what is leaving count as its service's. */
function count(values: Float32Array, known: SampledService, service: ServiceSnapshot): void {
  for (const { spec, presence, active, inactive, templates } of service.servers) {
    const row = known.byName.get(spec.name)?.row ?? -1;
    for (const at of [row * WIDTH, known.row * WIDTH]) {
      if (at < 0) continue;
      values[at + ACTIVE]! += active;
      values[at + INACTIVE]! += inactive;
      values[at + TEMPLATES]! += templates;
    }
    if (row >= 0 && presence === 'present') values[row * WIDTH + WEIGHT] = spec.weight;
  }
}

function droppedIn({ totals }: EngineSnapshot): number {
  let dropped = 0;
  for (const count of Object.values(totals.dropped)) dropped += count;
  return dropped;
}
