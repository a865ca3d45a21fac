// The ring of the real program: packets through the kernel's test-run make the events that are drained here.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tcp, udp } from '../../../test/support/packet/build.ts';
import { PacketEngines } from '../../../test/support/packet-engine.ts';
import { address } from '../../model/address.ts';
import type { Step } from '../../model/step.ts';
import type { ConnectionEvent } from '../engine.ts';

const WAYS = { mtu: 1500, tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') } };
/** Events that fit in the ring of 4 MiB: 144 bytes and a header each. */
const RING_EVENTS = Math.floor((1 << 22) / 152);
const CAPACITY = 4_096;

const service = (name: string, protocol: 'tcp' | 'udp', port: number): Step => ({
  kind: 'add-service',
  service: { name, scheduler: 'rr', listen: { protocol, address: address('10.0.0.100'), port } },
});
const server = (of: string, port: number): Step => ({
  kind: 'add-server',
  service: of,
  server: { name: 'a', address: address('10.1.0.21'), port, method: 'nat', weight: 1 },
});
const SETUP = [service('www', 'tcp', 80), server('www', 8080), service('dns', 'udp', 53), server('dns', 53)];

let engines: PacketEngines | undefined;
beforeAll(() => {
  engines = new PacketEngines('xdp');
});
afterAll(() => engines?.[Symbol.dispose]());

function openEngine() {
  const engine = engines!.create({ capacity: CAPACITY, ...WAYS });
  engine.setClock(1_000);
  engine.apply(SETUP);
  engine.events(Number.POSITIVE_INFINITY);
  return engine;
}

const text = ({ change, entry }: ConnectionEvent) =>
  `${change} ${entry.protocol} ${entry.client.port} ${entry.state} ${entry.serverName}`;
const query = (number: number) =>
  udp({ from: `192.0.2.${number >> 12}:${1_024 + (number & 0xfff)}`, to: '10.0.0.100:53', payload: 4 });

describe('the ring of connection events', () => {
  it('hands over events in the order in which the program made them', () => {
    using engine = openEngine();
    const [client, virtual] = ['192.0.2.1:4000', '10.0.0.100:80'];
    engine.inject(tcp({ from: client, to: virtual, flags: 'S' }));
    engine.inject(tcp({ from: '10.1.0.21:8080', to: client, flags: 'SA' }));
    engine.inject(tcp({ from: client, to: virtual, flags: 'A' }));
    engine.inject(tcp({ from: client, to: virtual, flags: 'R' }));
    engine.flush({ what: 'connections' });
    const { events, lost } = engine.events(100);
    expect(events.map(text)).toEqual([
      'created tcp 4000 NONE a',
      'state tcp 4000 SYN_RECV a',
      'state tcp 4000 ESTABLISHED a',
      'state tcp 4000 CLOSE a',
      'closed tcp 4000 NONE a',
    ]);
    expect(lost).toBe(0);
    expect(engine.events(100)).toEqual({ events: [], lost: 0 });
  });

  it('keeps what a limit leaves for the next call', () => {
    using engine = openEngine();
    for (let number = 0; number < 10; number++) engine.inject(query(number));
    const ports = (limit: number) => engine.events(limit).events.map(({ entry }) => entry.client.port);
    expect(ports(0)).toEqual([]);
    expect(ports(4)).toEqual([1_024, 1_025, 1_026, 1_027]);
    expect(ports(100)).toEqual([1_028, 1_029, 1_030, 1_031, 1_032, 1_033]);
  });

  it('goes round its end without breaking a record', () => {
    using engine = openEngine();
    const rounds = Math.ceil((RING_EVENTS * 1.2) / (2 * 1_000));
    let seen = 0;
    for (let round = 0; round < rounds; round++) {
      for (let number = 0; number < 1_000; number++) engine.inject(query(number));
      engine.flush({ what: 'connections' });
      const { events, lost } = engine.events(Number.POSITIVE_INFINITY);
      expect(lost).toBe(0);
      for (const [index, { change, entry }] of events.entries()) {
        // all were created first, in order, and closed afterwards in whatever order their slots stand
        if (change !== (index < 1_000 ? 'created' : 'closed')) expect.fail(`event ${index} is ${change}`);
        if (change === 'created' && entry.client.port !== 1_024 + index)
          expect.fail(`event ${index} is another's`);
      }
      seen += events.length;
    }
    expect(seen).toBe(rounds * 2_000);
  });

  it('counts what finds no room, and takes new events once it was drained', () => {
    using engine = openEngine();
    const rounds = Math.ceil((RING_EVENTS * 1.1) / (2 * CAPACITY));
    for (let round = 0; round < rounds; round++) {
      for (let number = 0; number < CAPACITY; number++) engine.inject(query(number));
      engine.flush({ what: 'connections' });
    }
    const { events, lost } = engine.events(Number.POSITIVE_INFINITY);
    expect(lost).toBeGreaterThan(0);
    expect(events.length + lost).toBe(rounds * 2 * CAPACITY);
    expect(events.length).toBeGreaterThan(RING_EVENTS - 100);
    engine.inject(query(1));
    expect(engine.events(10)).toMatchObject({ events: [{ change: 'created' }], lost: 0 });
  });
});
