import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import type { Clock } from '../model/clock.ts';
import { exampleState } from './support/example.ts';
import { freeEnds, hurriedClock, openEnd } from './support/pair.ts';
import { openFakePeer } from './support/stranger.ts';

const STATUS = { method: 'GET', path: '/api/v1/status', headers: {} };
const HELLO = {
  director: 'lb2',
  epoch: 1,
  role: 'standby',
  have: { session: '0'.repeat(16), serial: 0, texts: [] },
};
const json = (response: http.ServerResponse, value: unknown): void => {
  response.end(JSON.stringify(value));
};

test('a peer that takes connections and never answers is not connected, and a call says that it may have been carried out', async () => {
  const ends = await freeEnds();
  await using fake = await openFakePeer(ends.lb2, () => {});
  await using one = await openEnd('lb1', ends, { clock: hurriedClock(20) });
  one.channel.push(exampleState());
  await expect(one.channel.call(STATUS)).rejects.toMatchObject({ code: 'peer-no-answer' });
  expect(one.channel.connected()).toBe(false);
  expect(one.changes).toEqual([]);
  expect(fake.requests).not.toContain('PUT /peer/state');
});

test('a port that says nothing at all is unreachable', async () => {
  const ends = await freeEnds();
  const sockets: net.Socket[] = [];
  const mute = net.createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => mute.listen(ends.lb2.port, ends.lb2.address, resolve));
  await using one = await openEnd('lb1', ends, { clock: hurriedClock(20) });
  await expect(one.channel.call(STATUS)).rejects.toMatchObject({ code: 'peer-unreachable' });
  for (const socket of sockets) socket.destroy();
  mute.close();
});

test('while the peer is slow only the newest state waits for it', async () => {
  const ends = await freeEnds();
  const held: (() => void)[] = [];
  const bodies: string[] = [];
  await using _fake = await openFakePeer(ends.lb2, async (request, response) => {
    if (request.method === 'GET') return json(response, HELLO);
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    const { session, serial } = JSON.parse(body);
    held.push(() => json(response, { ...HELLO, have: { session, serial, texts: [] } }));
  });
  await using one = await openEnd('lb1', ends);
  one.channel.push(exampleState({ epoch: 1 }));
  await eventually(() => held.length).toBe(1);
  for (let epoch = 2; epoch <= 500; epoch++) one.channel.push(exampleState({ epoch }));
  expect(one.channel.status().upToDate).toBe(false);
  held[0]!();
  await eventually(() => held.length).toBe(2);
  held[1]!();
  await eventually(() => one.channel.status().upToDate).toBe(true);
  expect(bodies.map((body) => JSON.parse(body).epoch)).toEqual([1, 500]);
  expect(JSON.parse(bodies[1]!)).toMatchObject({ base: 1 });
});

test('answers that make no sense count as none, and are not asked for in a loop', async () => {
  const nonsense = [
    '',
    '{',
    'null',
    '[]',
    JSON.stringify({ ...HELLO, director: 'lb3' }),
    'x'.repeat(1 << 20),
  ];
  await Promise.all(
    nonsense.map(async (answer) => {
      const ends = await freeEnds();
      await using fake = await openFakePeer(ends.lb2, (_, response) => response.end(answer));
      await using one = await openEnd('lb1', ends);
      one.channel.push(exampleState());
      await eventually(() => fake.requests.length).toBeGreaterThan(1);
      expect(one.channel.connected()).toBe(false);
      expect(fake.requests.length).toBeLessThan(5);
    }),
  );
});

test('a peer that never agrees is pushed to twice a time', async () => {
  const ends = await freeEnds();
  await using fake = await openFakePeer(ends.lb2, (request, response) => {
    request.resume();
    response.statusCode = request.method === 'PUT' ? 409 : 200;
    json(response, HELLO);
  });
  await using one = await openEnd('lb1', ends);
  one.channel.push(exampleState());
  const pushes = () => fake.requests.filter((each) => each.startsWith('PUT')).length;
  await eventually(pushes).toBe(2);
  // The next hello tries again.
  await eventually(pushes).toBe(4);
});

test('a peer with a certificate in place of the key is refused', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  using folder = temporaryFolder();
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder.path, name));
  const subject = ['-subj', '/CN=127.0.0.3', '-addext', 'subjectAltName=IP:127.0.0.3'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key!, '-out', cert!, ...subject], {
    stdio: 'ignore',
  });
  const shown = { key: readFileSync(key!), cert: readFileSync(cert!) };
  await using fake = await openFakePeer(ends.lb2, (_, response) => json(response, HELLO), shown);
  await expect(one.channel.call(STATUS)).rejects.toMatchObject({ code: 'peer-unreachable' });
  expect(fake.requests).toEqual([]);
});

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'fairlead-peer-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('a peer that refuses our state is asked less and less often', async () => {
  const ends = await freeEnds();
  await using fake = await openFakePeer(ends.lb2, (request, response) => {
    request.resume();
    if (request.method === 'PUT') response.statusCode = 400;
    json(response, HELLO);
  });
  await using one = await openEnd('lb1', ends, { clock: hurriedClock(5) });
  one.channel.push(exampleState());
  const asked = (what: string) => fake.requests.filter((each) => each.startsWith(what)).length;
  await eventually(() => asked('GET')).toBeGreaterThan(9);
  expect(asked('PUT')).toBeGreaterThan(1);
  expect(asked('PUT')).toBeLessThan(asked('GET') / 2 + 1);
  expect(one.channel.status().sent.failed).toBe(asked('PUT'));
});

test('what waits for a peer that has fallen silent is given up with it', async () => {
  const ends = await freeEnds();
  let silent = false;
  await using fake = await openFakePeer(ends.lb2, (request, response) => {
    if (!silent && request.method === 'GET' && request.url === '/peer/hello') json(response, HELLO);
  });
  await using one = await openEnd('lb1', ends, { clock: hurriedClock(10) });
  await eventually(() => one.channel.connected()).toBe(true);
  one.channel.push(exampleState());
  const call = one.channel.call(STATUS);
  await eventually(() => fake.requests).toContain('PUT /peer/state');
  silent = true;
  await expect(call).rejects.toMatchObject({
    code: 'peer-no-answer',
    message: expect.not.stringContaining('within'),
  });
  expect(one.channel.connected()).toBe(false);
});

test('it listens as soon as its address is free, and keeps asking until then', async () => {
  const ends = await freeEnds();
  const occupant = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => occupant.listen(ends.lb1.port, ends.lb1.address, resolve));
  await using one = await openEnd('lb1', ends, { clock: hurriedClock(4) });
  expect(one.channel.status()).toMatchObject({
    listening: false,
    listening_because: expect.stringContaining('EADDRINUSE'),
  });
  await using other = await openEnd('lb2', ends, { clock: hurriedClock(4) });
  await eventually(() => one.channel.connected()).toBe(true);
  expect(other.channel.connected()).toBe(false);
  await new Promise((resolve) => occupant.close(resolve));
  await eventually(() => other.channel.connected()).toBe(true);
  expect(one.channel.status().listening).toBe(true);
});

test('closing ends what is under way, and leaves neither sockets nor timers', async () => {
  const sockets = (): string[] => process.getActiveResourcesInfo().filter((kind) => /TCP|TLS/.test(kind));
  const timers = new Set<Disposable>();
  const real = hurriedClock();
  const clock: Clock = {
    ...real,
    after(delay_ms, run) {
      const timer = real.after(delay_ms, () => {
        timers.delete(handle);
        run();
      });
      const handle = {
        [Symbol.dispose]() {
          timers.delete(handle);
          timer[Symbol.dispose]();
        },
      };
      timers.add(handle);
      return handle;
    },
  };
  const ends = await freeEnds();
  {
    const hang = Promise.withResolvers<never>();
    await using one = await openEnd('lb1', ends, { clock, serve: () => hang.promise });
    await using other = await openEnd('lb2', ends, { clock });
    one.channel.push(exampleState());
    await eventually(() => other.states.length).toBeGreaterThan(0);
    const calls = Array.from({ length: 10 }, () => other.channel.call(STATUS));
    await eventually(() => one.channel.status().received.calls).toBe(4);
    const ended = Promise.allSettled(calls);
    await other[Symbol.asyncDispose]();
    const codes = (await ended).map((each) => (each.status === 'rejected' ? each.reason.code : 'done'));
    expect(codes).toEqual(Array(10).fill('stopping'));
    await one[Symbol.asyncDispose]();
    other.channel.push(exampleState());
    hang.reject(new Error('too late'));
  }
  await eventually(sockets).toEqual([]);
  await eventually(() => timers.size).toBe(0);
});
