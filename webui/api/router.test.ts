// The API to the outside over real sockets, in front of a real director.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildOpenApi } from '../../director/control/openapi.ts';
import type { Status } from '../../director/control/schema.ts';
import { configurationText, Instance, RealServer } from '../../test/cli/support/instance.ts';
import { bearer, CSRF, cookie, type Reply, Stand } from './support/stand.ts';

const VIEWER = bearer('fl_viewer');
const OPERATOR = bearer('fl_operator');
const ADMIN = bearer('fl_admin');
const SERVER = '/api/v1/services/www/servers/rs1';

let real: RealServer;
let instance: Instance;
let stand: Stand;
beforeAll(async () => {
  real = await RealServer.open();
  instance = new Instance(configurationText({ servers: { rs1: real.port } }));
  await instance.run();
  stand = await Stand.open(instance.socket);
}, 30_000);
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]();
  await instance?.[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});

const told = ({ status, headers, json }: Reply) => {
  expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['x-content-type-options']).toBe('nosniff');
  return { status, code: json().code };
};

describe('a read', () => {
  it('passes with status, ETag and body, never to be kept or guessed at', async () => {
    const reply = await stand.ask('GET', '/api/v1/status', VIEWER);
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      etag: '"1"',
    });
    expect((reply.json() as unknown as Status).node).toBe('lb1');
    expect(Number(reply.headers['content-length'])).toBe(Buffer.byteLength(reply.text));
  });

  it('takes its query along', async () => {
    const reply = await stand.ask('GET', '/api/v1/events?limit=1', VIEWER);
    expect(reply.json().events).toHaveLength(1);
    expect(told(await stand.ask('GET', '/api/v1/events?limit=x', VIEWER))).toEqual({
      status: 400,
      code: 'bad-request',
    });
  });

  it('needs no token against forgery with a session', async () => {
    expect((await stand.ask('GET', '/api/v1/services', cookie('ann'))).status).toBe(200);
  });

  it('answers HEAD with the same head and no body', async () => {
    const reply = await stand.ask('HEAD', '/api/v1/status', VIEWER);
    expect([reply.status, reply.text, reply.headers.etag]).toEqual([200, '', '"1"']);
    expect(Number(reply.headers['content-length'])).toBeGreaterThan(100);
    expect((await stand.ask('HEAD', '/api/v1/nothing', VIEWER)).status).toBe(404);
    expect((await stand.ask('HEAD', '/api/v1/events/stream', VIEWER)).headers['content-type']).toContain(
      'event-stream',
    );
  });

  it('gives the document of the API itself', async () => {
    const reply = await stand.ask('GET', '/api/v1/openapi.json', VIEWER);
    expect(reply.json()).toEqual(buildOpenApi());
    expect((await stand.ask('HEAD', '/api/v1/openapi.json', VIEWER)).text).toBe('');
    expect((await stand.ask('POST', '/api/v1/openapi.json', ADMIN)).status).toBe(405);
  });
});

describe('a write', () => {
  it('passes with its precondition, in the name and the role of who asks', async () => {
    const given = { ...OPERATOR, 'if-match': '"1"', 'content-type': 'application/json' };
    const reply = await stand.ask('POST', `${SERVER}/weight`, given, '{"weight":7}');
    expect(reply.status).toBe(200);
    expect(reply.json()).toMatchObject({ server: { weight_ordered: 7 } });
    const { events } = await instance.client.call('events', { query: { limit: 1_000 } });
    expect(JSON.stringify(events.find((event) => event.kind === 'weight-ordered'))).toContain('otto');
  });

  it('is refused by the director where the role does not suffice', async () => {
    expect(told(await stand.ask('POST', `${SERVER}/disable`, { ...VIEWER, 'if-match': '*' }))).toEqual({
      ...{ status: 403, code: 'forbidden' },
    });
    expect(told(await stand.ask('GET', '/api/v1/audit', OPERATOR))).toEqual({
      status: 403,
      code: 'forbidden',
    });
  });

  it('cannot bring its own name, origin or role along', async () => {
    const forged = { ...VIEWER, 'fairlead-role': 'admin', 'fairlead-author': 'root', 'if-match': '*' };
    expect((await stand.ask('POST', `${SERVER}/disable`, forged)).status).toBe(403);
  });

  it('gets 428 without and 412 with a precondition that holds no more, as from the director', async () => {
    expect(told(await stand.ask('POST', `${SERVER}/enable`, OPERATOR))).toEqual({
      ...{ status: 428, code: 'precondition-required' },
    });
    expect(told(await stand.ask('POST', `${SERVER}/enable`, { ...OPERATOR, 'if-match': '"9"' }))).toEqual({
      ...{ status: 412, code: 'stale' },
    });
  });

  it('takes a configuration as YAML, and says what is wrong with it', async () => {
    const yaml = { ...ADMIN, 'if-match': '*', 'content-type': 'application/yaml' };
    const text = configurationText({ servers: { rs1: real.port }, scheduler: 'rr' });
    const applied = await stand.ask('POST', '/api/v1/apply?dry_run=1&comment=a%20%26%20b', yaml, text);
    expect(applied.json()).toMatchObject({ dry_run: true, changed: true });
    const refused = await stand.ask('POST', '/api/v1/apply', yaml, 'cluster: [');
    expect(told(refused)).toEqual({ status: 422, code: 'bad-configuration' });
    expect(refused.json().problems).toHaveLength(1);
  });

  it('takes a body of any framing', async () => {
    const chunked = { ...VIEWER, 'transfer-encoding': 'chunked', 'content-type': 'text/plain' };
    expect((await stand.ask('POST', '/api/v1/check', chunked, 'cluster: [')).json()).toMatchObject({
      ok: false,
    });
    expect(
      (await stand.ask('POST', '/api/v1/check', { ...VIEWER, expect: '100-continue' }, 'a: b')).status,
    ).toBe(200);
  });

  it.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/html'])(
    'refuses a body of type %s, which forms of other sites can send',
    async (type) => {
      const reply = await stand.ask('POST', '/api/v1/explain', { ...VIEWER, 'content-type': type }, '{}');
      expect(told(reply)).toEqual({ status: 415, code: 'wrong-media-type' });
    },
  );

  it('refuses a compressed body', async () => {
    const given = { ...VIEWER, 'content-encoding': 'gzip' };
    expect(told(await stand.ask('POST', '/api/v1/check', given, 'a: b')).status).toBe(415);
  });

  it('refuses bodies over 4 MiB, told or not', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024 + 1, 'a');
    const length = { ...VIEWER, 'content-length': large.length, expect: '100-continue' };
    expect(told(await stand.ask('POST', '/api/v1/check', length, large))).toEqual({
      status: 413,
      code: 'too-large',
    });
    const chunked = { ...VIEWER, 'transfer-encoding': 'chunked' };
    expect(told(await stand.ask('POST', '/api/v1/check', chunked, large)).status).toBe(413);
    const most = Buffer.alloc(4 * 1024 * 1024, '#');
    expect((await stand.ask('POST', '/api/v1/check', VIEWER, most)).status).toBe(200);
  });
});

describe('who comes in', () => {
  it.each<[string, Record<string, string>]>([
    ['nobody', {}],
    ['an unknown token', bearer('fl_nobody')],
    ['a token that is none', bearer('ann')],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unknown session', cookie('nobody')],
    ['an endless token', bearer(`fl_${'a'.repeat(5_000)}`)],
  ])('is not %s', async (_, headers) => {
    const reply = await stand.ask('GET', '/api/v1/status', headers);
    expect(told(reply)).toEqual({ status: 401, code: 'unauthenticated' });
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer realm="fairlead"/);
  });

  it('gets 401 also for what is not there', async () => {
    expect((await stand.ask('GET', '/api/v1/nothing')).status).toBe(401);
  });

  it('is a session or a token, never both', async () => {
    const reply = await stand.ask('GET', '/api/v1/status', { ...VIEWER, ...cookie('ann') });
    expect(told(reply)).toEqual({ status: 400, code: 'bad-request' });
  });

  it('makes the first account before anything else', async () => {
    expect(told(await stand.ask('GET', '/api/v1/status', cookie('first')))).toEqual({
      ...{ status: 403, code: 'forbidden' },
    });
  });

  it.each([
    ['no token', 'ann', {}],
    ['another token', 'ann', { 'x-csrf-token': 'csrf-of-bob' }],
    ['a part of it', 'ann', { 'x-csrf-token': CSRF.slice(0, -1) }],
    ['an empty token', 'ann', { 'x-csrf-token': '' }],
    ['an empty token for an empty one', 'bob', { 'x-csrf-token': '' }],
  ])('cannot write with a session and %s', async (_, session, headers) => {
    const given = { ...cookie(session), 'if-match': '*', ...headers };
    expect(told(await stand.ask('POST', `${SERVER}/enable`, given))).toEqual({
      status: 403,
      code: 'forbidden',
    });
  });

  it('writes with a session and its token', async () => {
    const given = { ...cookie('ann'), 'if-match': '*', 'x-csrf-token': CSRF };
    expect((await stand.ask('POST', `${SERVER}/enable`, given)).status).toBe(200);
  });

  it('may have its token compared in another way', async () => {
    await using masked = await Stand.open(instance.socket, {
      isToken: (given, token) => given === `~${token}`,
    });
    const given = { ...cookie('ann'), 'if-match': '*' };
    expect(
      (await masked.ask('POST', `${SERVER}/enable`, { ...given, 'x-csrf-token': `~${CSRF}` })).status,
    ).toBe(200);
    expect((await masked.ask('POST', `${SERVER}/enable`, { ...given, 'x-csrf-token': CSRF })).status).toBe(
      403,
    );
  });
});

describe('what is offered', () => {
  it.each([
    ['GET', '/api/v1/live'],
    ['POST', '/api/v1/login'],
    ['POST', '/api/v1/setup'],
    ['POST', '/api/v1/authenticate'],
    ['POST', '/api/v1/logout'],
    ['POST', '/api/v1/password'],
    ['GET', '/api/v1'],
    ['GET', '/api/v1/'],
    ['GET', '/api/v1/services/'],
    ['GET', '/api/v1/Status'],
    ['DELETE', '/api/v1/nothing'],
  ])('is not %s %s', async (method, path) => {
    expect(told(await stand.ask(method, path, ADMIN))).toEqual({ status: 404, code: 'unknown-route' });
  });

  it.each([
    ['DELETE', '/api/v1/status', 'GET, HEAD, OPTIONS'],
    ['POST', '/api/v1/status', 'GET, HEAD, OPTIONS'],
    ['POST', '/api/v1/drills', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/v1/apply', 'POST, OPTIONS'],
    ['HEAD', '/api/v1/apply', 'POST, OPTIONS'],
    ['PUT', '/api/v1/users', 'GET, HEAD, POST, OPTIONS'],
  ])('does not have %s for %s, and says what there is', async (method, path, allow) => {
    const reply = await stand.ask(method, path, ADMIN);
    expect([reply.status, reply.headers.allow]).toEqual([405, allow]);
  });

  it('is told by OPTIONS, without a word to pages of other sites', async () => {
    const asked = { ...ADMIN, origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const reply = await stand.ask('OPTIONS', '/api/v1/users', asked);
    expect([reply.status, reply.headers.allow]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('is the same where the router stands at the root, and leaves other paths alone', async () => {
    await using root = await Stand.open(instance.socket, { root: true });
    expect((await root.ask('GET', '/api/v1/status', VIEWER)).status).toBe(200);
    expect((await root.ask('GET', '/api/v1', VIEWER)).json().code).toBe('unknown-route');
    expect((await root.ask('GET', '/api/v10/status', VIEWER)).text).toBe('page');
    expect((await root.ask('GET', '/', VIEWER)).text).toBe('page');
  });
});

describe('a director that does not answer', () => {
  it('is told as such, with a remedy', async () => {
    await using alone = await Stand.open(`${instance.folder}/none.sock`);
    for (const [method, path] of [
      ['GET', '/status'],
      ['GET', '/events/stream'],
      ['POST', '/check'],
    ] as const) {
      const reply = await alone.ask(method, `/api/v1${path}`, ADMIN, method === 'POST' ? 'a: b' : undefined);
      expect(told(reply)).toEqual({ status: 503, code: 'not-running' });
      expect(reply.json().remedy).toMatch(/Start it/);
    }
  });
});
