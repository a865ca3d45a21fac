// Over loopback, where anybody may bind: unicast, hostile datagrams, and what happens when the port is taken.
import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../director/model/address.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { eventually } from '../../test/support/eventually.ts';
import { Guard } from './guard.ts';
import { beat, ring } from './support/beats.ts';
import { openUdpLink } from './udp.ts';

const opened: Disposable[] = [];
afterEach(() => {
  for (const one of opened.splice(0).reverse()) one[Symbol.dispose]();
});

/** A port of this machine that is free at the moment. */
async function freePort(): Promise<number> {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

function link(own: string, peer: string, port: number) {
  const frames: string[] = [];
  const states: string[] = [];
  const opening = openUdpLink(
    { interface: 'lo', own: address(own), peer: address(peer), port, clock: systemClock },
    {
      onFrame: (bytes, from) => frames.push(`${from} ${Buffer.from(bytes)}`),
      onState: (up, reason) => states.push(`${up} ${reason}`),
    },
  );
  opened.push(opening);
  return { link: opening, frames, states };
}

describe('a link by UDP', () => {
  it('carries frames both ways', async () => {
    const port = await freePort();
    const [one, other] = [link('127.0.0.1', '127.0.0.2', port), link('127.0.0.2', '127.0.0.1', port)];
    expect(one.link.isUp()).toBe(true);
    expect(one.link.detail()).toBe(`127.0.0.1 to 127.0.0.2, port ${port}, on lo`);
    one.link.send(Buffer.from('there'));
    other.link.send(Buffer.from('back'));
    await eventually(() => other.frames).toEqual(['127.0.0.1 there']);
    await eventually(() => one.frames).toEqual(['127.0.0.2 back']);
    expect(one.link.counters()).toEqual({ sent: 1, unsent: 0, garbled: 0 });
  });

  it('sends within the call', async () => {
    const port = await freePort();
    const { link: one } = link('127.0.0.1', '127.0.0.2', port);
    one.send(Buffer.from('now'));
    const other = link('127.0.0.2', '127.0.0.1', port);
    one.send(Buffer.from('later'));
    await eventually(() => other.frames).toEqual(['127.0.0.1 later']); // nobody was there for the first one
    await eventually(() => one.counters().sent).toBe(2);
  });

  it('is down while another program has the port, and up when that is gone', async () => {
    const port = await freePort();
    const { link: first } = link('127.0.0.1', '127.0.0.2', port);
    const second = link('127.0.0.1', '127.0.0.2', port);
    expect(second.link.isUp()).toBe(false);
    expect(second.link.detail()).toContain('EADDRINUSE');
    second.link.send(Buffer.from('x'));
    expect(second.link.counters()).toMatchObject({ sent: 0, unsent: 1 });
    first[Symbol.dispose]();
    await eventually(() => second.link.isUp()).toBe(true);
    expect(second.states).toHaveLength(1);
  });

  it('is down, not broken, on an interface that does not exist', () => {
    using none = openUdpLink(
      { interface: 'none', port: 1, clock: systemClock },
      { onFrame: () => {}, onState: () => {} },
    );
    expect([none.isUp(), none.detail()]).toEqual([false, 'there is no interface none']);
    expect(() => none.send(new Uint8Array(80))).not.toThrow();
  });

  it('is down while what it sends is refused, told once, and up with the first that is not', async () => {
    const port = await freePort();
    const [one, other] = [link('127.0.0.1', '127.0.0.2', port), link('127.0.0.2', '127.0.0.1', port)];
    const turn = () => {
      one.link.send(new Uint8Array(70_000));
      return one.link.counters().unsent;
    };
    await eventually(turn).toBeGreaterThan(5);
    expect(one.states).toEqual([`false cannot send: send EMSGSIZE 127.0.0.2:${port}`]);
    one.link.send(Buffer.from('small'));
    await eventually(() => other.frames).toEqual(['127.0.0.1 small']);
    await eventually(() => one.link.isUp()).toBe(true);
  });

  it('says nothing more once it is disposed of', async () => {
    const port = await freePort();
    const [one, other] = [link('127.0.0.1', '127.0.0.2', port), link('127.0.0.2', '127.0.0.1', port)];
    one.link.send(Buffer.from('x'));
    other.link[Symbol.dispose]();
    one.link.send(Buffer.from('y'));
    await eventually(() => one.link.counters().sent).toBe(2);
    other.link.send(Buffer.from('z'));
    expect([other.frames, other.states, other.link.counters().unsent]).toEqual([[], [], 1]);
  });

  it('brings beats through while strangers send whatever they like', async () => {
    const port = await freePort();
    const keyring = ring();
    const guards = ['lb1', 'lb2'].map((node, index) => {
      const peer = node === 'lb1' ? 'lb2' : 'lb1';
      return new Guard({ cluster: 'web', node, peer, bootId: index + 1, links: 1, keyring });
    });
    const [one, other] = guards as [Guard, Guard];
    const events = (guard: Guard) => ({
      onFrame: (bytes: Uint8Array, from: string) => void guard.judge(0, bytes, from, 0),
      onState: () => {},
    });
    const ends = (['127.0.0.1', '127.0.0.2'] as const).map((own, index) => {
      const peer = address(index === 0 ? '127.0.0.2' : '127.0.0.1');
      return openUdpLink(
        { interface: 'lo', own: address(own), peer, port, clock: systemClock },
        events(guards[index]!),
      );
    });
    opened.push(...ends);
    const stranger = dgram.createSocket('udp4');
    opened.push({ [Symbol.dispose]: () => stranger.close() });
    let sequence = 0;
    const turn = () => {
      sequence++;
      for (let garbage = 0; garbage < 50; garbage++)
        stranger.send(Buffer.alloc(garbage * 3, garbage % 2 ? 0xf1 : garbage), port, '127.0.0.2');
      for (const [index, guard] of guards.entries())
        for (const frame of guard.seal(beat({ bootId: index + 1, sequence, heard: guard.heard(0) }))[0]!)
          ends[index]!.send(frame);
      return other.status(0)[0]!.received;
    };
    await eventually(turn).toBeGreaterThan(5);
    expect(one.peerBootId).toBe(2);
    const { rejected } = other.status(0)[0]!;
    expect(rejected.truncated).toBeGreaterThan(50);
    expect(rejected['bad-magic']).toBeGreaterThan(50);
  });
});
