// What is sampled equals what is reported, and what no configuration can bring is bounded.
import { beforeEach, describe, expect, it } from 'vitest';
import { tcp } from '../../test/support/packet/build.ts';
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import { createMemoryEngine } from '../engine/memory/memory-engine.ts';
import type { MomentReply } from '../history/protocol.ts';
import { address } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { HEALTH_CODES, METRICS, type Metric } from '../model/metric.ts';
import { serverKey } from '../model/orders.ts';
import { Director } from './director.ts';
import { HealthBoard } from './health-board.ts';
import { historyHandlers } from './history-handlers.ts';
import { HistorySampler } from './history-sampler.ts';
import { SUBJECTS_MAX, sampledSubjects } from './history-subjects.ts';
import { OrderBook } from './order-book.ts';
import { reportServices } from './report.ts';

function configure(services: string): Configuration {
  const parsed = parseConfiguration(
    `cluster: web\ndirectors: { lb1: { address: 10.0.0.11 } }\nengine: { kind: memory }\n${services}`,
    'test.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

const WWW = `
services:
  www:
    listen: tcp://10.0.0.100:80
    monitor: { tcp: true }
    servers: { rs1: { address: 10.1.0.21:80, weight: 4 }, rs2: { address: 10.1.0.22:80, weight: 4 } }
    sorry: { address: 10.1.0.99:80 }
  empty: { listen: tcp://10.0.0.100:81 }
`;

class Bench {
  now_ms = 1_700_000_000_000;
  readonly clock: Clock = {
    now: () => this.now_ms,
    monotonic_ms: () => this.now_ms - 1_600_000_000_000,
    after: () => ({ [Symbol.dispose]() {} }),
  };
  readonly engine = createMemoryEngine({
    capacity: 64,
    tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00::11') },
    mtu: 1_500,
  });
  readonly orders = new OrderBook([]);
  readonly board = new HealthBoard(this.clock, []);
  readonly director: Director;
  readonly sampler: HistorySampler;
  readonly samples: { names: readonly string[]; at: number; span_ms: number; values: Float32Array }[] = [];
  names: readonly string[] = [];
  limit_bytes = 0;

  constructor(configuration: Configuration) {
    this.board.configure(configuration, () => false);
    this.director = new Director({
      engine: this.engine,
      clock: this.clock,
      configuration,
      orders: this.orders,
      board: this.board,
      record: () => {},
    });
    this.director.decideAll();
    const history = {
      setLimit: (bytes: number) => {
        this.limit_bytes = bytes;
      },
      setSubjects: (names: readonly string[]) => {
        this.names = names;
      },
      sample: (at: number, span_ms: number, values: Float32Array) =>
        void this.samples.push({ names: this.names, at, span_ms, values }),
    };
    this.sampler = new HistorySampler({
      ...{ director: this.director, board: this.board, orders: this.orders, history, clock: this.clock },
      latencyOf: (service, server) => this.board.detail(serverKey(service, server)).latency_ms,
      isActive: () => true,
      syncLag_ms: () => undefined,
    });
  }

  verdict(server: string, health: 'up' | 'down', latency_ms: number): void {
    const [key] = this.board.keys('www', server);
    this.board.hear({ key: key!, health, reason: 'told', at: this.now_ms, latency_ms });
    this.director.decideAll();
  }

  second(): void {
    this.now_ms += 1_000;
    this.director.observer.invalidate();
    this.sampler.sample(this.director.observer.sample() ?? this.director.observer.snapshot());
  }

  row(name: string): Partial<Record<Metric, number>> {
    const { names, values } = this.samples.at(-1)!;
    const at = names.indexOf(name) * METRICS.length;
    const found = METRICS.map((metric, index) => [metric, values[at + index]] as const);
    return Object.fromEntries(found.filter(([, value]) => !Number.isNaN(value)));
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench(configure(WWW));
});

describe('a sample', () => {
  it('has the director, every service and every server, with what they have', () => {
    bench.second();
    expect(bench.names).toEqual(['director', 'www', 'empty', 'www/rs1', 'www/rs2', 'www/sorry']);
    expect(bench.limit_bytes).toBe(256 * 2 ** 20);
    expect(Object.keys(bench.row('www')).sort()).toEqual([...METRICS.slice(0, 8), 'health'].sort());
    expect(bench.row('empty').health).toBe(HEALTH_CODES.indexOf('none'));
    expect(bench.row('director')).toMatchObject({ active: 0, active_role: 1 });
    expect(bench.row('director').sync_lag_ms).toBeUndefined();
  });

  it('says what the report says', () => {
    bench.verdict('rs1', 'up', 3.5);
    bench.verdict('rs2', 'up', 1.25);
    bench.second();
    for (let client = 1; client <= 20; client++)
      bench.engine.inject(tcp({ from: `192.0.2.${client}:40000`, to: '10.0.0.100:80', flags: 'S' }));
    bench.orders.change('www', 'rs2', { admin: 'draining' }, { author: 'a', now: 1 });
    bench.verdict('rs1', 'down', 9);
    bench.second();
    bench.second();
    for (const service of reportServices(bench)) {
      const { active, inactive, templates, health, rates } = service;
      const code = Math.max(0, (HEALTH_CODES as readonly string[]).indexOf(health));
      expect(bench.row(service.name)).toMatchObject({
        active,
        inactive,
        templates,
        health: code,
        ...rounded(rates),
      });
      for (const server of service.servers) {
        const row = bench.row(`${service.name}/${server.name}`);
        expect(row).toMatchObject({
          active: server.active,
          inactive: server.inactive,
          weight_effective: server.weight_effective,
          health: (HEALTH_CODES as readonly string[]).indexOf(server.health),
          admin: ['enabled', 'draining', 'disabled'].indexOf(server.admin),
          ...rounded(server.rates),
        });
        expect(row.latency_ms).toBe(server.latency_ms);
      }
    }
    expect(bench.row('www').latency_ms).toBe(9);
  });

  it('stands for the time since the last one, unless the clock was set', () => {
    bench.second();
    bench.second();
    expect(bench.samples.at(-1)?.span_ms).toBe(1_000);
    bench.now_ms += 2_000;
    bench.second();
    expect(bench.samples.at(-1)?.span_ms).toBe(3_000);
  });

  it('follows the configuration', () => {
    bench.second();
    const before = bench.names;
    bench.second();
    expect(bench.names).toBe(before);
    const next = configure(`${WWW}history: { size: 0 }\n`.replaceAll('rs2', 'rs9'));
    bench.board.configure(next, () => false);
    bench.director.replace(next);
    bench.second();
    expect(bench.names).toContain('www/rs9');
    expect(bench.names).not.toContain('www/rs2');
    expect(bench.limit_bytes).toBe(0);
  });
});

describe('the subjects', () => {
  it('are no more than the limit; services come before servers', () => {
    const servers = Array.from({ length: 250 }, (_, index) => `s${index}: { address: 10.2.0.${index + 1} }`);
    const services = Array.from(
      { length: 90 },
      (_, index) =>
        `  v${index}: { listen: "tcp://10.0.0.100:${1_000 + index}", servers: { ${servers.join(', ')} } }`,
    );
    const { subjects, left_out } = sampledSubjects(configure(`services:\n${services.join('\n')}`));
    expect(subjects.names.length).toBe(SUBJECTS_MAX);
    expect(left_out).toBe(1 + 90 + 90 * 250 - SUBJECTS_MAX);
    for (let index = 0; index < 90; index++) expect(subjects.index.has(`v${index}`)).toBe(true);
  });

  it('know the director from a service of that name', () => {
    const { subjects, left_out } = sampledSubjects(
      configure(
        'services: { director: { listen: "tcp://10.0.0.100:80", servers: { rs1: { address: 10.1.0.1 } } } }',
      ),
    );
    expect(subjects.names).toEqual(['director', 'director/rs1']);
    expect(left_out).toBe(1);
  });
});

describe('the last two minutes', () => {
  it('are there for services by themselves, for others when asked, null where nothing was sampled', async () => {
    for (let second = 0; second < 3; second++) bench.second();
    bench.now_ms += 5_000;
    const history = { moment: async () => momentOf(), series: async () => undefined } as never;
    const handlers = historyHandlers({ history, sampler: bench.sampler });
    const ask = (subjects?: string) =>
      handlers.recent({ query: { metric: 'packets_in_per_s', subjects } } as never);
    const all = await ask();
    expect(Object.keys(all.series)).toEqual(['www', 'empty']);
    expect(all.series.www?.length).toBe(120);
    expect(all.series.www?.slice(-4)).toEqual([null, 0, 0, 0]);
    const some = await ask('www/rs1,nobody,director');
    expect(Object.keys(some.series)).toEqual(['www/rs1', 'director']);
    bench.second();
    // The sample is late: it stands for the seconds before it too.
    expect((await ask()).series.www?.slice(-10)).toEqual([null, ...new Array(9).fill(0)]);
  });
});

function momentOf(): MomentReply {
  return { level: '1s', at: 0, names: [], values: new Float64Array() };
}

/** As single precision has them. */
function rounded<T extends Record<string, number>>(rates: T): T {
  return Object.fromEntries(Object.entries(rates).map(([name, value]) => [name, Math.fround(value)])) as T;
}
