// Requests that nobody means well with, written byte by byte: the API and the director behind it must never read one in two ways.

import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseUrl } from '../../director/control/dispatch.ts';
import { type Route, routes } from '../../director/control/routes.ts';
import { configurationText, Instance } from '../../test/cli/support/instance.ts';
import { bearer, Stand } from './support/stand.ts';
import { findOffers, readTarget } from './target.ts';

/** Many share this machine. */
const PATIENT = { timeout: 15_000 };

const ADMIN = 'Authorization: Bearer fl_admin';
let instance: Instance;
let stand: Stand;
beforeAll(async () => {
  instance = new Instance(configurationText({ servers: { rs1: 9 } }));
  await instance.run();
  stand = await Stand.open(instance.socket);
}, 30_000);
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]();
  await instance?.[Symbol.asyncDispose]();
});

const lines = (...text: string[]) => `${text.join('\r\n')}\r\n\r\n`;
const get = (target: string, ...headers: string[]) =>
  stand.raw(lines(`GET ${target} HTTP/1.1`, 'Host: x', ADMIN, 'Connection: close', ...headers));
const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

describe('a target', () => {
  it.each([
    ['climbs by dots', '/api/v1/events/../live'],
    ['climbs by encoded dots', '/api/v1/events/%2e%2e/live'],
    ['climbs by half-encoded dots', '/api/v1/services/.%2E/live'],
    ['stays by a dot', '/api/v1/./status'],
    ['has an encoded slash', '/api/v1/services/www%2Fservers%2Frs1'],
    ['has a backslash', '/api/v1/events\\..\\live'],
    ['has an encoded backslash', '/api/v1/services/..%5C..%5Clive'],
    ['has a null byte', '/api/v1/services/www%00'],
    ['has a line feed', '/api/v1/services/www%0d%0aX:1'],
    ['has a fragment', '/api/v1/status#x'],
    ['is not well encoded', '/api/v1/services/%zz'],
    ['is cut off in its encoding', '/api/v1/services/%4'],
    ['is not UTF-8', '/api/v1/services/%ff%fe'],
    ['says one key twice', '/api/v1/events?limit=1&limit=2'],
    ['says one key twice in two ways', '/api/v1/events?limit=1&l%69mit=2'],
    ['is too long', `/api/v1/events?q=${'a'.repeat(12_300)}`],
    ['grows too long', `/api/v1/events?q=${'/'.repeat(12_000)}`],
  ])('that %s is refused', async (_, target) => {
    expect(statuses(await get(target))).toEqual([400]);
  });

  it('in absolute form is refused, whichever host it names', async () => {
    for (const target of ['http://evil.example/api/v1/status', 'http://x/api/v1/live'])
      expect(statuses(await get(target))).toEqual([400]);
    expect(statuses(await get('//evil.example/api/v1/status'))).toEqual([404]);
  });

  it.each([
    ['is encoded twice', '/api/v1/events/%252e%252e/live', 'unknown-route'],
    ['names a service that cannot be', '/api/v1/services/%252e%252e', 'unknown-service'],
    ['hides a slash in two encodings', '/api/v1/services/a%252Fb', 'unknown-service'],
    ['is inside, but encoded', '/api/v1/%6Cive', 'unknown-route'],
    ['goes on after its end', '/api/v1/status/', 'unknown-route'],
    ['has an empty part', '/api/v1//status', 'unknown-route'],
  ])('that %s finds nothing', async (_, target, code) => {
    const text = await get(target);
    expect(statuses(text)).toEqual([404]);
    expect(text).toContain(`"code":"${code}"`);
  });

  it('that is encoded without need is understood', async () => {
    expect(statuses(await get('/api/v1/%73tatus'))).toEqual([200]);
  });

  it('whatever it is made of, reaches a route that is offered or none', () => {
    const part = fc.oneof(
      ...[
        fc.constantFrom(
          '..',
          '.',
          '%2e',
          '%2E%2e',
          '%2f',
          '%5c',
          '\\',
          '',
          'live',
          'login',
          'services',
          'www',
        ),
      ],
      ...[fc.constantFrom('status', 'events', 'stream', '%00', '?', '#', ';', '%', '*', '@')],
      fc.string(),
    );
    const offered = (Object.values(routes) as Route[]).filter((route) => !route.inside);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        let offers: ReturnType<typeof findOffers>;
        try {
          offers = findOffers(readTarget(`/api/v1/${parts.join('/')}`));
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^(bad-request|unknown-route)$/);
          return;
        }
        for (const { path: handedOn, route } of offers.values()) {
          // As the director reads it.
          expect(parseUrl(handedOn).pathname).toBe(handedOn.split('?')[0]);
          const depth = handedOn.split('?')[0]!.split('/').length;
          expect(offered.some((each) => each === route && each.path.split('/').length + 2 === depth)).toBe(
            true,
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('headers', () => {
  it.each([
    ['If-Match', 'If-Match: "1"', 'If-Match: "2"'],
    ['Authorization', 'Authorization: Bearer fl_viewer', 'X: y'],
    ['Last-Event-ID', 'Last-Event-ID: 1', 'Last-Event-ID: 2'],
    ['Content-Type', 'Content-Type: application/json', 'Content-Type: text/plain'],
  ])('with %s twice are refused', async (_, ...headers) => {
    expect(statuses(await get('/api/v1/status', ...headers))).toEqual([400]);
  });

  it.each(['W/"1"', 'anything', '"1', '"x"', `"${'1'.repeat(40)}"`, '"1", *'])(
    'with an If-Match of %s are refused',
    async (tag) => expect(statuses(await get('/api/v1/status', `If-Match: ${tag}`))).toEqual([400]),
  );

  it('of more than 16 KiB are refused before anybody reads them', async () => {
    expect(statuses(await get('/api/v1/status', `X: ${'a'.repeat(20_000)}`))).toEqual([431]);
  });

  it('that would be split are refused', async () => {
    expect(statuses(await get('/api/v1/status', 'X: a\nFairlead-Role: admin\0'))).toEqual([400]);
  });

  it('that stand for another method do nothing', async () => {
    const text = await get('/api/v1/services/www/servers/rs1/disable', 'X-HTTP-Method-Override: POST');
    expect(statuses(text)).toEqual([405]);
  });
});

describe('a request behind a request', () => {
  const hidden = 'POST /api/v1/services/www/servers/rs1/disable HTTP/1.1\r\nHost: x\r\nIf-Match: *\r\n\r\n';
  it.each([
    ['both a length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden}`],
    ['two lengths', ['Content-Length: 0', `Content-Length: ${hidden.length}`], hidden],
    ['another coding', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${hidden}`],
    ['chunks that are none', ['Transfer-Encoding: chunked', 'Content-Type: text/plain'], `zz\r\n${hidden}`],
  ])('is not found behind %s', async (_, headers, body) => {
    const text = await stand.raw(lines('POST /api/v1/check HTTP/1.1', 'Host: x', ADMIN, ...headers) + body);
    expect(statuses(text).every((status) => status === 400)).toBe(true);
    expect((await instance.client.call('server', { params: { service: 'www', server: 'rs1' } })).admin).toBe(
      'enabled',
    );
  });

  it('is not found in the body of a GET, whose connection ends', async () => {
    const text = await stand.raw(
      `${lines('GET /api/v1/status HTTP/1.1', 'Host: x', ADMIN, `Content-Length: ${hidden.length + 9}`)}${hidden}`,
    );
    expect(statuses(text)).toEqual([400]);
    expect(text).toMatch(/connection: close/i);
  });

  it('is answered for itself where it is an honest one', async () => {
    const one = `GET /api/v1/services HTTP/1.1\r\nHost: x\r\n${ADMIN}\r\n`;
    expect(statuses(await stand.raw(`${one}\r\n${one}Connection: close\r\n\r\n`))).toEqual([200, 200]);
  });

  it('that is cut off changes nothing and keeps no place', async () => {
    const headers = lines(
      ...['POST /api/v1/services/www/servers/rs1/drain HTTP/1.1', 'Host: x', ADMIN],
      ...['If-Match: *', 'Content-Type: application/json', 'Content-Length: 50'],
    );
    // More than may be under way at a time.
    for (let count = 0; count < 120; count += 1) await cutOff(`${headers}{"deadline_ms":`);
    expect((await instance.client.call('server', { params: { service: 'www', server: 'rs1' } })).admin).toBe(
      'enabled',
    );
    await expect.poll(async () => statuses(await get('/api/v1/status')), PATIENT).toEqual([200]);
  });

  it('keeps no more places than one who asks has, and leaves the others theirs', async () => {
    const headers = lines(
      ...['POST /api/v1/check HTTP/1.1', 'Host: x', ADMIN, 'Content-Type: text/plain', 'Content-Length: 50'],
    );
    const slow = Array.from({ length: 40 }, () => net.connect(stand.port, '127.0.0.1'));
    for (const socket of slow) socket.on('error', () => undefined).write(headers);
    await expect.poll(async () => statuses(await get('/api/v1/status')), PATIENT).toEqual([503]);
    expect((await stand.ask('GET', '/api/v1/status', bearer('fl_viewer'))).status).toBe(200);
    for (const socket of slow) socket.destroy();
    await expect.poll(async () => statuses(await get('/api/v1/status')), PATIENT).toEqual([200]);
  });
});

async function cutOff(bytes: string): Promise<void> {
  const socket = net.connect(stand.port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  socket.destroy();
  await new Promise((resolve) => socket.once('close', resolve));
}

describe('what is handed on', () => {
  it('is what was understood, with nothing of the headers that came', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-api-'));
    const socket = path.join(folder, 'c.sock');
    const seen: { url: string | undefined; headers: http.IncomingHttpHeaders }[] = [];
    const director = http.createServer((request, response) => {
      seen.push({ url: request.url, headers: request.headers });
      response.end('{}');
    });
    await new Promise<void>((resolve) => director.listen(socket, resolve));
    try {
      await using front = await Stand.open(socket, { originOf: () => 'api \r\nfairlead-role: x' });
      await front.ask('GET', '/api/v1/services/%77ww/servers/a%20b?%71=1', {
        ...bearer('fl_viewer'),
        ...{
          'x-forwarded-for': '1.2.3.4',
          'fairlead-role': 'admin',
          'accept-encoding': 'gzip',
          te: 'trailers',
        },
      });
      expect(seen).toEqual([
        {
          url: '/api/v1/services/www/servers/a%20b?q=1',
          headers: {
            ...{
              host: 'localhost',
              connection: 'close',
              'fairlead-author': 'vera',
              'fairlead-role': 'viewer',
            },
            'fairlead-origin': 'api ??fairlead-role: x',
          },
        },
      ]);
    } finally {
      director.close();
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
