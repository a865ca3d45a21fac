// Both ends over real sockets on loopback: a pairing, wrong codes, hostile bytes, and ends that break off.
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import type { Clock } from '../../model/clock.ts';
import { systemClock } from '../../native/system-clock.ts';
import { CIPHERS } from '../../peer/server.ts';
import { type Invitation, openInvitation } from './invite.ts';
import { type Joining, openJoining } from './join.ts';
import { keyOfCode, newCode } from './secret.ts';
import { IDENTITY } from './wire.ts';

const CONFIGURATION = `cluster: web # ${'x'.repeat(300_000)}\n`;
const KEY = 'a-key-that-is-long-enough\n';
const CODE = newCode();
const told: string[] = [];
const open: Invitation[] = [];
const sockets: net.Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
  told.length = 0;
});

async function invite(clock: Clock = systemClock, lasts_ms = 60_000): Promise<Invitation> {
  const invitation = await openInvitation({
    address: '127.0.0.1',
    port: 0,
    code: CODE,
    lasts_ms,
    offer: () => ({ version: '1', node: 'lb1', configuration: CONFIGURATION, revision: 3, macs: [] }),
    key: KEY,
    guest: 'lb2',
    clock,
    tell: (line) => told.push(line),
  });
  open.push(invitation);
  return invitation;
}

const join = (port: number, code = CODE): Promise<Joining> =>
  openJoining({ host: '127.0.0.1', port, code, version: '1', hostname: 'second', clock: systemClock });

function raw(port: number, bytes?: Uint8Array): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  return new Promise((resolve) =>
    socket.once('connect', () => {
      if (bytes !== undefined) socket.write(bytes);
      resolve(socket);
    }),
  );
}

/** Somebody who knows the code, and says what he likes. */
function insider(port: number): Promise<tls.TLSSocket> {
  const psk = keyOfCode(CODE);
  const socket = tls.connect({
    ...{ host: '127.0.0.1', port, minVersion: 'TLSv1.3', ciphers: CIPHERS },
    pskCallback: () => ({ psk, identity: IDENTITY }),
    checkServerIdentity: () => undefined,
  });
  sockets.push(socket);
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('secureConnect', () => resolve(socket)));
}

describe('a pairing', () => {
  it('gives configuration and key to whoever has the code, once', async () => {
    const invitation = await invite();
    using joining = await join(invitation.port);
    expect(joining.offer).toMatchObject({ node: 'lb1', configuration: CONFIGURATION, revision: 3 });
    expect(Math.abs(joining.clockAhead_ms)).toBeLessThan(60_000);
    expect(await joining.take('lb2')).toBe(KEY);
    await joining.done();
    expect(await invitation.outcome).toEqual({ hostname: 'second', confirmed: true });
    await expect(join(invitation.port)).rejects.toMatchObject({ code: 'nobody-invites' });
  });

  it('goes on after a guest that cannot be the second director', async () => {
    const invitation = await invite();
    using first = await join(invitation.port);
    first.refuse('no interface eth1');
    await eventually(() => told.join('\n')).toContain('no interface eth1');
    using second = await join(invitation.port);
    expect(await second.take('lb2')).toBe(KEY);
  });

  it('gives the key to nobody but the second director, and once only', async () => {
    const invitation = await invite();
    using wrong = await join(invitation.port);
    await expect(wrong.take('lb1')).rejects.toMatchObject({ code: 'pair-broken-off' });
    using first = await join(invitation.port);
    using late = await join(invitation.port);
    expect(await first.take('lb2')).toBe(KEY);
    await expect(late.take('lb2')).rejects.toMatchObject({ code: 'pair-broken-off' });
  });

  it('says that a guest took the key without confirming', async () => {
    const invitation = await invite();
    {
      using joining = await join(invitation.port);
      await joining.take('lb2');
    }
    expect(await invitation.outcome).toEqual({ hostname: 'second', confirmed: false });
  });

  it('refuses wrong codes, and ends after a few', async () => {
    const invitation = await invite();
    for (let turn = 0; turn < 5; turn++)
      await expect(join(invitation.port, newCode())).rejects.toMatchObject({ code: 'wrong-code', exit: 4 });
    await expect(invitation.outcome).rejects.toMatchObject({ code: 'wrong-codes' });
    await expect(join(invitation.port)).rejects.toMatchObject({ code: 'nobody-invites' });
  });

  it('ends after its time', async () => {
    const timers: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      after: (_delay, run) => {
        timers.push(run);
        return { [Symbol.dispose]: () => {} };
      },
    };
    const invitation = await invite(clock, 600_000);
    timers[0]?.();
    await expect(invitation.outcome).rejects.toMatchObject({ code: 'nobody-came' });
  });

  it('says where it cannot listen', async () => {
    const first = await invite();
    await expect(
      openInvitation({
        ...{ address: '127.0.0.1', port: first.port, code: CODE, lasts_ms: 1_000, key: KEY, guest: 'lb2' },
        ...{
          offer: () => ({ version: '1', node: 'lb1', configuration: '', macs: [] }),
          clock: systemClock,
          tell: () => {},
        },
      }),
    ).rejects.toMatchObject({ code: 'cannot-listen' });
  });

  it('survives hostile bytes, connections that say nothing, and floods of them', async () => {
    const invitation = await invite();
    await raw(invitation.port, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await raw(invitation.port, Buffer.alloc(200_000, 0x16));
    await raw(invitation.port, Buffer.from('1603010200010001fc0303', 'hex')); // a hello that is cut off
    (await raw(invitation.port)).end();
    const silent = await Promise.all(Array.from({ length: 40 }, () => raw(invitation.port)));
    await eventually(() => silent.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(16);
    for (const socket of silent) socket.destroy();
    await eventually(async () => (await join(invitation.port)).offer.node).toBe('lb1');
  });

  it.each([
    ['no JSON', 'nonsense\n'],
    ['another shape', '{"format":2}\n'],
    ['more than it may', 'x'.repeat(100_000)],
    ['a key before it was offered anything', '{"take":"lb2"}\n'],
    ['a hello that is cut off', '{"format":1,'],
  ])('tells nothing to an insider who says %s', async (_, text) => {
    const invitation = await invite();
    const socket = await insider(invitation.port);
    let heard = '';
    socket.on('data', (chunk) => (heard += String(chunk)));
    socket.end(text);
    await eventually(() => told.join('\n')).toContain('broke off');
    expect(heard).toBe('');
    using joining = await join(invitation.port);
    expect(joining.offer.node).toBe('lb1');
  });

  it('does not believe a host that does not know the code', async () => {
    const psk = keyOfCode(newCode());
    const server = tls.createServer({ pskCallback: () => psk, minVersion: 'TLSv1.3', ciphers: CIPHERS });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await expect(join((server.address() as net.AddressInfo).port)).rejects.toMatchObject({
        code: 'wrong-code',
      });
    } finally {
      server.close();
    }
  });

  it('says so when nobody invites', async () => {
    await expect(join(1)).rejects.toMatchObject({
      code: 'nobody-invites',
      remedy: expect.stringContaining('--invite'),
    });
  });
});
