import { expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import type { PeerState } from './state.ts';
import { exampleState, revision } from './support/example.ts';
import { freeEnds, hurriedClock, KEY, keyring, OTHER_KEY, openEnd } from './support/pair.ts';

test('states go both ways, complete and as they were', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  await using other = await openEnd('lb2', ends);
  const active = exampleState();
  const standby = exampleState({ director: 'lb2', role: 'standby', epoch: 2, orders: [], verdicts: [] });
  one.channel.push(active);
  other.channel.push(standby);
  await eventually(() => other.states.at(-1)).toEqual(active);
  await eventually(() => one.states.at(-1)).toEqual(standby);
  await eventually(() => one.channel.status().upToDate).toBe(true);
  expect(one.channel.connected()).toBe(true);
  expect(one.channel.status()).toMatchObject({
    listening: true,
    peer: { epoch: 2, role: 'standby' },
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_CHACHA20_POLY1305_SHA256 X25519MLKEM768' },
    refused: {},
  });
});

test('a state is known to be heeded, or refused, once the peer has said so', async () => {
  const ends = await freeEnds();
  let heeds = true;
  let told = 0;
  await using one = await openEnd('lb1', ends, { onHeeded: () => told++ });
  await using _other = await openEnd('lb2', ends, { onState: () => heeds });
  expect(one.channel.heeded()).toBe(undefined);
  const first = exampleState();
  one.channel.push(first);
  await eventually(() => one.channel.heeded()).toBe(first);
  heeds = false;
  one.channel.push(exampleState({ epoch: 9 }));
  await eventually(() => one.channel.heeded()).toBe('refused');
  expect(told).toBe(2);
});

test('only differences go out after the first state, and none that the peer has', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  await using other = await openEnd('lb2', ends);
  const text = `# ${'x'.repeat(100_000)}\n`;
  const verdicts = Array.from({ length: 2_000 }, (_, at) => ({
    key: `k${at}`,
    health: 'up' as const,
    reason: '',
    at,
  }));
  const first = exampleState({ revision: revision(6, text), verdicts });
  one.channel.push(first);
  await eventually(() => one.channel.status().upToDate).toBe(true);
  const bytes = one.channel.status().sent.bytes;
  const second = {
    ...first,
    epoch: 4,
    orders: [],
    verdicts: [...verdicts.slice(1, -1), { ...verdicts[1_999]!, health: 'down' as const }],
  };
  one.channel.push(second);
  await eventually(() => other.states.at(-1)?.epoch).toBe(4);
  const received = other.states.at(-1)!;
  const byKey = (list: PeerState['verdicts']) => list.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  expect(byKey(received.verdicts)).toEqual(byKey(second.verdicts));
  expect(received).toMatchObject({ orders: [], revision: { text } });
  expect(bytes).toBeGreaterThan(100_000);
  expect(one.channel.status().sent.bytes - bytes).toBeLessThan(1_000);
});

test('a burst of changes ends in the newest state, and few pushes', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  await using other = await openEnd('lb2', ends);
  for (let epoch = 1; epoch <= 1_000; epoch++) one.channel.push(exampleState({ epoch }));
  await eventually(() => other.states.at(-1)?.epoch).toBe(1_000);
  expect(other.states.length).toBeLessThan(10);
});

test('a request to the control API is put to the peer and answered', async () => {
  const ends = await freeEnds();
  const asked: unknown[] = [];
  await using _one = await openEnd('lb1', ends, {
    async serve(request) {
      asked.push(request);
      return {
        status: 201,
        headers: { etag: '"7"', connection: 'close' },
        body: `${request.method} ${request.path} ${request.body}`,
      };
    },
  });
  await using other = await openEnd('lb2', ends);
  const reply = await other.channel.call({
    method: 'POST',
    path: '/api/v1/configuration?comment=x',
    headers: { 'If-Match': '"6"', 'fairlead-author': 'eve', host: 'elsewhere' },
    body: 'märz',
  });
  expect(reply).toMatchObject({ status: 201, headers: { etag: '"7"' } });
  expect(reply.body).toBe('POST /api/v1/configuration?comment=x märz');
  expect(asked).toEqual([
    {
      method: 'POST',
      path: '/api/v1/configuration?comment=x',
      headers: { 'if-match': '"6"', 'fairlead-author': 'eve' },
      body: 'märz',
      peer: 'lb2',
    },
  ]);
});

test('what the peer throws comes back as a problem with its code', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  await using other = await openEnd('lb2', ends);
  const reply = await other.channel.call({ method: 'GET', path: '/api/v1/status', headers: {} });
  expect(reply.status).toBe(409);
  expect(JSON.parse(reply.body)).toMatchObject({ code: 'refused' });
  expect(one.channel.status().refused).toEqual({});
});

test('more calls than can be under way are refused at once, and all others answered', async () => {
  const ends = await freeEnds();
  const open = Promise.withResolvers<void>();
  await using one = await openEnd('lb1', ends, {
    async serve() {
      await open.promise;
      return { status: 200, headers: {}, body: 'done' };
    },
  });
  await using other = await openEnd('lb2', ends);
  const calls = Array.from({ length: 40 }, () =>
    other.channel.call({ method: 'GET', path: '/api/v1/status', headers: {} }).then(
      ({ body }) => body,
      ({ code }) => code,
    ),
  );
  await eventually(() => one.channel.status().received.calls).toBe(4);
  // Hello and states have connections of their own.
  other.channel.push(exampleState({ director: 'lb2' }));
  await eventually(() => one.states.length).toBe(1);
  open.resolve();
  const replies = await Promise.all(calls);
  expect(replies).toEqual([...Array(32).fill('done'), ...Array(8).fill('peer-busy')]);
});

test('calls that cannot be made are refused with a code', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends);
  const call = (more: object) =>
    one.channel.call({ method: 'GET', path: '/api/v1/status', headers: {}, ...more });
  await expect(call({})).rejects.toMatchObject({ code: 'peer-unreachable', remedy: expect.any(String) });
  await expect(call({ path: '/peer/state' })).rejects.toMatchObject({ code: 'bad-request' });
  await expect(call({ path: '/api/ä b' })).rejects.toMatchObject({ code: 'bad-request' });
  await expect(call({ headers: { a: 'b\r\nc: d' } })).rejects.toMatchObject({ code: 'bad-request' });
  await expect(call({ method: 'GET /', headers: {} })).rejects.toMatchObject({ code: 'bad-request' });
  await expect(call({ body: 'x'.repeat(5 << 20) })).rejects.toMatchObject({ code: 'too-large' });
});

test('a peer with another key, cluster or name is turned away, and told', async () => {
  for (const [more, reason] of [
    [{ keyring: keyring(OTHER_KEY) }, 'unknown-key'],
    [{ cluster: 'c2' }, 'other-cluster'],
    [{ node: 'lb3' }, 'other-director'],
    [{ node: 'lb1' }, 'own-name'],
  ] as const) {
    const ends = await freeEnds();
    await using one = await openEnd('lb1', ends);
    await using other = await openEnd('lb2', ends, more);
    await eventually(() => one.channel.status().refused[reason]).toBeGreaterThan(0);
    await eventually(() => other.channel.status().because).toContain('does not accept our key');
    expect(one.channel.connected() || other.channel.connected()).toBe(false);
    expect(one.log.filter((line) => line.includes('turned something away')).length).toBe(1);
  }
});

test('either key works while one replaces the other, and none when it is gone from the file', async () => {
  const ends = await freeEnds();
  const keys = [KEY];
  await using one = await openEnd('lb1', ends, {
    keyring: { forPurpose: () => keyring(...keys).forPurpose('peer') },
  });
  await using other = await openEnd('lb2', ends, { keyring: keyring(OTHER_KEY, KEY) });
  await eventually(() => one.channel.connected() && other.channel.connected()).toBe(true);
  one.channel.push(exampleState());
  await eventually(() => other.states.length).toBeGreaterThan(0);
  keys.splice(0, 1, OTHER_KEY);
  // Connections made with the former key are not good any more.
  await eventually(() => one.channel.status().refused['unknown-key']).toBeGreaterThan(0);
  other.channel.push(exampleState({ director: 'lb2', role: 'standby' }));
  await eventually(() => one.states.at(-1)?.director).toBe('lb2');
});

test('a peer that comes back is found again and gets the whole state', async () => {
  const ends = await freeEnds();
  await using one = await openEnd('lb1', ends, { clock: hurriedClock(8) });
  one.channel.push(exampleState());
  for (let life = 0; life < 3; life++) {
    await using other = await openEnd('lb2', ends);
    await eventually(() => other.states.at(-1)).toEqual(exampleState());
    await eventually(() => one.channel.connected()).toBe(true);
    await other[Symbol.asyncDispose]();
    await eventually(() => one.channel.connected()).toBe(false);
  }
  expect(one.changes).toEqual([true, false, true, false, true, false]);
});
