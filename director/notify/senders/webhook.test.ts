// Webhooks against real servers: what they get, and what becomes of answers, hanging, floods, redirects.
import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  closedPort,
  makeCertificate,
  scratchFile,
  serveStopped,
  serveTcp,
} from '../../../monitor/support/servers.ts';
import { context, envelope } from '../support/envelope.ts';
import { serveHooks } from '../support/hook-server.ts';
import { createWebhook } from './webhook.ts';

const COMMON = { on: ['critical' as const], group_ms: 0, timeout_ms: 1_000 };
const hook = (
  url: string,
  more: { secretFile?: string; caFile?: string; headers?: Record<string, string> } = {},
) => createWebhook({ kind: 'webhook', url, headers: {}, ...COMMON, ...more });

it('posts the message as JSON, signed, with the headers that are configured', async () => {
  await using server = await serveHooks();
  using secret = scratchFile('secret', Buffer.from('s3cret\nold\n'));
  const send = hook(server.url, { secretFile: secret.path, headers: { 'X-Site': 'web' } });
  expect(await send(envelope(), context())).toEqual({ ok: true, retry: false, detail: '200' });
  const [{ path, headers, body, json }] = server.received as [(typeof server.received)[0]];
  expect(path).toBe('/hook?a=b');
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'fairlead/0.1.0',
    'x-site': 'web',
    'fairlead-message': 'lb1-7',
    'fairlead-signature': `sha256=${createHmac('sha256', 's3cret').update(body).digest('hex')}`,
  });
  expect(json).toEqual({
    version: 1,
    cluster: 'web',
    node: 'lb1',
    fairlead: '0.1.0',
    id: 'lb1-7',
    kind: 'servers',
    severity: 'critical',
    subject: 'www is down: no real server takes connections',
    text: 'www is down: no real server takes connections\nwww has 0 of 3 real servers left',
    at: '2026-01-05T12:00:06.000Z',
    since: '2026-01-05T12:00:00.000Z',
    items: [
      { subject: 'www', state: 'down', severity: 'critical', since: '2026-01-05T12:00:00.000Z', reason: 'x' },
    ],
    more: 0,
    services: ['www'],
    events: [4, 5],
    attempt: 1,
    lost: 0,
  });
});

it.each([
  [500, true],
  [503, true],
  [429, true],
  [404, false],
  [301, false],
])('an answer of %i is a failure that may be tried again: %s', async (status, retry) => {
  await using server = await serveHooks((_request, response) => response.writeHead(status).end('so\nsorry'));
  expect(await hook(server.url)(envelope(), context())).toEqual({
    ok: false,
    retry,
    detail: `answered with status ${status}: so sorry`,
  });
});

it('follows a redirect on the same host only, and not for ever', async () => {
  await using elsewhere = await serveHooks();
  await using server = await serveHooks((request, response) => {
    const to = { '/hook?a=b': '/next', '/next': elsewhere.url, '/round': '/round' }[request.url ?? ''];
    response.writeHead(307, { location: to ?? '' }).end();
  });
  expect(await hook(server.url)(envelope(), context())).toMatchObject({
    ok: false,
    retry: false,
    detail: expect.stringContaining('it leads to another host, 127.0.0.1:'),
  });
  expect(server.received.map(({ path }) => path)).toEqual(['/hook?a=b', '/next']);
  expect(elsewhere.received).toEqual([]);
  const round = new URL('/round', server.url).href;
  expect(await hook(round)(envelope(), context())).toMatchObject({
    ok: false,
    detail: 'more than 3 redirects',
  });
});

it('a server that never answers, drips, or whose process is stopped ends at the deadline', async () => {
  await using silent = await serveTcp(() => {});
  await using stopped = await serveStopped();
  await using dripping = await serveHooks((_request, response) => {
    const timer = setInterval(() => response.write('.'), 20);
    response.on('close', () => clearInterval(timer));
  });
  for (const url of [silent, stopped]
    .map(({ target }) => `http://127.0.0.1:${target.port}/`)
    .concat(dripping.url))
    expect(await hook(url)(envelope(), context({ timeout_ms: 200 }))).toEqual({
      ok: false,
      retry: true,
      detail: 'no answer within 200 ms',
    });
});

it('a flood after a good status is no failure, and is not read to its end', async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await serveHooks((_request, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', pour).on('close', closed.resolve);
    pour();
  });
  expect(await hook(server.url)(envelope(), context())).toMatchObject({ ok: true });
  await closed.promise;
});

it('garbage, an answer that is cut off and a port nobody listens at are failures to be tried again', async () => {
  await using garbage = await serveTcp((socket) => socket.end('\0\x01nonsense\r\n\r\n'));
  await using cut = await serveTcp((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')),
  );
  const { port } = await closedPort();
  for (const at of [garbage.target.port, cut.target.port, port])
    expect(await hook(`http://127.0.0.1:${at}/`)(envelope(), context())).toMatchObject({
      ok: false,
      retry: true,
    });
});

it('a certificate must be known, or be among those of ca_file', async () => {
  const certificate = makeCertificate();
  await using server = await serveHooks(undefined, certificate);
  using ca = scratchFile('ca.pem', certificate.cert);
  expect(await hook(server.url)(envelope(), context())).toMatchObject({
    ok: false,
    detail: 'the certificate is self-signed (see ca_file)',
  });
  expect(await hook(server.url, { caFile: ca.path })(envelope(), context())).toMatchObject({ ok: true });
});

it('a secret that cannot be read is told without its content, and nothing is sent', async () => {
  await using server = await serveHooks();
  using empty = scratchFile('secret', Buffer.from('\nx'));
  for (const secretFile of ['/no/such/file', empty.path])
    expect(await hook(server.url, { secretFile })(envelope(), context())).toMatchObject({
      ok: false,
      retry: true,
      detail: expect.stringContaining(secretFile),
    });
  expect(server.received).toEqual([]);
});

it('ends when it is cancelled', async () => {
  const asked = Promise.withResolvers<void>();
  await using server = await serveHooks(() => asked.resolve());
  const abort = new AbortController();
  const outcome = hook(server.url)(envelope(), context({ signal: abort.signal }));
  await asked.promise;
  abort.abort();
  expect(await outcome).toMatchObject({ ok: false });
});
