import { describe, expect, it } from 'vitest';
import { tcp } from '../../../test/support/packet/build.ts';
import { address } from '../../model/address.ts';
import type { ConnectionEvent } from '../engine.ts';
import { EVENTS_MAX, EventQueue } from './event-queue.ts';
import { createMemoryEngine } from './memory-engine.ts';

const event = (client: number): ConnectionEvent => {
  const end = { address: address('10.0.0.1'), port: client };
  const counts = { packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0, controls: 0 };
  const names = { service: 'www', serverName: 'a', method: 'nat', protocol: 'tcp' } as const;
  const ends = { client: end, virtual: end, server: end };
  return {
    change: 'created',
    entry: { kind: 'connection', state: 'NONE', expires_ms: 0, ...names, ...ends, ...counts },
  };
};

describe('the event queue', () => {
  it('hands events over in their order, as many as are asked for', () => {
    const queue = new EventQueue();
    for (const port of [1, 2, 3]) queue.push(() => event(port));
    const ports = (limit: number) => queue.take(limit).events.map(({ entry }) => entry.client.port);
    expect(ports(2)).toEqual([1, 2]);
    expect(ports(2)).toEqual([3]);
    expect(ports(2)).toEqual([]);
  });

  it('holds a limited number, does not even describe the rest, and counts them once', () => {
    const queue = new EventQueue();
    let described = 0;
    const push = (count: number) => {
      for (let index = 0; index < count; index++)
        queue.push(() => {
          described += 1;
          return event(1);
        });
    };
    push(EVENTS_MAX + 7);
    expect(described).toBe(EVENTS_MAX);
    expect(queue.take(10)).toMatchObject({ lost: 7 });
    expect(queue.take(10)).toMatchObject({ lost: 0 });
    push(30);
    const { events, lost } = queue.take(EVENTS_MAX + 1);
    expect([events.length, lost]).toEqual([EVENTS_MAX, 10]);
  });
});

describe('the memory engine’s events', () => {
  it('tell of an entry’s making, its states and its end', () => {
    const engine = createMemoryEngine({
      capacity: 10,
      mtu: 1500,
      tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') },
    });
    const listen = { protocol: 'tcp', address: address('10.0.0.100'), port: 80 } as const;
    const persistence = { timeout_s: 60, netmask_bits: 24 };
    engine.apply([
      { kind: 'add-service', service: { name: 'www', listen, scheduler: 'rr', persistence } },
      {
        kind: 'add-server',
        service: 'www',
        server: { name: 'a', address: address('10.1.0.21'), port: 80, method: 'nat', weight: 1 },
      },
    ]);
    const ends = { from: '192.0.2.1:1', to: '10.0.0.100:80' };
    engine.inject(tcp({ ...ends, flags: 'S' }));
    engine.inject(tcp({ ...ends, flags: 'A' }));
    engine.inject(tcp({ ...ends, flags: 'A' }));
    engine.setClock(900_000);
    engine.sweep();
    const { events } = engine.events(100);
    expect(
      events.map(({ change, entry }) => `${change} ${entry.kind} ${entry.state} ${entry.serverName}`),
    ).toEqual([
      'created template TEMPLATE a',
      'created connection NONE a',
      'state connection SYN_RECV a',
      'state connection ESTABLISHED a',
      'closed connection ESTABLISHED a',
      'closed template TEMPLATE a',
    ]);
  });
});
