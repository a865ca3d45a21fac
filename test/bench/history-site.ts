// A director with many services whose numbers are made up, and its history in a folder of its own. Time is by hand, so that an
// hour is measured in a minute.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseConfiguration } from '../../director/config/parse.ts';
import type { Engine, EngineSnapshot } from '../../director/engine/engine.ts';
import { createMemoryEngine } from '../../director/engine/memory/memory-engine.ts';
import { type History, openHistory } from '../../director/history/history.ts';
import { address } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { emptyTotals, type TrafficCounters } from '../../director/model/counters.ts';
import { serverKey } from '../../director/model/orders.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { Director } from '../../director/pulse/director.ts';
import { HealthBoard } from '../../director/pulse/health-board.ts';
import { HistorySampler } from '../../director/pulse/history-sampler.ts';
import { OrderBook } from '../../director/pulse/order-book.ts';

const START = Date.UTC(2026, 0, 5);
/** Connections a second of a busy server; a third of them are busy, a third have little to do, a third nothing. */
const LOADS = [400, 8, 0] as const;

export class HistorySite implements AsyncDisposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-bench-'));
  now_ms = START;
  readonly clock: Clock = {
    now: () => this.now_ms,
    monotonic_ms: () => this.now_ms - START,
    after: systemClock.after,
  };
  readonly history: History;
  readonly sampler: HistorySampler;
  readonly director: Director;
  readonly #engine: Engine;
  /** In place of the engine's own, which has seen no packet. */
  #snapshot: EngineSnapshot | undefined;
  #seed = 1;

  constructor(services: number, servers: number) {
    const configuration = configure(services, servers);
    this.#engine = createMemoryEngine({
      capacity: 64,
      limits: { services: 1_024, servers: 32_768 },
      tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00::11') },
      mtu: 1_500,
    });
    const board = new HealthBoard(this.clock, []);
    const orders = new OrderBook([]);
    board.configure(configuration, () => false);
    for (const key of board.keys())
      board.hear({ key, health: 'up', reason: 'connected', at: START, latency_ms: 1.25 } as Parameters<
        HealthBoard['hear']
      >[0]);
    this.director = new Director({
      engine: this.#withSnapshot(),
      ...{ clock: this.clock, configuration, orders, board },
      record: () => {},
    });
    this.director.decideAll();
    this.history = openHistory({
      file: path.join(this.folder, 'history.sqlite'),
      clock: this.clock,
      limit_bytes: 2 ** 31,
      tell: (kind, reason) => {
        throw new Error(`${kind}: ${reason}`);
      },
    });
    this.sampler = new HistorySampler({
      ...{ director: this.director, board, orders, history: this.history, clock: this.clock },
      latencyOf: (service, server) => board.detail(serverKey(service, server)).latency_ms,
      isActive: () => true,
      syncLag_ms: () => 4,
    });
    this.#snapshot = this.#engine.snapshot();
  }

  #withSnapshot(): Engine {
    return new Proxy(this.#engine, {
      get: (target, name) => {
        if (name === 'snapshot') return () => this.#snapshot ?? target.snapshot();
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  get subjects(): number {
    return this.sampler.sampled.subjects.names.length;
  }

  /** A second passes, with traffic in it; gives the CPU time that the sample took of this thread, in milliseconds. */
  second(): number {
    this.now_ms += 1_000;
    this.#snapshot = this.#traffic(this.#snapshot!);
    this.director.observer.invalidate();
    const snapshot = this.director.observer.sample() ?? this.#snapshot;
    const before = process.threadCpuUsage();
    this.sampler.sample(snapshot);
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  }

  /** 0 to 1, the same in every run. */
  #chance(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return this.#seed / 2 ** 31;
  }

  #traffic({ services }: EngineSnapshot): EngineSnapshot {
    let index = 0;
    return {
      totals: emptyTotals(),
      tables: [],
      services: services.map((service) => {
        const sum = { ...service.traffic };
        const servers = service.servers.map((server) => {
          const load = LOADS[index++ % LOADS.length]!;
          const connections = Math.round(
            load * (0.7 + 0.2 * (this.#chance() + this.#chance() + this.#chance())),
          );
          const traffic = add(server.traffic, connections, this.#chance());
          for (const [name, value] of Object.entries(traffic) as [keyof TrafficCounters, number][])
            sum[name] += value - server.traffic[name];
          return { ...server, traffic, active: connections * 3, inactive: connections * 40 };
        });
        return { ...service, traffic: sum, servers };
      }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.history[Symbol.asyncDispose]();
    this.#engine.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function add(traffic: TrafficCounters, connections: number, chance: number): TrafficCounters {
  const packets = Math.round(connections * (9 + chance));
  return {
    connections: traffic.connections + connections,
    packets_in: traffic.packets_in + packets,
    packets_out: traffic.packets_out + Math.round(packets * 1.4),
    bytes_in: traffic.bytes_in + packets * 120,
    bytes_out: traffic.bytes_out + Math.round(packets * (900 + 200 * chance)),
  };
}

function configure(services: number, servers: number) {
  const members = Array.from(
    { length: servers },
    (_, index) => `rs${index}: { address: 10.1.0.${index + 1} }`,
  );
  const lines = Array.from(
    { length: services },
    (_, index) =>
      `  service-${index}: { listen: "tcp://10.0.0.100:${1_000 + index}", servers: { ${members.join(', ')} } }`,
  );
  const parsed = parseConfiguration(
    `cluster: web\ndirectors: { lb1: { address: 10.0.0.11 } }\nengine: { kind: memory }\nservices:\n${lines.join('\n')}\n`,
    'bench.yaml',
  );
  if ('problems' in parsed) throw new Error(parsed.problems[0]?.message);
  return parsed.configuration;
}
