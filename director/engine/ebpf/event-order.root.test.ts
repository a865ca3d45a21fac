// What the ring tells is a life of each entry in order, whatever number of CPUs lived it: replayed, it gives the table.
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RaceOrder } from '../../../test/packet/race-worker.ts';
import { tcp, udp } from '../../../test/support/packet/build.ts';
import { PacketEngines } from '../../../test/support/packet-engine.ts';
import { address } from '../../model/address.ts';
import type { Engine, PacketPort } from '../engine.ts';
import { EbpfEngine } from './ebpf-engine.ts';
import { CHANGE } from './install-layout.ts';
import { EVENT, KIND, SLOT } from './layout.ts';
import { RecordArray } from './mapped-array.ts';
import { syncPortOn } from './sync-port.ts';

const WAYS = { mtu: 1500, tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') } };
/** Few enough that the ring holds all that they may make: three events for each packet. */
const RUNS = 4_000;
const ROUNDS = 3;

let engines: PacketEngines | undefined;
beforeAll(() => {
  engines = new PacketEngines('tc');
});
afterAll(() => engines?.[Symbol.dispose]());

function openEngine(): EbpfEngine & PacketPort {
  const engine: Engine & PacketPort = engines!.create({ capacity: 64, ...WAYS });
  if (!(engine instanceof EbpfEngine)) throw new TypeError('not the ebpf engine');
  engine.setClock(1_000);
  engine.setTimeouts({ SYN_RECV: 40, ESTABLISHED: 90, FIN_WAIT: 30, TIME_WAIT: 20, CLOSE: 10, UDP: 5 });
  for (const [name, protocol, port] of [
    ['www', 'tcp', 80],
    ['dns', 'udp', 53],
  ] as const)
    engine.apply([
      {
        kind: 'add-service',
        service: {
          name,
          scheduler: 'rr',
          listen: { protocol, address: address('10.0.0.100'), port },
          persistence: { timeout_s: 1, netmask_bits: 32 },
        },
      },
      ...['10.1.0.21', '10.1.0.22'].map((host, index) => ({
        kind: 'add-server' as const,
        service: name,
        server: { name: `s${index}`, address: address(host), port, method: 'nat' as const, weight: 1 },
      })),
    ]);
  return engine;
}

const FRAMES = ['192.0.2.1:4000', '192.0.2.2:4000'].flatMap((client) => [
  ...['S', 'S', 'A', 'FA', 'R'].map((flags) => tcp({ from: client, to: '10.0.0.100:80', flags })),
  ...['10.1.0.21:80', '10.1.0.22:80'].flatMap((server) =>
    ['SA', 'FA'].map((flags) => tcp({ from: server, to: client, flags })),
  ),
  udp({ from: client, to: '10.0.0.100:53', payload: 9 }),
]);

/** One port that is used again and again: each packet but the first ends something or begins it. */
const AGAIN = ['S', 'S', 'R'].map((flags) => tcp({ from: '192.0.2.1:4000', to: '10.0.0.100:80', flags }));

/** Kind, ends and server of an entry, by which a life is followed. */
function keyOf(slots: RecordArray, index: number): string {
  const kind = slots.getU8(index, SLOT.word + 1);
  const ends = [SLOT.client, SLOT.virtual].map((field) => slots.getAddress(index, field));
  const ports = [SLOT.client_port, SLOT.virtual_port].map((field) => slots.getPort(index, field));
  return `${kind} ${slots.getU8(index, SLOT.protocol)} ${ends} ${ports}`;
}

const lifeOf = (slots: RecordArray, index: number) =>
  `${slots.getU8(index, SLOT.word)} ${slots.getU32(index, SLOT.word + 4)} ${slots.getU32(index, SLOT.server)}`;

async function race(
  engine: EbpfEngine,
  frames: readonly Uint8Array[],
  seed: number,
  meanwhile: () => void,
): Promise<void> {
  const gate = new SharedArrayBuffer(8);
  const signs = new Int32Array(gate);
  const { tc, xdp } = engine.tables.programs;
  const ends = [tc, xdp].map((program, cpu) => {
    const workerData: RaceOrder = { program, frames, runs: RUNS, seed: seed + cpu * 77, cpu, gate };
    const worker = new Worker(new URL('../../../test/packet/race-worker.ts', import.meta.url), {
      workerData,
      execArgv: [],
    });
    return new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve));
  });
  let isOver = false;
  const over = Promise.all(ends).finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (!isOver) {
    if (signs[0] === ends.length && Atomics.exchange(signs, 1, 1) === 0) Atomics.notify(signs, 1);
    if (signs[1]) meanwhile();
    await new Promise(setImmediate);
  }
  await over;
}

it.each([
  ['of a few connections', FRAMES],
  ['of one port that is used again and again', AGAIN],
])('tells of every entry from its making to its end, in order and once: %s', async (_, frames) => {
  using engine = openEngine();
  using port = syncPortOn(engine.tables, { testClock: true });
  const alive = new Map<string, string>();
  const wrong: string[] = [];
  port.drain(Number.POSITIVE_INFINITY, () => {});
  let now_ms = 1_000;
  for (let round = 0; round < ROUNDS; round++) {
    await race(engine, frames, 100 + round, () => {
      engine.setClock(now_ms++);
      engine.sweep();
    });
    expect(port.lost()).toBe(0);
    port.drain(Number.POSITIVE_INFINITY, (event) => {
      const slot = new RecordArray(event.slice(EVENT.slot, EVENT.size).buffer, 1, SLOT.size);
      const [key, change] = [keyOf(slot, 0), event[EVENT.change]];
      if (alive.has(key) === (change === CHANGE.created)) wrong.push(`${change} of ${key}`);
      if (change === CHANGE.closed) alive.delete(key);
      else alive.set(key, lifeOf(slot, 0));
    });
    const { slots } = port;
    const there = new Map<string, string>();
    for (let index = 0; index < port.slotsInUse; index++)
      if (slots.getU8(index, SLOT.word + 1) !== KIND.free)
        there.set(keyOf(slots, index), lifeOf(slots, index));
    expect(wrong).toEqual([]);
    expect(Object.fromEntries(alive)).toEqual(Object.fromEntries(there));
  }
});
