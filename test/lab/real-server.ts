// A real server: HTTP, TCP echo and UDP echo in one process, told apart by a name. Started by the lab inside a
// namespace: `real-server.ts NAME UDP-ADDRESS…`. Commands come as JSON lines on stdin, whose end ends the process, so
// that no server outlives its lab.
//
// HTTP: `/` who answers and what it saw; `/health`; `/slow` after two seconds; `/bytes/N?seed=S` a checkable pattern;
// `POST /sum?seed=S` checks one. TCP echo says its name in one line first. UDP echo puts name and blank before it.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, isIPv6, type Server, type Socket } from 'node:net';
import { readLines, writeLine } from './lines.ts';
import { fillPattern, findMismatch } from './pattern.ts';
import { PORTS } from './topology.ts';

const SLOW_MS = 2_000;
const BYTES_MAX = 256 << 20;
const CHUNK_BYTES = 64 << 10;

export type RealServerCommand =
  /** What /health says from now on. */
  | { readonly do: 'health'; readonly ok: boolean }
  /** Takes no new connection, ends when the present ones have ended. */
  | { readonly do: 'stop' };

interface State {
  readonly name: string;
  healthy: boolean;
}

function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}

function handle(state: State, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://lab');
  const seed = Number(url.searchParams.get('seed') ?? 0);
  const bytes = /^\/bytes\/(\d{1,10})$/.exec(url.pathname);
  const who = {
    server: state.name,
    method: request.method,
    reached: plain(request.socket.localAddress),
    client: plain(request.socket.remoteAddress),
  };
  if (bytes) streamPattern(response, seed, Number(bytes[1]), state.name);
  else if (url.pathname === '/') answer(response, 200, who);
  else if (url.pathname === '/slow') setTimeout(() => answer(response, 200, who), SLOW_MS);
  else if (url.pathname === '/health')
    answer(response, state.healthy ? 200 : 503, { healthy: state.healthy });
  else if (url.pathname === '/sum' && request.method === 'POST') sum(state.name, request, response, seed);
  else answer(response, 404, who);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function streamPattern(response: ServerResponse, seed: number, length: number, name: string): void {
  if (length > BYTES_MAX) {
    answer(response, 400, { error: `at most ${BYTES_MAX} bytes` });
    return;
  }
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': length,
    'x-server': name,
  });
  let sent = 0;
  const more = (): void => {
    while (sent < length) {
      const chunk = fillPattern(seed, sent, Math.min(CHUNK_BYTES, length - sent));
      sent += chunk.length;
      if (response.write(chunk)) continue;
      response.once('drain', more);
      return;
    }
    response.end();
  };
  more();
}

function sum(server: string, request: IncomingMessage, response: ServerResponse, seed: number): void {
  let bytes = 0;
  let wrong_at = -1;
  request.on('data', (chunk: Buffer) => {
    const at = wrong_at < 0 ? findMismatch(seed, bytes, chunk) : -1;
    if (at >= 0) wrong_at = bytes + at;
    bytes += chunk.length;
  });
  request.on('end', () => answer(response, 200, { server, bytes, wrong_at }));
}

function serveHttp(state: State, port: number): Server {
  const server = createServer((request, response) => handle(state, request, response));
  server.keepAliveTimeout = 5_000;
  server.on('clientError', (_error, socket) => socket.destroy());
  return server.listen(port, '::');
}

function serveEcho(state: State): Server {
  const server = createTcpServer({ noDelay: true }, (socket: Socket) => {
    socket.on('error', () => {}); // a reset client is its own business
    socket.write(`${state.name}\n`);
    socket.pipe(socket);
  });
  return server.listen({ port: PORTS.echo, host: '::', backlog: 1024 });
}

/** One socket per address: a datagram sent from the wildcard would leave from whatever address the route prefers. */
function serveDatagrams(state: State, address: string): DatagramSocket {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
  const name = Buffer.from(`${state.name} `);
  socket.on('message', (message, from) =>
    socket.send([name, message], from.port, from.address, () => {
      // A client that is gone is its own business.
    }),
  );
  socket.once('listening', () => socket.on('error', () => {})); // unreachable clients, see above
  socket.bind(PORTS.echo, address);
  return socket;
}

async function main(): Promise<void> {
  const [name = 'real-server', ...addresses] = process.argv.slice(2);
  const state: State = { name, healthy: true };
  const servers = [serveHttp(state, PORTS.http), serveHttp(state, PORTS.http2), serveEcho(state)];
  const sockets = addresses.map((address) => serveDatagrams(state, address));
  const ready = [...servers, ...sockets].map(
    (opened) => new Promise<void>((resolve) => void opened.once('listening', resolve)),
  );
  process.stdout.on('error', () => process.exit(0)); // nobody listens any more
  readLines(
    process.stdin,
    (line) => {
      const command = line as RealServerCommand;
      if (command.do === 'health') state.healthy = command.ok;
      else for (const opened of [...servers, ...sockets]) opened.close();
    },
    () => process.exit(0),
  );
  await Promise.all(ready);
  process.stdin.unref();
  writeLine(process.stdout, { ready: name });
}

await main();
