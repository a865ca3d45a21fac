// The control API over HTTP on a Unix socket. Serves the table in routes.ts and nothing else; every body is limited
// and checked before a handler sees it, every connection has its time limits, and no error leaves without a code.
import fs from 'node:fs';
import http from 'node:http';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { ControlBackend, ControlRequest } from './backend.ts';
import { EventStreams } from './event-streams.ts';
import { toProblem } from './problem.ts';
import { type Route, type RouteName, routes } from './routes.ts';

export const BODY_MAX_BYTES = 4 * 1024 * 1024;
const HEADERS_MAX_BYTES = 16 * 1024;
const CONNECTIONS_MAX = 256;
const SOCKET_MODE = 0o660;

export interface ControlServerOptions {
  readonly socket: string;
  readonly backend: ControlBackend;
  readonly clock: Clock;
}

export interface ControlServer extends AsyncDisposable {
  readonly socket: string;
}

/** The socket's path must be free: whoever holds the runtime folder's lock removes a stale one first. */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const streams = new EventStreams(options.backend, options.clock);
  const server = http.createServer(
    {
      maxHeaderSize: HEADERS_MAX_BYTES,
      headersTimeout: 5_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      serve(options.backend, streams, request, response).catch((error: unknown) =>
        refuse(request, response, error),
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  // Bytes that are no HTTP get a plain refusal; Node's default would do, but without a body.
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  await listen(server, options.socket);
  return {
    socket: options.socket,
    async [Symbol.asyncDispose]() {
      streams[Symbol.dispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      fs.rmSync(options.socket, { force: true });
    },
  };
}

async function listen(server: http.Server, socket: string): Promise<void> {
  // A socket's mode counts from the first moment, so that nobody else can connect before chmod.
  const umask = process.umask(0o777 & ~SOCKET_MODE);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw new FairleadError(
      'control-socket',
      `The control socket ${socket} cannot be opened: ${(cause as Error).message}`,
      {
        remedy: 'Give a folder that is writable and has a short path (100 characters) with --runtime.',
        cause,
      },
    );
  } finally {
    process.umask(umask);
  }
}

async function serve(
  backend: ControlBackend,
  streams: EventStreams,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const url = parseUrl(request.url ?? '/');
  const { name, route, params } = findRoute(request.method ?? 'GET', url.pathname);
  const query = parse(route.query, Object.fromEntries(url.searchParams), 'query');
  if (route.query === undefined && url.searchParams.size > 0)
    throw badRequest(`this route takes no query, got ${[...url.searchParams.keys()].join(', ')}`);
  if (route.stream) {
    const since = (query as { since?: number }).since ?? lastEventId(request);
    await streams.open(response, since);
    return;
  }
  const body = route.method === 'POST' ? await readBody(request, route) : undefined;
  const precondition = (): void => {
    if (route.conditional) checkPrecondition(request, backend.revision());
  };
  precondition();
  const author = authorOf(request);
  // Each handler's types follow from its route; the table has just checked them.
  const handler = backend.handlers[name as keyof typeof backend.handlers] as (
    asked: ControlRequest<RouteName>,
  ) => unknown;
  const reply = await handler({
    params,
    query,
    body,
    author,
    checkPrecondition: precondition,
  } as ControlRequest<RouteName>);
  send(response, 200, 'application/json', reply, backend.revision());
}

function parseUrl(text: string): URL {
  if (!text.startsWith('/')) throw badRequest('the request target must be a path');
  const url = URL.parse(text, 'http://control');
  if (url === null) throw badRequest('the request target is no path');
  return url;
}

interface Found {
  readonly name: RouteName;
  readonly route: Route;
  readonly params: Record<string, string>;
}

const PREFIX = '/api/v1';
const table = (Object.entries(routes) as [RouteName, Route][]).map(([name, route]) => ({
  name,
  route,
  segments: route.path.split('/').slice(1),
}));

function findRoute(method: string, pathname: string): Found {
  if (pathname === PREFIX || pathname.startsWith(`${PREFIX}/`)) {
    const segments = pathname.slice(PREFIX.length).split('/').slice(1).map(decode);
    let otherMethod = false;
    for (const candidate of table) {
      const params = match(candidate.segments, segments);
      if (params === undefined) continue;
      if (candidate.route.method === method) return { name: candidate.name, route: candidate.route, params };
      otherMethod = true;
    }
    if (otherMethod)
      throw new FairleadError('method-not-allowed', `${method} is not offered for ${pathname}.`);
  }
  throw new FairleadError('unknown-route', `There is nothing at ${pathname}.`, {
    remedy: 'See docs/api.md for what the control API offers.',
  });
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]!;
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('the path is not well encoded');
  }
}

async function readBody(request: http.IncomingMessage, route: Route): Promise<unknown> {
  const bytes = await collect(request);
  if (route.body === undefined) {
    if (bytes.length > 0 && bytes.toString('utf8').trim() !== '{}')
      throw badRequest('this route takes no body');
    return undefined;
  }
  const text = decodeText(bytes);
  if (route.bodyKind === 'text') return parse(route.body, text, 'body');
  if (text.trim() === '') return parse(route.body, {}, 'body');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  return parse(route.body, value, 'body');
}

async function collect(request: http.IncomingMessage): Promise<Buffer> {
  const tooLarge = () =>
    new FairleadError('too-large', `The body is larger than ${BODY_MAX_BYTES / 1024 / 1024} MiB.`, {
      exit: EXIT.usage,
    });
  if (Number(request.headers['content-length'] ?? 0) > BODY_MAX_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAX_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FairleadError('bad-request', 'The body is not UTF-8 text.', { exit: EXIT.usage });
  }
}

function parse(schema: Route['query'], value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw badRequest(`${[where, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'not as expected'}`);
}

function badRequest(detail: string): FairleadError {
  return new FairleadError('bad-request', `The request cannot be understood: ${detail}.`, {
    exit: EXIT.usage,
  });
}

/** RFC 9110 13.1.1: what one did not see one must not change. */
function checkPrecondition(request: http.IncomingMessage, revision: number): void {
  const given = request.headers['if-match'];
  if (given === undefined)
    throw new FairleadError(
      'precondition-required',
      'A change needs If-Match with the ETag of the present revision.',
      {
        remedy: 'Read /api/v1/status first and send its ETag as If-Match.',
        exit: EXIT.usage,
      },
    );
  const tags = given.split(',').map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(`"${revision}"`)) return;
  throw new FairleadError(
    'stale',
    `The configuration has changed meanwhile: revision ${revision} is in force, not ${given}.`,
    {
      remedy: 'Look at what is in force now, then try again.',
      exit: EXIT.refused,
    },
  );
}

/** Whoever may open the socket is trusted to say for whom it speaks. */
function authorOf(request: http.IncomingMessage): string {
  const given = request.headers['fairlead-author'];
  const text =
    typeof given === 'string'
      ? given
          .replace(/[^\x20-\x7e]/g, '')
          .trim()
          .slice(0, 64)
      : '';
  return text === '' ? 'unknown' : text;
}

function lastEventId(request: http.IncomingMessage): number | undefined {
  const given = request.headers['last-event-id'];
  const id = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
  return id;
}

function refuse(request: http.IncomingMessage, response: http.ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const problem = toProblem(error);
  // A body that nobody reads would keep the connection busy.
  if (!request.complete) response.setHeader('connection', 'close');
  send(response, problem.status, 'application/problem+json', problem);
}

function send(
  response: http.ServerResponse,
  status: number,
  type: string,
  value: unknown,
  revision?: number,
): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(revision === undefined ? {} : { etag: `"${revision}"` }),
  });
  response.end(text);
}
