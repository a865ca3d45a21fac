// One CPU has packets of connections in hand while another puts in what the peer tells of the same ones: created, led
// elsewhere, moved on and closed, in no order. The books must balance afterwards, and no packet may have met an entry
// that was half of one and half of another.
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RaceOrder } from '../../../test/packet/race-worker.ts';
import { tcp } from '../../../test/support/packet/build.ts';
import { auditTables } from '../../../test/support/packet-books.ts';
import { PacketEngines } from '../../../test/support/packet-engine.ts';
import { resultAt } from '../../../test/support/sync-relay.ts';
import { address, addressBytes } from '../../model/address.ts';
import type { Step } from '../../model/step.ts';
import type { Engine, PacketPort } from '../engine.ts';
import { EbpfEngine } from './ebpf-engine.ts';
import { INBOX_RECORDS, INSTALL, INSTALL_FLAG, INSTALL_WHAT } from './install-layout.ts';
import { type SyncPort, syncPortOn } from './sync-port.ts';

const RUNS = Number(process.env.FAIRLEAD_RUNS ?? 60_000);
const WAYS = { mtu: 1500, tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') } };
const VIP = '10.0.0.100';
/** Address and port differ, so that a mixture shows. */
const SERVERS = [
  { host: '10.1.0.21', port: 8080 },
  { host: '10.1.0.22', port: 9090 },
] as const;
const PORTS = [80, 81] as const;
const SHORT_MS = { NONE: 5, SYN_RECV: 20, ESTABLISHED: 60, FIN_WAIT: 10, TIME_WAIT: 5, CLOSE: 3 };

/** Port 80 is plain, 81 persistent; both have the same servers, so that their ways back conflict. */
const SETUP: readonly Step[] = PORTS.flatMap((port): Step[] => [
  {
    kind: 'add-service',
    service: {
      name: `www${port}`,
      scheduler: 'rr',
      listen: { protocol: 'tcp', address: address(VIP), port },
      ...(port === 81 ? { persistence: { timeout_s: 1, netmask_bits: 32 } } : {}),
    },
  },
  ...SERVERS.map(
    (server, index): Step => ({
      kind: 'add-server',
      service: `www${port}`,
      server: {
        name: `s${index}`,
        address: address(server.host),
        port: server.port,
        method: 'nat',
        weight: 1,
      },
    }),
  ),
]);

let engines: PacketEngines | undefined;
beforeAll(() => {
  engines = new PacketEngines('tc');
});
afterAll(() => engines?.[Symbol.dispose]());

function openEngine(): EbpfEngine & PacketPort {
  const engine: Engine & PacketPort = engines!.create({ capacity: 64, ...WAYS });
  if (!(engine instanceof EbpfEngine)) throw new TypeError('not the ebpf engine');
  engine.setClock(1_000);
  engine.setTimeouts(SHORT_MS);
  expect(engine.apply(SETUP).every(({ ok }) => ok)).toBe(true);
  return engine;
}

const clientsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ host: `192.0.2.${1 + (index % 3)}`, port: 4_000 + index }));

function framesOf(clients: ReturnType<typeof clientsOf>): Uint8Array[] {
  return clients.flatMap(({ host, port }) => {
    const client = `${host}:${port}`;
    const there = PORTS.flatMap((virtual) =>
      ['S', 'A', 'A', 'FA', 'R'].map((flags) => tcp({ from: client, to: `${VIP}:${virtual}`, flags })),
    );
    const back = SERVERS.flatMap((server) =>
      ['SA', 'A', 'FA'].map((flags) => tcp({ from: `${server.host}:${server.port}`, to: client, flags })),
    );
    return [...there, ...back];
  });
}

/** Fills the inbox with words about the clients' connections and templates, each of them possible. */
function fill(port: SyncPort, clients: ReturnType<typeof clientsOf>): void {
  const { inbox, directory } = port;
  for (let index = 0; index < INBOX_RECORDS; index++) {
    const client = clients[index % clients.length]!;
    const server = SERVERS[(index >> 1) % 2]!;
    const virtual = PORTS[(index >> 2) % 2]!;
    const what = [0, 0, 0, 1, virtual === 81 ? 2 : 0, 0, virtual === 81 ? 3 : 1][(index * 5) % 7]!;
    const isTemplate = what >= INSTALL_WHAT.template_upsert;
    const destination = addressBytes(address(server.host));
    const service = directory.serviceOn(addressBytes(address(VIP)), virtual, 6)!;
    inbox.clear(index);
    inbox.setU8(index, INSTALL.what, what);
    inbox.setU8(index, INSTALL.state, [1, 3, 4, 1, 6][index % 5]!);
    inbox.setU8(index, INSTALL.protocol, 6);
    inbox.setU32(
      index,
      INSTALL.flags,
      (index % 3 ? INSTALL_FLAG.authoritative : 0) | INSTALL_FLAG.controlled,
    );
    inbox.setAddress(index, INSTALL.client, address(client.host));
    inbox.setAddress(index, INSTALL.virtual, address(VIP));
    inbox.setBytes(index, INSTALL.destination, destination);
    inbox.setPort(index, INSTALL.client_port, isTemplate ? 0 : client.port);
    inbox.setPort(index, INSTALL.virtual_port, virtual);
    inbox.setPort(index, INSTALL.server_port, server.port);
    inbox.setU32(index, INSTALL.service, service);
    inbox.setU32(index, INSTALL.server, directory.serverIn(service, destination, server.port, 0)!);
    inbox.setU32(index, INSTALL.left_ms, index % 50);
    inbox.setU32(index, INSTALL.timeout_ms, 1_000);
  }
}

/** Frames of the install program: a few records from anywhere. */
const BATCHES = Array.from({ length: 97 }, (_, index) => {
  const frame = Buffer.alloc(64);
  frame.writeUInt32LE((index * 37) % (INBOX_RECORDS - 16), 0);
  frame.writeUInt32LE(1 + (index % 16), 4);
  return frame;
});

async function race(
  orders: readonly Pick<RaceOrder, 'program' | 'frames' | 'runs'>[],
  meanwhile: (turn: number) => void,
) {
  const gate = new SharedArrayBuffer(8);
  const signs = new Int32Array(gate);
  const workers = orders.map((order, index) => {
    const workerData: RaceOrder = { ...order, seed: 77 + index * 1_000, cpu: index, gate };
    return new Worker(new URL('../../../test/packet/race-worker.ts', import.meta.url), {
      workerData,
      execArgv: [],
    });
  });
  let isOver = false;
  const over = Promise.all(
    workers.map(
      (worker) =>
        new Promise<string[]>((resolve, reject) => worker.once('error', reject).once('message', resolve)),
    ),
  ).finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  let turn = 0;
  while (!isOver) {
    if (signs[0] === workers.length && Atomics.exchange(signs, 1, 1) === 0) Atomics.notify(signs, 1);
    if (signs[1]) meanwhile(turn++);
    await new Promise(setImmediate);
  }
  return over;
}

describe('the books of the packet program, after the peer’s records were put in beside its packets', () => {
  it.each([
    ['of the same few connections', 2],
    ['of more connections than there is room for', 60],
  ])('balance, and no packet goes half here and half there, %s', async (_, count) => {
    using engine = openEngine();
    using port = syncPortOn(engine.tables, { testClock: true });
    const clients = clientsOf(count);
    fill(port, clients);
    const { tc, install } = engine.tables.programs;
    const results = new Set<string>();
    const [ends] = await race(
      [
        { program: tc, frames: framesOf(clients), runs: RUNS },
        { program: install, frames: BATCHES, runs: RUNS / 4 },
      ],
      (turn) => {
        engine.setClock(1_000 + turn);
        engine.sweep();
        if (turn % 64 === 0) engine.events(Number.POSITIVE_INFINITY);
        for (let index = 0; index < INBOX_RECORDS; index++) results.add(resultAt(port, index));
      },
    );
    expect(auditTables(engine.tables)).toEqual([]);
    const wanted = clients.flatMap(({ host, port: client }) => [
      ...SERVERS.map((server) => `${host}:${client} ${server.host}:${server.port}`),
      ...PORTS.map((virtual) => `${VIP}:${virtual} ${host}:${client}`),
    ]);
    expect(ends!.filter((each) => !wanted.includes(each))).toEqual([]);
    expect([...results].sort()).toEqual(
      expect.arrayContaining(['absent', 'closed', 'created', 'replaced', 'unchanged', 'updated']),
    );
    for (const what of ['connections', 'templates'] as const) engine.flush({ what });
    expect(auditTables(engine.tables)).toEqual([]);
    expect(engine.snapshot().tables[0]?.used).toBe(0);
  });
});
