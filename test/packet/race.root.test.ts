// Several CPUs in the packet program at once, on the same few connections: the books must balance afterwards.
// Worker threads feed frames by test-run while this thread lets time pass, sweeps and changes servers.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import type { Engine, PacketPort } from '../../director/engine/engine.ts';
import { address } from '../../director/model/address.ts';
import type { Method, Protocol } from '../../director/model/service.ts';
import type { Step } from '../../director/model/step.ts';
import { tcp, udp } from '../support/packet/build.ts';
import { fragments } from '../support/packet/fragments.ts';
import { auditTables } from '../support/packet-books.ts';
import { PacketEngines } from '../support/packet-engine.ts';
import type { RaceOrder } from './race-worker.ts';

const RUNS = Number(process.env.FAIRLEAD_RUNS ?? 60_000);
const CAPACITY = 64;
const WAYS = { mtu: 1500, tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') } };
const SERVERS = ['10.1.0.21', '10.1.0.22'] as const;
/** Lifetimes that end while the race is on; not NONE, in which an entry is only while it is being made. */
const SHORT_MS = { SYN_RECV: 40, ESTABLISHED: 90, FIN_WAIT: 30, TIME_WAIT: 20, CLOSE: 10, UDP: 50 };

interface Place {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly method: Method;
  readonly persistent?: boolean;
}

/** www and shop have the same ends at their servers, so that their nat connections conflict. */
const PLACES: readonly Place[] = [
  { name: 'www', protocol: 'tcp', port: 80, method: 'nat' },
  { name: 'shop', protocol: 'tcp', port: 81, method: 'nat', persistent: true },
  { name: 'news', protocol: 'tcp', port: 82, method: 'route', persistent: true },
  { name: 'dns', protocol: 'udp', port: 53, method: 'nat' },
];

const serverPort = ({ method, protocol, port }: Place) =>
  method === 'nat' && protocol === 'tcp' ? 8080 : port;

const serverStep = (kind: 'add-server' | 'edit-server', place: Place, number: number, weight = 1): Step => ({
  kind,
  service: place.name,
  server: {
    name: `s${number}`,
    address: address(SERVERS[number]!),
    port: serverPort(place),
    method: place.method,
    weight,
  },
});

const SETUP: readonly Step[] = PLACES.flatMap((place): Step[] => [
  {
    kind: 'add-service',
    service: {
      name: place.name,
      scheduler: 'rr',
      listen: { protocol: place.protocol, address: address('10.0.0.100'), port: place.port },
      ...(place.persistent ? { persistence: { timeout_s: 1, netmask_bits: 32 } } : {}),
    },
  },
  serverStep('add-server', place, 0),
  serverStep('add-server', place, 1),
]);

/** Everything that the client and both servers of a flow may send, in no order. */
function flowFrames(place: Place, client: string): Uint8Array[] {
  const there = { from: client, to: `10.0.0.100:${place.port}` };
  const back = SERVERS.map((server) => ({ from: `${server}:${serverPort(place)}`, to: client }));
  if (place.protocol === 'udp')
    return [
      udp({ ...there, payload: 9 }),
      ...fragments(udp({ ...there, payload: 300 }), 200),
      ...back.map(udp),
    ];
  const ours = ['S', 'S', 'S', 'A', 'FA', 'R'].map((flags) => tcp({ ...there, flags }));
  return [...ours, ...back.flatMap((ends) => ['SA', 'A', 'FA', 'R'].map((flags) => tcp({ ...ends, flags })))];
}

/** Few clients meet each other all the time, many fill the table. */
function framesOf(clients: number, places: readonly Place[] = PLACES): Uint8Array[] {
  return Array.from({ length: clients }, (_, index) => `192.0.2.${1 + (index % 3)}:${4_000 + index}`).flatMap(
    (client) => places.flatMap((place) => flowFrames(place, client)),
  );
}

let engines: PacketEngines | undefined;
beforeAll(() => {
  engines = new PacketEngines('xdp');
});
afterAll(() => engines?.[Symbol.dispose]());

function openEngine(): EbpfEngine & PacketPort {
  const engine: Engine & PacketPort = engines!.create({ capacity: CAPACITY, ...WAYS });
  if (!(engine instanceof EbpfEngine)) throw new TypeError('not the ebpf engine');
  engine.setClock(1_000);
  engine.setTimeouts(SHORT_MS);
  expect(engine.apply(SETUP).every(({ ok }) => ok)).toBe(true);
  return engine;
}

/** Both CPUs send at once; `meanwhile` is done again and again until they are through. */
async function race(engine: EbpfEngine, frames: readonly Uint8Array[], meanwhile: (turn: number) => void) {
  const gate = new SharedArrayBuffer(8);
  const signs = new Int32Array(gate);
  const { tc, xdp } = engine.tables.programs;
  const workers = [tc, xdp].map((program, index) => {
    const cpu = index % availableParallelism();
    const workerData: RaceOrder = { program, frames, runs: RUNS, seed: 77 + index * 1_000, cpu, gate };
    return new Worker(new URL('race-worker.ts', import.meta.url), { workerData, execArgv: [] });
  });
  const ends = workers.map(
    (worker) => new Promise<number>((resolve, reject) => worker.once('error', reject).once('exit', resolve)),
  );
  let isOver = false;
  const over = Promise.all(ends).finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  let turn = 0;
  while (!isOver) {
    if (signs[0] === workers.length && Atomics.exchange(signs, 1, 1) === 0) Atomics.notify(signs, 1);
    if (signs[1]) meanwhile(turn++);
    await new Promise(setImmediate);
  }
  expect(await over).toEqual([0, 0]);
}

/** Lets time pass in steps that some entries do not survive. */
function pass(engine: EbpfEngine & PacketPort, turn: number): void {
  engine.setClock(1_000 + turn);
  engine.sweep();
  if (turn % 64 === 0) engine.events(Number.POSITIVE_INFINITY);
}

function expectCleanSlate(engine: EbpfEngine & PacketPort): void {
  for (const what of ['connections', 'templates'] as const) engine.flush({ what });
  expect(auditTables(engine.tables)).toEqual([]);
  expect(engine.snapshot().tables[0]?.used).toBe(0);
  const query = (number: number) =>
    engine.inject(tcp({ from: `198.51.100.1:${number}`, to: '10.0.0.100:80', flags: 'S' }));
  for (let number = 1; number <= CAPACITY; number++) expect(query(number).outcome).toBe('forward');
  expect(query(CAPACITY + 1).outcome).toBe('drop');
  expect(engine.connections({}, 1_000)).toHaveLength(CAPACITY);
  expect(auditTables(engine.tables)).toEqual([]);
}

describe('the books of the packet program, after two CPUs had the same connections in hand', () => {
  it.each([
    ['two clients that begin, end and begin again all the time', 2],
    ['more clients than the table has room for', 60],
  ])('balance with %s, while entries expire', async (_, clients) => {
    using engine = openEngine();
    await race(engine, framesOf(clients), (turn) => pass(engine, turn));
    expect(auditTables(engine.tables)).toEqual([]);
    expectCleanSlate(engine);
  });

  it('balance when both CPUs meet the same expired entries, and nobody else frees them', async () => {
    using engine = openEngine();
    const frames = framesOf(2);
    await race(engine, frames, (turn) => {
      engine.setClock(1_000 + turn * 100);
      if (turn % 64 === 0) engine.events(Number.POSITIVE_INFINITY);
    });
    expect(auditTables(engine.tables)).toEqual([]);
    expectCleanSlate(engine);
  });

  it('balance while everything is flushed again and again', async () => {
    using engine = openEngine();
    await race(engine, framesOf(4), (turn) => {
      pass(engine, turn);
      if (turn % 3 === 0) engine.flush({ what: turn % 2 === 0 ? 'connections' : 'templates' });
    });
    expect(auditTables(engine.tables)).toEqual([]);
    expectCleanSlate(engine);
  });

  it('balance while servers are quiesced, removed and added again', async () => {
    using engine = openEngine();
    const present = new Set([0, 1]);
    await race(engine, framesOf(4), (turn) => {
      pass(engine, turn);
      const number = turn % 2;
      const policy = (['silent', 'reset', 'reassign'] as const)[turn % 3]!;
      for (const place of PLACES) {
        if (turn % 5 !== 0) engine.apply([serverStep('edit-server', place, number, turn % 3)]);
        else if (present.has(number))
          engine.apply([{ kind: 'remove-server', service: place.name, server: `s${number}`, policy }]);
        else engine.apply([serverStep('add-server', place, number)]);
      }
      if (turn % 5 === 0 && !present.delete(number)) present.add(number);
    });
    for (const place of PLACES)
      for (const number of [0, 1])
        engine.apply([serverStep(present.has(number) ? 'edit-server' : 'add-server', place, number)]);
    expect(auditTables(engine.tables)).toEqual([]);
    expectCleanSlate(engine);
  });
});
