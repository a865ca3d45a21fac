// The control server against a director that really decides (reference engine): what a client may do wrong, and what
// it is told then.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { thisMachine } from '../doctor/machine.ts';
import { FairleadError } from '../model/error.ts';
import { systemClock } from '../native/system-clock.ts';
import { type Pulse, socketOf, startPulse } from '../pulse/pulse.ts';
import { openControlClient } from './client.ts';
import { routes } from './routes.ts';
import type { ApiEvent } from './schema.ts';
import { BODY_MAX_BYTES } from './server.ts';

const TEXT = `cluster: web
directors: { lb1: { address: 127.0.0.1 } }
engine: { kind: memory }
services:
  www:
    listen: tcp://127.0.0.100:80
    scheduler: wlc
    method: nat
    monitor: none
    servers: { rs1: { address: 10.1.0.21:80 }, rs2: { address: 10.1.0.22:80 } }
`;

let folder: string;
let socket: string;
let pulse: Pulse;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-control-'));
  fs.writeFileSync(path.join(folder, 'fairlead.yaml'), TEXT);
  socket = socketOf(folder);
  pulse = await startPulse({
    configFile: path.join(folder, 'fairlead.yaml'),
    node: 'lb1',
    stateFolder: folder,
    runtimeFolder: folder,
    version: '0',
    releaseOnExit: false,
    clock: systemClock,
    machine: thisMachine(systemClock.now),
    log: () => {},
  });
});
afterAll(async () => {
  await pulse?.[Symbol.asyncDispose]();
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

function ask(
  method: string,
  target: string,
  options: { headers?: http.OutgoingHttpHeaders; body?: string | Buffer; chunked?: boolean } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { socketPath: socket, method, path: target, agent: false, headers: options.headers ?? {} },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
          }),
        );
      },
    );
    request.on('error', reject);
    if (options.body !== undefined && options.chunked !== true)
      request.setHeader('content-length', Buffer.byteLength(options.body));
    request.end(options.body);
  });
}

const WEIGHT = '/api/v1/services/www/servers/rs1/weight';

/** What a route cannot be asked without. */
const QUERIES: Readonly<Record<string, string>> = {
  '/history/series': '?subject=www&from=0&to=1000',
  '/history/moment': '?at=1000',
  '/history/recent': '?metric=active',
};

describe('reading', () => {
  it.each(
    Object.values(routes)
      .filter((route) => route.method === 'GET' && !('stream' in route))
      .map(
        ({ path }) =>
          path.replace(':service', 'www').replace(':server', 'rs1').replace(':revision', '1') +
          (QUERIES[path] ?? ''),
      ),
  )('GET %s answers with the ETag of the revision', async (route) => {
    const { status, headers } = await ask('GET', `/api/v1${route}`);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      etag: '"1"',
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    });
  });

  it('keeps the socket to its owner and group', () => {
    expect(fs.statSync(socket).mode & 0o777).toBe(0o660);
  });
});

describe('what cannot be', () => {
  it.each([
    ['GET', '/', 404, 'unknown-route'],
    ['GET', '/api/v1/nothing', 404, 'unknown-route'],
    ['GET', '/api/v1/services/nope', 404, 'unknown-service'],
    ['GET', '/api/v1/services/www/servers/nope', 404, 'unknown-server'],
    ['GET', '/api/v1/services/__proto__', 404, 'unknown-service'],
    ['GET', '/api/v1/services/%ff', 400, 'bad-request'],
    ['GET', '/api/v1/services/%2e%2e%2fstatus', 404, 'unknown-service'],
    ['GET', '/api/v1/revisions/99', 404, 'unknown-revision'],
    ['GET', '/api/v1/revisions/1e0', 404, 'unknown-revision'],
    ['DELETE', '/api/v1/status', 405, 'method-not-allowed'],
    ['POST', '/api/v1/status', 405, 'method-not-allowed'],
    ['GET', '/api/v1/status?x=1', 400, 'bad-request'],
    ['GET', '/api/v1/events?limit=0', 400, 'bad-request'],
    ['GET', '/api/v1/events?limit=1e9', 400, 'bad-request'],
    ['GET', '/api/v1/events?sinse=1', 400, 'bad-request'],
    ['GET', '/api/v1/connections?client=host', 400, 'bad-request'],
    ['GET', '/api/v1/connections?state=MAYBE', 400, 'bad-request'],
  ])('%s %s is %i %s', async (method, target, status, code) => {
    const answer = await ask(method, target);
    expect(answer).toMatchObject({ status, body: { status, code, type: `urn:fairlead:${code}` } });
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body.detail).toMatch(/\.$/);
  });

  it.each([
    ['no JSON', '{'],
    ['another type', '[]'],
    ['no field', '{}'],
    ['a field too many', '{"weight":1,"x":1}'],
    ['a bad value', '{"weight":-1}'],
    ['a huge value', '{"weight":1e300}'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('a body with %s is 400', async (_, body) => {
    const answer = await ask('POST', WEIGHT, { headers: { 'if-match': '*' }, body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad-request', exit: 2 } });
  });

  it('a body beyond the limit is 413, announced or not', async () => {
    const body = Buffer.alloc(BODY_MAX_BYTES + 1, 0x20);
    for (const chunked of [false, true]) {
      const answer = await ask('POST', '/api/v1/check', { body, chunked }).catch((error: unknown) => error);
      // The server hangs up while we are still sending: either its answer or the broken pipe comes first.
      if (!(answer instanceof Error))
        expect(answer).toMatchObject({ status: 413, body: { code: 'too-large' } });
    }
    expect((await ask('GET', '/api/v1/status')).status).toBe(200);
  });

  it('headers beyond the limit, and bytes that are no HTTP, are refused and harm nothing', async () => {
    const raw = (bytes: Buffer | string): Promise<string> =>
      new Promise((resolve) => {
        let text = '';
        const connection = net.connect(socket, () => connection.end(bytes));
        connection.on('data', (chunk) => (text += chunk.toString('latin1')));
        connection.on('error', () => {});
        connection.on('close', () => resolve(text));
      });
    expect(await raw('\x16\x03\x01 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(`GET / HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4/);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await raw(Buffer.from(bytes));
      }),
      { numRuns: 50 },
    );
    expect((await ask('GET', '/api/v1/status')).status).toBe(200);
  });
});

describe('changing', () => {
  it('needs If-Match, and refuses a stale one', async () => {
    const body = '{"weight":3}';
    expect(await ask('POST', WEIGHT, { body })).toMatchObject({
      status: 428,
      body: { code: 'precondition-required' },
    });
    expect(await ask('POST', WEIGHT, { body, headers: { 'if-match': '"7"' } })).toMatchObject({
      status: 412,
      body: { code: 'stale', exit: 4 },
    });
    expect(await ask('POST', WEIGHT, { body, headers: { 'if-match': '"7", "1"' } })).toMatchObject({
      status: 200,
      body: { revision: 1, stored: true, server: { weight_ordered: 3, weight_effective: 3 } },
    });
    expect(
      (await ask('POST', WEIGHT, { body: '{"weight":null}', headers: { 'if-match': '*' } })).status,
    ).toBe(200);
  });

  it('lets one of two changes from the same revision win', async () => {
    const apply = (scheduler: string) =>
      ask('POST', '/api/v1/apply?comment=race', {
        body: TEXT.replace('wlc', scheduler),
        headers: { 'if-match': '"1"' },
      });
    const answers = await Promise.all([apply('rr'), apply('lc')]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412]);
    expect((await ask('GET', '/api/v1/status')).headers.etag).toBe('"2"');
  });

  it('says where a configuration is wrong, and leaves everything as it is', async () => {
    const answer = await ask('POST', '/api/v1/apply', {
      body: TEXT.replace('scheduler', 'schedular'),
      headers: { 'if-match': '"2"' },
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'bad-configuration', exit: 2, problems: [{ line: 7, column: 5 }] },
    });
    expect((await ask('POST', '/api/v1/check', { body: 'nonsense' })).body).toMatchObject({ ok: false });
    expect((await ask('GET', '/api/v1/status')).headers.etag).toBe('"2"');
  });

  it('remembers who asked, without control characters', async () => {
    await ask('POST', WEIGHT, {
      body: '{"weight":2}',
      headers: { 'if-match': '*', 'fairlead-author': `  ada ${'x'.repeat(100)}` },
    });
    const { events } = await openControlClient(socket, { author: 't', origin: 'test' }).call('events', {
      query: { limit: 1 },
    });
    expect(events[0]?.reason).toMatch(/^weight 2, by order of ada x{60}$/);
  });
});

describe('events', () => {
  const client = () => openControlClient(socket, { author: 'test', origin: 'test' });
  const order = (weight: number) =>
    client().call('weight', { params: { service: 'www', server: 'rs2' }, body: { weight }, ifMatch: '*' });

  it('stream what was missed, then what happens, each once and in order', async () => {
    const stop = new AbortController();
    await order(1);
    const { events } = await client().call('events', { query: { limit: 1 } });
    const last = events[0]!.id;
    await order(2);
    await order(3);
    const seen: ApiEvent[] = [];
    for await (const event of client().follow(last, stop.signal)) {
      seen.push(event);
      if (seen.length === 2) await order(4);
      if (seen.length === 3) stop.abort();
    }
    expect(seen.map((event) => event.id)).toEqual([last + 1, last + 2, last + 3]);
    expect(seen.map((event) => event.reason.split(',')[0])).toEqual(['weight 2', 'weight 3', 'weight 4']);
  });

  it('refuse more followers than there is room for, and have room again when they leave', async () => {
    const streams = await Promise.all(
      Array.from(
        { length: 64 },
        () =>
          new Promise<http.IncomingMessage>((resolve, reject) => {
            http
              .get({ socketPath: socket, path: '/api/v1/events/stream', agent: false }, resolve)
              .on('error', reject);
          }),
      ),
    );
    expect(streams.map((stream) => stream.statusCode)).toEqual(streams.map(() => 200));
    expect(await ask('GET', '/api/v1/events/stream')).toMatchObject({
      status: 503,
      body: { code: 'too-many-followers' },
    });
    await Promise.all(
      streams.map((stream) => {
        const closed = new Promise((resolve) => stream.once('close', resolve));
        stream.destroy();
        return closed;
      }),
    );
    const stop = new AbortController();
    for await (const _event of client().follow(0, stop.signal)) stop.abort();
  });
});

describe('the client', () => {
  it('gives errors back as they left', async () => {
    const failure = await openControlClient(socket, { author: 't', origin: 'test' })
      .call('service', { params: { service: 'ww' } })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FairleadError);
    expect(failure).toMatchObject({ code: 'unknown-service', exit: 2, remedy: 'Did you mean www?' });
  });
});
