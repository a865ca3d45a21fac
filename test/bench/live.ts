// What a second of the live picture costs the director, with every real server under traffic and with none, beside what it
// would cost to report and encode everything anew each second.
import { parseConfiguration } from '../../director/config/parse.ts';
import type { Engine, EngineSnapshot } from '../../director/engine/engine.ts';
import { createMemoryEngine } from '../../director/engine/memory/memory-engine.ts';
import { address } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import type { TrafficCounters } from '../../director/model/counters.ts';
import { Director } from '../../director/pulse/director.ts';
import { HealthBoard } from '../../director/pulse/health-board.ts';
import { LiveFeed } from '../../director/pulse/live.ts';
import type { LiveReport } from '../../director/pulse/live-encoder.ts';
import { OrderBook } from '../../director/pulse/order-book.ts';
import { reportServices } from '../../director/pulse/report.ts';
import { ProbeBatch } from '../../monitor/probe-batch.ts';
import type { Check } from '../../monitor/protocol.ts';
import { atMost, type Figure, formatNumber } from './figures.ts';
import { Samples } from './samples.ts';
import type { Section } from './section.ts';

interface Size {
  readonly services: number;
  readonly servers: number;
  readonly seconds: number;
}

const FULL: Size = { services: 200, servers: 20, seconds: 60 };
const QUICK: Size = { services: 20, servers: 5, seconds: 5 };
/** The first seconds run code that is not compiled yet. */
const WARM_UP = 20;

export const LIVE: Section = {
  name: 'live',
  title: 'the live picture, one second of it',
  async *run(context) {
    const size = context.quick ? QUICK : FULL;
    const site = new Site(size);
    context.say(`${size.services} services with ${size.servers} servers each, ${size.seconds} seconds`);
    const busy = await site.measure(size.seconds, true, context.turn);
    yield figure(`${size.services} x ${size.servers}, all under traffic: a tick`, busy, atMost(10));
    yield { name: 'its size', value: busy.bytes.median / 1024, unit: 'KiB' };
    yield figure('no traffic: a tick', await site.measure(size.seconds, false, context.turn));
    const whole = new Samples();
    const bytes = new Samples();
    for (let second = 0; second < size.seconds + WARM_UP; second++) {
      await context.turn();
      site.pass(true);
      const began_ms = cpu_ms();
      const text = Buffer.from(JSON.stringify({ kind: 'full', ...site.report() }));
      if (second < WARM_UP) continue;
      whole.add(cpu_ms() - began_ms);
      bytes.add(text.length);
    }
    yield figure('baseline: everything reported and encoded', { cost: whole, bytes });
    yield { name: 'its size', value: bytes.median / 1024, unit: 'KiB' };
    yield site.probes(context.quick ? 1_000 : 20_000);
  },
};

function figure(
  name: string,
  { cost }: { cost: Samples; bytes: Samples },
  target?: Figure['target'],
): Figure {
  return {
    name,
    value: cost.median,
    unit: 'ms',
    detail: `CPU time, ${formatNumber(cost.min)} to ${formatNumber(cost.max)}`,
    ...(target === undefined ? {} : { target }),
  };
}

function cpu_ms(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** A director whose engine shows other counters every second, and whose clock is turned by hand. */
class Site {
  #now_ms = 1_700_000_000_000;
  readonly #clock: Clock = {
    now: () => this.#now_ms,
    monotonic_ms: () => this.#now_ms,
    after: () => ({ [Symbol.dispose]() {} }),
  };
  readonly #board = new HealthBoard(this.#clock, []);
  readonly #orders = new OrderBook([]);
  readonly #director: Director;
  readonly #checks: readonly Check[];
  #snapshot: EngineSnapshot;
  #second = 0;

  constructor(size: Size) {
    const parsed = parseConfiguration(configurationOf(size), 'bench.yaml');
    if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems[0]));
    const { configuration } = parsed;
    const tunnelSource = { 4: address('10.1.0.11'), 6: address('fd00::11') };
    const engine = createMemoryEngine({ capacity: 1_024, tunnelSource, mtu: 1_500 });
    const shown: Engine = new Proxy(engine, {
      get: (target, name) => {
        if (name === 'snapshot') return () => this.#snapshot;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    this.#snapshot = engine.snapshot();
    this.#checks = this.#board.configure(configuration, () => false);
    for (const { key } of this.#checks)
      this.#board.hear({
        key,
        health: 'up',
        reason: 'connected in 1 ms',
        latency_ms: 1.25,
        at: this.#now_ms,
      });
    const { orders, board } = { orders: this.#orders, board: this.#board };
    this.#director = new Director({
      ...{ engine: shown, clock: this.#clock, configuration, orders, board },
      record: () => {},
    });
    this.#director.decideAll();
    this.#snapshot = engine.snapshot();
  }

  /** A second passes: probes are heard and the engine is read, which happens whether anybody follows or not. */
  pass(traffic: boolean): void {
    this.#now_ms += 1_000;
    this.#second++;
    if (traffic) {
      this.#snapshot = moved(this.#snapshot, this.#second);
      this.#board.probes.hear(this.#checks, outcomesOf(this.#checks.length, this.#now_ms, this.#second));
    }
    this.#director.observer.sample();
  }

  report(): LiveReport {
    const { director, board, orders } = {
      director: this.#director,
      board: this.#board,
      orders: this.#orders,
    };
    // A real status is some 2 KiB, whatever the size of the site.
    const status = { now: this.#now_ms, revision: { number: 1 } } as LiveReport['status'];
    return { at: this.#now_ms, status, services: reportServices({ director, board, orders }) };
  }

  async measure(seconds: number, traffic: boolean, turn: () => Promise<void>) {
    const watch = () => ({ [Symbol.dispose]() {} });
    using feed = new LiveFeed({ clock: this.#clock, report: () => this.report(), watch });
    const cost = new Samples();
    const bytes = new Samples();
    let sent = 0;
    using _ = feed.follow((encoded) => {
      sent = encoded.length;
    });
    for (let second = 0; second < seconds + WARM_UP; second++) {
      await turn();
      this.pass(traffic);
      const began_ms = cpu_ms();
      feed.tick();
      if (second < WARM_UP) continue;
      cost.add(cpu_ms() - began_ms);
      bytes.add(sent);
    }
    return { cost, bytes };
  }

  /** Taking in what monitors tell: as much a second as they may probe. */
  probes(count: number): Figure {
    const cost = new Samples();
    const times = Math.ceil(count / this.#checks.length);
    for (let second = 0; second < WARM_UP; second++) {
      const told = Array.from({ length: times }, () => outcomesOf(this.#checks.length, this.#now_ms, second));
      const began_ms = cpu_ms();
      for (const each of told) this.#board.probes.hear(this.#checks, each);
      cost.add(((cpu_ms() - began_ms) * count) / (times * this.#checks.length));
    }
    return {
      name: `${formatNumber(count)} outcomes of probes taken in`,
      value: cost.median,
      unit: 'ms',
      detail: `CPU time, ${formatNumber(cost.min)} to ${formatNumber(cost.max)}`,
    };
  }
}

function configurationOf({ services, servers }: Size): string {
  const text = Array.from({ length: services }, (_, service) => {
    const list = Array.from(
      { length: servers },
      (_, server) => `      rs${server}: { address: 10.1.${service}.${server + 1}:8080, weight: 4 }\n`,
    ).join('');
    return `  service-${service}:
    listen: tcp://10.0.${service}.1:80
    scheduler: wlc
    method: nat
    monitor: { tcp: true }
    servers:
${list}`;
  }).join('');
  return `cluster: web
directors: { lb1: { address: 10.0.0.11 } }
engine: { kind: memory }
services:
${text}`;
}

function moved(snapshot: EngineSnapshot, second: number): EngineSnapshot {
  return {
    ...snapshot,
    services: snapshot.services.map((service, index) => ({
      ...service,
      traffic: more(service.traffic, 20 * (100 + index)),
      servers: service.servers.map((server, place) => ({
        ...server,
        active: 100 + ((second * 7 + place) % 50),
        inactive: 300 + ((second * 11 + place) % 90),
        traffic: more(server.traffic, 100 + index + ((second * 13 + place) % 40)),
      })),
    })),
  };
}

function more(counters: TrafficCounters, connections: number): TrafficCounters {
  return {
    connections: counters.connections + connections,
    packets_in: counters.packets_in + 6 * connections,
    packets_out: counters.packets_out + 5 * connections,
    bytes_in: counters.bytes_in + 900 * connections,
    bytes_out: counters.bytes_out + 15_321 * connections,
  };
}

function outcomesOf(checks: number, at: number, second: number) {
  const batch = new ProbeBatch(checks);
  for (let place = 0; place < checks; place++)
    batch.record(
      place,
      { now_ms: 0, latency_ms: 1 + ((second * 17 + place) % 100) / 83, slow: false, failure: undefined },
      0,
    );
  return { assignment: 1, at, ...batch.take(0)! };
}
