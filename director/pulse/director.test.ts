// The decision loop with the reference engine: real packets, a clock that the test turns.
import { beforeEach, describe, expect, it } from 'vitest';
import { tcp } from '../../test/support/packet/build.ts';
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import type { Engine, PacketPort } from '../engine/engine.ts';
import { createMemoryEngine } from '../engine/memory/memory-engine.ts';
import { address } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { checkKey, probeTarget } from '../model/monitor.ts';
import type { Step } from '../model/step.ts';
import type { OrderRecord, VerdictRecord } from '../store/record.ts';
import { Director } from './director.ts';
import { endedDrains } from './drains.ts';
import { HealthBoard } from './health-board.ts';
import { OrderBook } from './order-book.ts';
import { reportServices } from './report.ts';

function configure(options: { service?: string; monitor?: string; servers?: string } = {}): Configuration {
  const parsed = parseConfiguration(
    `
cluster: web
directors: { lb1: { address: 10.0.0.11 } }
engine: { kind: memory }
services:
  www:
    listen: tcp://10.0.0.100:80
    scheduler: wlc
    method: nat
    ${options.monitor ?? 'monitor: { tcp: true }'}
    ${options.service ?? ''}
    servers: ${options.servers ?? '{ rs1: { address: 10.1.0.21:80, weight: 4 }, rs2: { address: 10.1.0.22:80, weight: 4 } }'}
`,
    'test.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

class Bench {
  now_ms = 1_000_000;
  readonly clock: Clock = {
    now: () => this.now_ms,
    monotonic_ms: () => this.now_ms,
    after: () => ({ [Symbol.dispose]() {} }),
  };
  readonly engine: Engine & PacketPort;
  readonly orders: OrderBook;
  readonly board: HealthBoard;
  readonly director: Director;
  readonly events: string[] = [];
  refuse: ((steps: readonly Step[]) => boolean) | undefined;

  constructor(
    configuration: Configuration,
    stored: { orders?: OrderRecord[]; verdicts?: VerdictRecord[] } = {},
    engine?: Engine & PacketPort,
  ) {
    this.engine = engine ?? newEngine();
    this.engine.setClock(this.now_ms);
    this.orders = new OrderBook(stored.orders ?? []);
    this.board = new HealthBoard(this.clock, stored.verdicts ?? []);
    const present = new Set(
      this.engine
        .snapshot()
        .services.flatMap((service) =>
          service.servers
            .filter((server) => server.presence === 'present')
            .map((server) => `${service.spec.name}/${server.spec.name}`),
        ),
    );
    this.board.configure(configuration, (service, server) => present.has(`${service}/${server}`));
    this.director = new Director({
      engine: faulty(this.engine, (steps) => this.refuse?.(steps) ?? false),
      clock: this.clock,
      configuration: configuration,
      orders: this.orders,
      board: this.board,
      record: (kind, subject, reason) => this.events.push(`${kind} ${subject}: ${reason}`),
    });
    this.director.decideAll();
  }

  hear(server: string, health: 'up' | 'down'): void {
    const service = this.director.configuration.services[0]!;
    const config = service.servers.find((each) => each.name === server)!;
    const monitor = service.monitors[0]!;
    const changes = this.board.hear({
      key: checkKey(probeTarget(config, monitor), monitor, service.name),
      health,
      reason: health === 'up' ? 'connected' : 'connection refused',
      latency_ms: 1,
      at: this.now_ms,
    });
    this.director.decide(new Set(changes.map((change) => change.service)));
  }

  pass(elapsed_ms: number): void {
    this.now_ms += elapsed_ms;
    this.engine.setClock(this.now_ms);
    this.engine.sweep();
    this.director.tick();
  }

  /** What the engine has: `rs1=4 rs2=0`. */
  weights(): string {
    const service = this.engine.snapshot().services.find((each) => each.presence === 'present');
    return (service?.servers ?? [])
      .filter((server) => server.presence === 'present')
      .map((server) => `${server.spec.name}=${server.spec.weight}`)
      .sort()
      .join(' ');
  }

  order(server: string, change: Parameters<OrderBook['change']>[2]): void {
    this.orders.change('www', server, change, { author: 'ops', now: this.now_ms });
    this.director.decide(new Set(['www']));
  }

  connect(port: number): string {
    const verdict = this.engine.inject(tcp({ from: `192.0.2.1:${port}`, to: '10.0.0.100:80', flags: 'S' }));
    return verdict.outcome;
  }
}

function newEngine(): Engine & PacketPort {
  const tunnelSource = { 4: address('10.1.0.11'), 6: address('fd00::11') };
  return createMemoryEngine({ capacity: 64, tunnelSource, mtu: 1_500 });
}

/** The engine with the fault that a full kernel table is. */
function faulty(engine: Engine, refuses: (steps: readonly Step[]) => boolean): Engine {
  return new Proxy(engine, {
    get(target, name) {
      if (name === 'apply')
        return (steps: readonly Step[]) =>
          refuses(steps)
            ? [{ service: 'www', ok: false, code: 'server-table-full', detail: 'no room' }]
            : target.apply(steps);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench(configure());
});

describe('health', () => {
  it('brings a server in with its first verdict and takes it out with a bad one', () => {
    expect(bench.weights()).toBe('');
    expect(bench.director.health('www')).toBe('unknown');
    bench.hear('rs1', 'up');
    bench.hear('rs2', 'up');
    expect(bench.weights()).toBe('rs1=4 rs2=4');
    bench.hear('rs1', 'down');
    expect(bench.weights()).toBe('rs2=4');
    expect(bench.events).toContain('service-degraded www: some real servers are not up (was up)');
  });

  it('keeps what the engine has until a restarted director hears otherwise', () => {
    bench.hear('rs1', 'up');
    const after = new Bench(configure(), {}, bench.engine);
    expect(after.weights()).toBe('rs1=4');
    expect(after.board.detail('www/rs1').reason).toContain('no verdict yet');
    after.hear('rs1', 'down');
    expect(after.weights()).toBe('');
  });

  it('believes what was stored rather than what the engine has', () => {
    bench.hear('rs1', 'up');
    const service = configure().services[0]!;
    const [monitor] = service.monitors;
    const key = checkKey(probeTarget(service.servers[0]!, monitor!), monitor!, service.name);
    const verdicts: VerdictRecord[] = [{ key, health: 'down', reason: 'connection refused', at: 1 }];
    expect(new Bench(configure(), { verdicts }, bench.engine).weights()).toBe('');
  });

  it('takes servers without a monitor for up', () => {
    expect(new Bench(configure({ monitor: 'monitor: none' })).weights()).toBe('rs1=4 rs2=4');
  });

  it('lets the sorry server in exactly while nobody else can', () => {
    bench = new Bench(configure({ service: 'sorry: { address: 10.1.0.99:80 }' }));
    bench.hear('rs1', 'up');
    bench.hear('rs2', 'down');
    expect(bench.weights()).toMatch(/rs1=4 sorry=0/);
    bench.hear('rs1', 'down');
    expect(bench.weights()).toBe('sorry=1');
    expect(bench.director.health('www')).toBe('sorry');
    bench.hear('rs1', 'up');
    expect(bench.weights()).toMatch(/rs1=4 sorry=0/);
  });
});

describe('slow start', () => {
  it('raises the weight of a server that came back, and shows it in configured units', () => {
    bench = new Bench(configure({ service: 'slow_start: 10s' }));
    bench.hear('rs1', 'up');
    bench.hear('rs2', 'up');
    expect(bench.weights()).toBe('rs1=4 rs2=4');
    bench.hear('rs1', 'down');
    bench.hear('rs1', 'up');
    const shown = (): number =>
      reportServices(bench)[0]!.servers.find((server) => server.name === 'rs1')!.weight_effective;
    const first = shown();
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(1);
    bench.pass(5_000);
    bench.director.decideAll();
    expect(shown()).toBeGreaterThan(first);
    bench.pass(5_000);
    bench.director.decideAll();
    bench.pass(1_000);
    bench.director.decideAll();
    expect(bench.weights()).toBe('rs1=4 rs2=4');
    expect(shown()).toBe(4);
  });
});

describe('what the engine refuses', () => {
  it('is told once, tried again with back-off, and told when it works', () => {
    bench.refuse = () => true;
    bench.hear('rs1', 'up');
    expect(bench.weights()).toBe('');
    expect(bench.director.failures.all()).toMatchObject([
      { service: 'www', code: 'server-table-full', attempts: 1 },
    ]);
    bench.director.decideAll();
    expect(bench.director.failures.all()).toMatchObject([{ attempts: 2 }]);
    expect(bench.events.filter((event) => event.startsWith('step-failed'))).toHaveLength(1);
    bench.refuse = undefined;
    expect(bench.director.failures.due(bench.now_ms)).toEqual([]);
    expect(bench.director.failures.due(bench.now_ms + 60_000)).toEqual(['www']);
    bench.director.decide(new Set(['www']));
    expect(bench.weights()).toBe('rs1=4');
    expect(bench.director.failures.all()).toEqual([]);
    expect(bench.events.some((event) => event.startsWith('step-recovered www'))).toBe(true);
  });

  it('is put right when somebody else has changed the engine', () => {
    bench.hear('rs1', 'up');
    bench.engine.apply([{ kind: 'remove-server', service: 'www', server: 'rs1', policy: 'reset' }]);
    bench.pass(10_000);
    expect(bench.weights()).toBe('rs1=4');
  });
});

describe('a drain', () => {
  beforeEach(() => {
    bench.hear('rs1', 'up');
    expect(bench.connect(40_000)).toBe('forward');
  });

  const ends = () => endedDrains(bench.orders.all(), bench.engine.snapshot(), bench.now_ms);

  it('lets connections go on and ends when the last has gone', () => {
    bench.order('rs1', { admin: 'draining' });
    expect(bench.weights()).toBe('rs1=0');
    expect(bench.connect(40_000)).toBe('forward');
    expect(bench.connect(40_001)).toBe('drop');
    expect(ends()).toEqual([]);
    expect(reportServices(bench)[0]!.servers[0]).toMatchObject({
      admin: 'draining',
      inactive: 1,
      because: 'draining by order of ops',
    });
    bench.pass(200_000);
    expect(ends()).toMatchObject([{ because: 'empty', order: { server: 'rs1' } }]);
  });

  it('ends at its deadline with what is left', () => {
    bench.order('rs1', { admin: 'draining', deadline: bench.now_ms + 1_000, atDeadline: 'cut' });
    bench.pass(999);
    expect(ends()).toEqual([]);
    bench.pass(1);
    expect(ends()).toMatchObject([
      { because: 'deadline', remaining: { active: 0, inactive: 1, templates: 0 } },
    ]);
    bench.order('rs1', { drained: bench.now_ms });
    expect(ends()).toEqual([]);
  });

  it('is forgotten by enable, but an ordered weight is not', () => {
    bench.order('rs1', { weight: 9 });
    bench.order('rs1', { admin: 'draining' });
    bench.order('rs1', { admin: 'enabled' });
    expect(bench.weights()).toBe('rs1=9');
    bench.order('rs1', { weight: undefined });
    expect(bench.weights()).toBe('rs1=4');
    expect([...bench.orders.all()]).toEqual([]);
  });
});

describe('another configuration', () => {
  it('removes a service by its own policy and keeps the health of servers that stay', () => {
    bench.hear('rs1', 'up');
    const next = configure({ servers: '{ rs1: { address: 10.1.0.21:80, weight: 9 } }' });
    bench.board.configure(next, () => false);
    const { steps, failed } = bench.director.replace(next);
    expect(failed).toEqual([]);
    expect(steps.map((step) => step.kind)).toEqual(['edit-server']);
    expect(bench.weights()).toBe('rs1=9');
  });
});

describe('a thousand services of twenty servers', () => {
  it('are planned and applied, and one verdict touches one service only', () => {
    const base = configure({ monitor: 'monitor: none' });
    const services = Array.from({ length: 1_000 }, (_, s) => ({
      ...base.services[0]!,
      name: `s${s}`,
      listen: { protocol: 'tcp' as const, address: address(`10.9.${s >> 8}.${s & 255}`), port: 80 },
      servers: Array.from({ length: 20 }, (_each, r) => ({
        ...base.services[0]!.servers[0]!,
        name: `r${r}`,
        address: address(`10.8.${(s * 20 + r) >> 8}.${(s * 20 + r) & 255}`),
      })),
    }));
    const engine = createMemoryEngine({
      capacity: 64,
      limits: { services: 2_000, servers: 30_000 },
      tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00::11') },
      mtu: 1_500,
    });
    const big = new Bench({ ...base, services }, {}, engine);
    expect(engine.snapshot().services).toHaveLength(1_000);
    big.orders.change('s7', 'r3', { admin: 'disabled' }, { author: 'ops', now: 0 });
    expect(big.director.decide(new Set(['s7'])).steps).toHaveLength(1);
    expect(big.director.decideAll().steps).toEqual([]);
  });
});
