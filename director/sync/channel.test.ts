// The socket to the peer against everybody who may send to it.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { keyringsFrom } from '../../heartbeat/link/keys.ts';
import { eventually } from '../../test/support/eventually.ts';
import { systemClock } from '../native/system-clock.ts';
import { Channel } from './channel.ts';
import { HEADER_BYTES, MAC_BYTES, MAGIC } from './core/datagram.ts';

const keyring = keyringsFrom(['0123456789abcdef0123456789abcdef']).forPurpose('sync');
const others = keyringsFrom(['another key of the same length..']).forPurpose('sync');
const LOCAL = '127.0.0.1';

const opened: Disposable[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each[Symbol.dispose]();
});

async function socket(): Promise<Socket> {
  const made = createSocket('udp4');
  made.bind(0, LOCAL);
  await once(made, 'listening');
  opened.push({ [Symbol.dispose]: () => made.close() });
  return made;
}

async function freePort(): Promise<number> {
  const probe = createSocket('udp4');
  probe.bind(0, LOCAL);
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

interface Opened {
  readonly channel: Channel;
  readonly received: Uint8Array[];
  readonly port: number;
}

async function open(remotePort: number, own = LOCAL): Promise<Opened> {
  const received: Uint8Array[] = [];
  const port = await freePort();
  const channel = new Channel({
    own: { address: own, port },
    remote: { address: LOCAL, port: remotePort },
    keyring,
    clock: systemClock,
    receive: (bytes) => received.push(bytes),
  });
  opened.push(channel);
  return { channel, received, port };
}

function signed(by = keyring, length = HEADER_BYTES + 30): Uint8Array {
  const bytes = new Uint8Array(length + MAC_BYTES);
  bytes[0] = MAGIC >>> 8;
  bytes[1] = MAGIC & 0xff;
  bytes[45] = by.keyId;
  bytes.set(by.sign(bytes.subarray(0, length)), length);
  return bytes;
}

describe('the channel to the peer', () => {
  it('hands over what the peer has signed, and nothing else', async () => {
    const peer = await socket();
    const { channel, received, port } = await open(peer.address().port);
    await eventually(() => channel.problem).toBeUndefined();
    const send = (bytes: Uint8Array) => peer.send(bytes, port, LOCAL);
    const good = signed();
    const forged = signed();
    forged[60]! ^= 1;
    const noMagic = signed();
    noMagic[0]! ^= 1;
    for (const bytes of [new Uint8Array(), good.subarray(0, 40), signed(keyring, 1_500), noMagic, forged])
      send(bytes);
    send(signed(others));
    send(good);
    await eventually(() => received.length).toBe(1);
    expect(Buffer.compare(received[0]!, good)).toBe(0);
    const { 'unknown-key': unknown = 0, 'bad-signature': bad = 0, ...rest } = channel.rejected;
    expect(rest).toEqual({ 'too-short': 2, 'too-long': 1, magic: 1 });
    // two keys may have the same first byte
    expect(unknown + bad).toBe(2);
  });

  it('hears nobody but the peer’s own address and port', async () => {
    const peer = await socket();
    const stranger = await socket();
    const { channel, received, port } = await open(peer.address().port);
    await eventually(() => channel.problem).toBeUndefined();
    for (let count = 0; count < 1_000; count++) stranger.send(signed(), port, LOCAL);
    peer.send(signed(), port, LOCAL);
    await eventually(() => received.length).toBe(1);
    expect(channel.rejected).toEqual({});
  });

  it('signs what it sends', async () => {
    const peer = await socket();
    const { channel, port } = await open(peer.address().port);
    await eventually(() => channel.problem).toBeUndefined();
    const arrived = once(peer, 'message') as Promise<[Uint8Array, { port: number }]>;
    const bytes = new Uint8Array(200);
    channel.send(bytes, 120);
    const [message, from] = await arrived;
    expect(from.port).toBe(port);
    expect(message).toHaveLength(120 + MAC_BYTES);
    expect(keyring.verify(message.subarray(0, 120), message[45]!, message.subarray(120))).toBe('authentic');
  });

  it('waits for an address that is not there, and goes on when nobody listens', async () => {
    const missing = await open(9, '192.0.2.77');
    await eventually(() => missing.channel.problem).toContain('EADDRNOTAVAIL');
    missing.channel.send(new Uint8Array(200), 120);
    expect(missing.channel.rejected).toEqual({ 'not-sent': 1 });
    const alone = await open(await freePort());
    await eventually(() => alone.channel.problem).toBeUndefined();
    for (let count = 0; count < 5; count++) {
      alone.channel.send(new Uint8Array(200), 120);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(alone.channel.problem).toBeUndefined();
  });
});
