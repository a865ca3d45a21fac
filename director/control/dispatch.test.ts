// What a standby hands on: requests that only the active does, as they came, once, and their answers as they are.
import { expect, it } from 'vitest';
import { EXIT, FairleadError } from '../model/error.ts';
import type { AuditEntry, ControlBackend, RawReply, RawRequest } from './backend.ts';
import { answer, type ControlCall, toRefusal } from './dispatch.ts';
import { type Route, routes } from './routes.ts';

const REPLY: RawReply = { status: 412, headers: { etag: '"9"' }, body: '{"code":"stale"}' };

function standby(reply: RawReply | undefined = REPLY) {
  const handedOn: RawRequest[] = [];
  const handled: string[] = [];
  const handlers = new Proxy({}, { get: (_, name) => () => void handled.push(String(name)) });
  const backend: ControlBackend = {
    handlers: handlers as ControlBackend['handlers'],
    revision: () => 4,
    eventsAfter: async () => [],
    follow: () => ({ [Symbol.dispose]() {} }),
    followLive: () => ({ [Symbol.dispose]() {} }),
    audit: () => {},
    forward: async (request, cameFromPeer) => {
      if (cameFromPeer) throw new FairleadError('not-active', 'It stands by.', { exit: EXIT.notActive });
      handedOn.push(request);
      return reply;
    },
  };
  return { backend, handedOn, handled };
}

function call(method: string, target: string, body = '', more: Partial<ControlCall> = {}): ControlCall {
  const headers = { 'if-match': '"9"', 'fairlead-author': 'ann', 'content-type': 'application/json' };
  return { method, target, headers, readBody: async () => Buffer.from(body), cameFromPeer: false, ...more };
}

it('a change goes on to the active as it came, whatever revision is in force here', async () => {
  const { backend, handedOn, handled } = standby();
  const path = '/api/v1/services/www/servers/rs1/weight';
  expect(await answer(backend, call('POST', path, '{"weight":3}'))).toEqual(REPLY);
  expect(handedOn).toEqual([
    {
      method: 'POST',
      path,
      headers: { 'if-match': '"9"', 'fairlead-author': 'ann', 'content-type': 'application/json' },
      body: '{"weight":3}',
    },
  ]);
  expect(handled).toEqual([]);
});

it('what is wrong with a request is said here', async () => {
  const { backend, handedOn } = standby();
  const path = '/api/v1/services/www/servers/rs1/weight';
  await expect(answer(backend, call('POST', path, '{"weight":"x"}'))).rejects.toMatchObject({
    code: 'bad-request',
  });
  expect(handedOn).toEqual([]);
});

it('what was handed on by the peer goes no further', async () => {
  const { backend, handedOn } = standby();
  const asked = call('POST', '/api/v1/apply?dry_run=1', 'cluster: web', { cameFromPeer: true });
  const refusal = await answer(backend, asked).catch(toRefusal);
  expect(refusal.status).toBe(409);
  expect(JSON.parse(refusal.body)).toMatchObject({ code: 'not-active', exit: EXIT.notActive });
  expect(handedOn).toEqual([]);
});

it('an active does it itself, if the revision is the one that was seen', async () => {
  const { backend, handled } = standby();
  const active = { ...backend, forward: async () => undefined };
  const path = '/api/v1/services/www/servers/rs1/drain';
  await expect(answer(active, call('POST', path))).rejects.toMatchObject({ code: 'stale' });
  await answer(active, call('POST', path, '', { headers: { 'if-match': '"4"' } }));
  expect(handled).toEqual(['drain']);
});

it('reads, hold and release are about the director that is asked', async () => {
  const { backend, handedOn, handled } = standby();
  for (const [method, path] of [
    ['GET', '/status'],
    ['GET', '/ha'],
    ['POST', '/ha/hold'],
    ['POST', '/ha/release'],
  ] as const)
    await answer(backend, call(method, `/api/v1${path}`));
  expect(handled).toEqual(['status', 'ha', 'hold', 'release']);
  expect(handedOn).toEqual([]);
});

function audited(forward: NonNullable<ControlBackend['forward']>) {
  const entries: AuditEntry[] = [];
  const { backend } = standby();
  const handlers = new Proxy(
    {},
    {
      get: (_, name) => (request: { note: (change: object) => void }) => {
        request.note({ before: 1 });
        request.note({ after: 2 });
        if (name === 'disable') throw new Error('broken');
        return {};
      },
    },
  );
  return {
    entries,
    backend: {
      ...backend,
      handlers: handlers as ControlBackend['handlers'],
      audit: (entry: AuditEntry) => void entries.push(entry),
      forward,
    },
  };
}

it('every write is told to the audit once, done, refused or failed, but no rehearsal', async () => {
  const { backend, entries } = audited(async () => undefined);
  const headers = { 'if-match': '"4"', 'fairlead-author': 'ann', 'fairlead-origin': 'console 192.0.2.7' };
  const path = '/api/v1/services/www/servers/rs1';
  await answer(backend, call('POST', `${path}/enable`, '', { headers }));
  await answer(backend, call('POST', `${path}/disable`, '', { headers })).catch(() => {});
  await answer(
    backend,
    call('POST', `${path}/drain`, '', { headers: { ...headers, 'if-match': '"3"' } }),
  ).catch(() => {});
  await answer(
    backend,
    call('POST', `${path}/drain`, '', { headers: { ...headers, 'fairlead-role': 'viewer' } }),
  ).catch(() => {});
  await answer(backend, call('POST', '/api/v1/apply?dry_run=1', 'x', { headers }));
  await answer(backend, call('POST', '/api/v1/ha/switchover', '{"dry_run":true}', { headers }));
  await answer(backend, call('GET', '/api/v1/status', '', { headers }));
  const common = { who: 'ann', origin: 'console 192.0.2.7', target: 'www/rs1' };
  expect(entries).toEqual([
    { ...common, action: 'enable', before: 1, after: 2, outcome: 'done', detail: '' },
    {
      ...{ ...common, action: 'disable', before: 1, after: 2, outcome: 'failed' },
      detail: 'internal: Something went wrong inside: broken',
    },
    { ...common, action: 'drain', outcome: 'refused', detail: expect.stringMatching(/^stale: /) },
    { ...common, action: 'drain', outcome: 'refused', detail: expect.stringMatching(/^forbidden: /) },
  ]);
});

it('what is handed on is audited by the active, with where it came from; what cannot be, here', async () => {
  const path = '/api/v1/services/www/servers/rs1/enable';
  const headers = { 'if-match': '"4"', 'fairlead-author': 'ann', 'fairlead-origin': 'cli' };
  const handedOn = audited(async () => REPLY);
  await answer(handedOn.backend, call('POST', path, '', { headers }));
  expect(handedOn.entries).toEqual([]);
  const active = audited(async () => undefined);
  await answer(active.backend, call('POST', path, '', { headers, cameFromPeer: true, peer: 'lb2' }));
  expect(active.entries).toMatchObject([{ who: 'ann', origin: 'peer lb2: cli', outcome: 'done' }]);
  const alone = audited(async () => {
    throw new FairleadError('not-active', 'Nobody is.', { exit: EXIT.notActive });
  });
  await answer(alone.backend, call('POST', path, '', { headers })).catch(() => {});
  expect(alone.entries).toMatchObject([{ outcome: 'refused', detail: 'not-active: Nobody is.' }]);
});

it('a change that the peer took over without is told to the peer, and its answer is the answer', async () => {
  const path = '/api/v1/services/www/servers/rs1/enable';
  const headers = { 'if-match': '"4"', 'fairlead-author': 'ann', 'fairlead-origin': 'cli' };
  let asked = 0;
  const { backend } = audited(async () => (++asked === 1 ? undefined : REPLY));
  const overtaken = { ...backend, confirm: async () => false };
  expect(await answer(overtaken, call('POST', path, '', { headers }))).toBe(REPLY);
  asked = 0;
  const known = { ...backend, confirm: async () => true };
  expect(await answer(known, call('POST', path, '', { headers }))).toMatchObject({ status: 200 });
  expect(asked).toBe(1);
});

it('every change that needs If-Match is the active’s', () => {
  for (const route of Object.values(routes) as Route[])
    if (route.conditional === true) expect(route.active, route.path).toBe(true);
});
