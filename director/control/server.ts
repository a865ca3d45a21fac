// The control API over HTTP on a Unix socket. Serves the table in routes.ts and nothing else; every body is limited
// and checked before a handler sees it, every connection has its time limits, and no error leaves without a code.
import fs from 'node:fs';
import http from 'node:http';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { ControlBackend, RawReply } from './backend.ts';
import { answer, findRoute, parse, parseUrl, toRefusal } from './dispatch.ts';
import { EventStreams } from './event-streams.ts';

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
  const { method = 'GET', url: target = '/' } = request;
  const url = parseUrl(target);
  const { name, route } = findRoute(method, url.pathname);
  if (name === 'live') {
    streams.openLive(response);
    return;
  }
  if (route.stream) {
    const query = parse(route.query, Object.fromEntries(url.searchParams), 'query');
    await streams.open(response, (query as { since?: number }).since ?? lastEventId(request));
    return;
  }
  const { headers } = request;
  const given = {
    'if-match': headers['if-match'],
    'fairlead-author': textOf(headers['fairlead-author']),
    'fairlead-origin': textOf(headers['fairlead-origin']),
    'fairlead-role': textOf(headers['fairlead-role']),
    'content-type': headers['content-type'],
  };
  const readBody = () => collect(request);
  send(response, await answer(backend, { method, target, headers: given, readBody, cameFromPeer: false }));
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
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
  // A body that nobody reads would keep the connection busy.
  if (!request.complete) response.setHeader('connection', 'close');
  send(response, toRefusal(error));
}

function send(response: http.ServerResponse, { status, headers, body }: RawReply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
