// Connection sync between two directors in namespaces: how long a newcomer takes, how far the peer is behind, and what an event
// costs in bytes and in time of a CPU.
import { setTimeout as pause } from 'node:timers/promises';
import { address } from '../../director/model/address.ts';
import type { Step } from '../../director/model/step.ts';
import { SystemError } from '../../director/native/libc.ts';
import type { SyncStatus } from '../../director/sync/protocol.ts';
import { DirectorPair } from '../../director/sync/support/director-pair.ts';
import { tcp } from '../support/packet/build.ts';
import { atMost, type Figure } from './figures.ts';
import type { BenchContext, Section } from './section.ts';
import { SERVERS, Wrapper } from './wrapper.ts';

interface Size {
  readonly connections: number;
  readonly room: number;
  readonly steady_s: number;
  readonly busy_s: number;
}

const FULL: Size = { connections: 2 ** 20, room: 2 ** 21, steady_s: 21, busy_s: 8 };
const QUICK: Size = { connections: 2 ** 14, room: 2 ** 19, steady_s: 1, busy_s: 1 };

const NEW_PER_S = 10_000;
/** Of 100 000 events: each connection has four (made, and three states). */
const BUSY_PER_S = 25_000;
const EVENTS_PER_S = 100_000;
const TICK_MS = 2;
const LIMIT_S = 120;
const REDIRECT = 4;
/** Flows of one call of the wrapper: its mask wants a power of two. */
const FLOWS = 2 ** 20;
/** Ethernet (14), IP (20) and UDP (8) around each datagram. */
const AROUND_BYTES = 42;
/** Clients of one run of the wrapper. */
const CHUNK = 4_096;
const ATTEMPTS = 20;
const VIRTUAL = '192.0.2.100';

export const SYNC: Section = {
  name: 'sync',
  title: 'connection sync between two directors',
  async *run(context) {
    const size = context.quick ? QUICK : FULL;
    using wrapper = new Wrapper();
    using pair = new DirectorPair({ connections_max: size.room, steps: steps() });
    using load = new Load(wrapper, pair);
    context.say(`${size.connections} connections, then a peer that joins while ${NEW_PER_S}/s are made`);
    load.make(size.connections, ['S', 'A']);
    pair.a.setRole(true, 1);
    pair.b.setRole(false, 1);
    pair.a.start();
    await until(context, () => pair.a.status !== undefined);
    yield* measureJoin(context, pair, load, size);
    yield* measureSteady(context, pair, load, size);
    yield* measureBusy(context, pair, load, size);
  },
};

async function* measureJoin(
  context: BenchContext,
  pair: DirectorPair,
  load: Load,
  size: Size,
): AsyncGenerator<Figure> {
  const began = performance.now();
  pair.b.start();
  const stream = load.start(NEW_PER_S, ['S']);
  await until(context, () => pair.b.status?.complete === true && pair.a.status?.complete === true);
  const took_s = (performance.now() - began) / 1000;
  await stream.stop();
  const { sent } = pair.a.status!;
  yield {
    name: `${size.connections} connections joined while ${NEW_PER_S}/s are made`,
    value: took_s,
    unit: 's',
    target: atMost(10),
    detail: `start of the process included; ${sent.bulk_entries} entries in bulk, ${sent.events} events meanwhile`,
  };
}

async function* measureSteady(
  context: BenchContext,
  pair: DirectorPair,
  load: Load,
  size: Size,
): AsyncGenerator<Figure> {
  const stream = load.start(NEW_PER_S, ['S', 'A']);
  const before = await fresh(context, pair);
  await wait(context, size.steady_s);
  const after = await fresh(context, pair);
  const status = after.a;
  await stream.stop();
  const share = (label: 'a' | 'b') =>
    Math.round(((after[label].cpu_ms - before[label].cpu_ms) / (after.at - before.at)) * 100);
  yield {
    name: 'lag from the kernel to the acknowledgement, 99th percentile',
    value: status.lag_p99_ms,
    unit: 'ms',
    target: atMost(20),
    detail: `median ${status.lag_p50_ms.toFixed(1)}, most ${status.lag_max_ms.toFixed(1)}; ${NEW_PER_S} connections/s of three events, CPU ${share('a')} and ${share('b')} %`,
  };
}

async function* measureBusy(
  context: BenchContext,
  pair: DirectorPair,
  load: Load,
  size: Size,
): AsyncGenerator<Figure> {
  context.say(`${EVENTS_PER_S} events/s`);
  const stream = load.start(BUSY_PER_S, ['S', 'A', 'F']);
  await wait(context, 2);
  const before = await fresh(context, pair);
  await wait(context, size.busy_s);
  const after = await fresh(context, pair);
  await stream.stop();
  const seconds = (after.at - before.at) / 1000;
  const events = after.a.sent.events - before.a.sent.events;
  const datagrams = after.a.sent.datagrams - before.a.sent.datagrams;
  const bytes = after.a.sent.bytes - before.a.sent.bytes;
  yield {
    name: 'bytes per IPv4 event on the wire',
    value: (bytes + datagrams * AROUND_BYTES) / events,
    unit: 'bytes',
    target: atMost(48),
    detail: `headers from Ethernet on included; ${(events / datagrams).toFixed(1)} events a datagram`,
  };
  for (const [label, what] of [
    ['a', 'sender'],
    ['b', 'receiver'],
  ] as const) {
    const cpu_ms = after[label].cpu_ms - before[label].cpu_ms;
    yield {
      name: `CPU of the ${what} at ${EVENTS_PER_S} events/s`,
      value: (cpu_ms / events) * (EVENTS_PER_S / 1000) * 100,
      unit: '%',
      target: atMost(30),
      detail: `measured at ${Math.round(events / seconds)} events/s, ${after.a.events_lost - before.a.events_lost} lost in the kernel, lag p99 ${after.a.lag_p99_ms.toFixed(1)} ms`,
    };
  }
}

/** Makes connections of ever new clients through the packet program of the director that is active. */
class Load implements Disposable {
  readonly #wrapper: Wrapper;
  readonly #target: number;
  #client = 0x0a00_0000;

  constructor(wrapper: Wrapper, pair: DirectorPair) {
    this.#wrapper = wrapper;
    const { tc, xdp } = pair.a.engine.tables.programs;
    this.#target = wrapper.addTarget({ tc, xdp });
  }

  /** So many new clients, each of whom sends these packets. */
  make(count: number, flags: readonly string[]): void {
    for (let left = count; left > 0; left -= CHUNK) {
      const clients = Math.min(left, CHUNK);
      for (const each of flags) this.#send(clients, each === 'F' ? 'FA' : each);
      this.#client += clients;
    }
  }

  #send(packets: number, flags: string): void {
    const client = address([24, 16, 8, 0].map((shift) => (this.#client >>> shift) & 0xff).join('.'));
    const run = {
      hook: 'xdp',
      target: this.#target,
      frame: tcp({ from: `${client}:1024`, to: `${VIRTUAL}:80`, flags, payload: 15 }),
      client,
      server: address('10.200.0.1'),
      direction: 'inbound',
      flows: FLOWS,
      order: 'one-by-one',
      packets,
      verdict: REDIRECT,
    } as const;
    for (let attempt = 1; ; attempt++) {
      try {
        this.#wrapper.run(run);
        return;
      } catch (error) {
        // A signal ends the kernel's loop (net/bpf/test_run.c); the same packets once more change nothing.
        if (!(error instanceof SystemError && error.is('EINTR')) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** As many a second, spread evenly, until stopped. */
  start(perSecond: number, flags: readonly string[]): { stop(): Promise<void> } {
    let running = true;
    const done = (async () => {
      let made = 0;
      const began = performance.now();
      while (running) {
        const due = Math.min(
          Math.floor(((performance.now() - began) * perSecond) / 1000) - made,
          perSecond / 10,
        );
        if (due > 0) {
          this.make(due, flags);
          made += due;
        }
        await pause(TICK_MS);
      }
    })();
    done.catch(() => {}); // stop() tells
    return {
      async stop() {
        running = false;
        await done;
      },
    };
  }

  [Symbol.dispose](): void {
    this.#wrapper.removeTarget(this.#target);
  }
}

interface Both {
  readonly a: SyncStatus;
  readonly b: SyncStatus;
  readonly at: number;
}

/** The next status of both, which come each second. */
async function fresh(context: BenchContext, pair: DirectorPair): Promise<Both> {
  const known = [pair.a.status, pair.b.status];
  await until(context, () => pair.a.status !== known[0] && pair.b.status !== known[1]);
  return { a: pair.a.status!, b: pair.b.status!, at: performance.now() };
}

async function wait(context: BenchContext, seconds: number): Promise<void> {
  await pause(seconds * 1000, undefined, { signal: context.signal });
  await context.turn();
}

async function until(context: BenchContext, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + LIMIT_S * 1000; !holds(); ) {
    if (performance.now() > end) throw new Error(`not within ${LIMIT_S} s`);
    await pause(5);
    await context.turn();
  }
}

function steps(): Step[] {
  const service = 'bench';
  return [
    {
      kind: 'add-service',
      service: {
        name: service,
        scheduler: 'rr',
        listen: { protocol: 'tcp', address: address(VIRTUAL), port: 80 },
      },
    },
    ...Array.from(
      { length: SERVERS },
      (_, index): Step => ({
        kind: 'add-server',
        service,
        server: {
          name: `rs${index}`,
          address: address(`10.200.0.${index + 1}`),
          port: 8080,
          method: 'nat',
          weight: 1,
        },
      }),
    ),
  ];
}
