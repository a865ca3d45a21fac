import type net from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { identityOf, peerKeys } from './key.ts';
import { exampleState } from './support/example.ts';
import { freeEnds, KEY, keyring, openEnd } from './support/pair.ts';
import { askRaw, connectPlain, connectTls, put } from './support/stranger.ts';

const GOOD = {
  session: '0123456789abcdef',
  serial: 1,
  ...exampleState({ director: 'lb2', role: 'standby' }),
};

test('without the key there is no handshake, whatever is offered instead', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const without = { pskCallback: () => null, rejectUnauthorized: false };
  expect(await connectTls(ends, without)).toBeUndefined();
  expect(await connectTls(ends, { ...without, maxVersion: 'TLSv1.2' })).toBeUndefined();
  const wrong = { psk: Buffer.alloc(32), identity: '' };
  for (const identity of ['', 'x', '//////', '\0'.repeat(200), 'fairlead-peer-1/c1/lb2/__proto__'])
    expect(await connectTls(ends, { pskCallback: () => ({ ...wrong, identity }) })).toBeUndefined();
  // Plain suites that need no key exchange, and the older version, even with the key.
  expect(
    await connectTls(ends, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-PSK-CHACHA20-POLY1305' }),
  ).toBeUndefined();
  const key = await connectTls(ends);
  expect(key?.getProtocol()).toBe('TLSv1.3');
  key?.destroy();
  const { refused } = one.channel.status();
  expect(refused).toMatchObject({ 'foreign-identity': expect.any(Number), 'unknown-key': 1 });
  expect(one.log.filter((line) => line.includes('turned something away')).length).toBe(1);
});

test('the right identity with the wrong key is told apart', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const identity = identityOf('c1', 'lb2', peerKeys(keyring(KEY), 'c1')[0]!);
  const wrong = { pskCallback: () => ({ psk: Buffer.alloc(32), identity }) };
  expect(await connectTls(ends, wrong)).toBeUndefined();
  await eventually(() => one.channel.status().refused).toEqual({ 'wrong-key': 1 });
});

test('many strangers and half-open connections do not keep the peer out', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const mute: net.Socket[] = [];
  for (let i = 0; i < 40; i++) mute.push(await connectPlain(ends));
  for (let i = 0; i < 40; i++) mute.push(await connectPlain(ends, '127.0.0.1'));
  await using other = await openEnd('lb2', ends);
  await eventually(() => other.channel.connected()).toBe(true);
  await eventually(() => mute.filter((socket) => !socket.closed).length).toBeLessThan(9);
  const { refused } = one.channel.status();
  expect(refused).toMatchObject({ 'other-address': 40, 'too-many-handshakes': expect.any(Number) });
  for (const socket of mute) socket.destroy();
});

test('with the key too there are no more than a few connections', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const sockets: (net.Socket | undefined)[] = [];
  for (let i = 0; i < 20; i++) sockets.push(await connectTls(ends));
  await eventually(() => sockets.filter((socket) => socket?.closed === false).length).toBe(8);
  expect(one.channel.status().refused['too-many-connections']).toBe(12);
  for (const socket of sockets) socket?.destroy();
});

test('random bytes on the port come to nothing', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
      fc.boolean(),
      async (bytes, asHandshake) => {
        const socket = await connectPlain(ends);
        socket.resume();
        // A record header of TLS in front, so that its parser has a look at the rest.
        const header = asHandshake ? [22, 3, 1, bytes.length >> 8, bytes.length & 255] : [];
        socket.end(Buffer.from([...header, ...bytes]));
        await new Promise((resolve) => (socket.closed ? resolve(0) : socket.once('close', resolve)));
      },
    ),
    { numRuns: 100 },
  );
  await using other = await openEnd('lb2', ends);
  await eventually(() => other.channel.connected()).toBe(true);
  expect(Object.keys(one.channel.status().refused).length).toBeGreaterThan(0);
});

test('requests that are none of ours, and bodies that are none, are refused with a code', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const cases: [string | Buffer, number, string][] = [
    [put('{'), 400, 'bad-request'],
    [put(Buffer.from([0x22, 0xff, 0x22])), 400, 'bad-request'],
    [put('null'), 400, 'bad-request'],
    [put('{"__proto__":{"session":"x"}}'), 400, 'bad-request'],
    [put(`${'['.repeat(100_000)}`), 400, 'bad-request'],
    [put(JSON.stringify({ ...GOOD, director: 'lb3' })), 400, 'bad-request'],
    [put(JSON.stringify({ ...GOOD, epoch: -1 })), 400, 'bad-request'],
    [put(JSON.stringify({ ...GOOD, epoch: 1e300 })), 400, 'bad-request'],
    [put(JSON.stringify({ ...GOOD, orders: Array(100_001).fill(0) })), 400, 'bad-request'],
    [
      put(JSON.stringify({ ...GOOD, revision: { ...GOOD.revision, text: 'x'.repeat((4 << 20) + 1) } })),
      400,
      'bad-request',
    ],
    [put('x', '/peer/elsewhere'), 404, 'unknown-route'],
    ['GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404, 'unknown-route'],
    ['PUT /peer/state HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n', 413, 'too-large'],
    ['POST /api/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5000000\r\n\r\n', 413, 'too-large'],
  ];
  for (const [bytes, status, code] of cases) {
    const answer = await askRaw(ends, bytes);
    expect(answer, String(bytes).slice(0, 200)).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain(`"code":"${code}"`);
  }
  const hugeHeader = `GET /peer/hello HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`;
  for (const bytes of ['nonsense\r\n\r\n', hugeHeader]) expect(await askRaw(ends, bytes)).toBe('');
  expect(one.states).toEqual([]);
  expect(await askRaw(ends, put(JSON.stringify(GOOD)))).toContain('HTTP/1.1 200 ');
  expect(one.states.length).toBe(1);
});

test('no state of another shape gets through', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const part = fc.constantFrom<string>(...Object.keys(GOOD));
  let serial = 0;
  const taken: [string, fc.JsonValue][] = ['orders', 'schedule', 'verdicts'].map((list) => [list, []]);
  await fc.assert(
    fc.asyncProperty(part, fc.jsonValue(), async (key, value) => {
      const before = one.states.length;
      const message = { ...GOOD, serial: ++serial, [key]: value };
      const answer = await askRaw(ends, put(JSON.stringify(message)));
      expect(answer).toMatch(/^HTTP\/1\.1 (200|400|409) /);
      const isTaken = answer.startsWith('HTTP/1.1 200');
      expect(one.states.length - before).toBe(isTaken ? 1 : 0);
      if (isTaken) expect(Object.keys(one.states.at(-1)!).sort()).toEqual(Object.keys(exampleState()).sort());
    }),
    { numRuns: 60, examples: taken },
  );
  expect(one.states.length).toBeGreaterThanOrEqual(taken.length);
});

test('a handshake that does not go on, and a request that does not end, are broken off', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const mute = await connectPlain(ends);
  const slow = await connectTls(ends);
  slow?.write('GET /peer/hello HTTP/1.1\r\nhost');
  await eventually(() => mute.closed && slow?.closed).toBe(true);
  expect(one.channel.status().refused).toMatchObject({ 'handshake-timeout': 1 });
}, 15_000);
