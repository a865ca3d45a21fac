// The socket that pulse connects to: lines of JSON both ways. Nobody has to be there; what happened meanwhile is kept,
// up to a limit, and told to whoever comes. Guarantees: a client that does not read, or that sends nonsense, costs its
// own connection and nothing else.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type FromHeartbeat, LINE_MAX_BYTES, type ToHeartbeat, toHeartbeatSchema } from './protocol.ts';

const CLIENTS_MAX = 8;
const KEPT_EVENTS_MAX = 1_000;
const UNREAD_MAX_BYTES = 1 << 20;

type EventMessage = Extract<FromHeartbeat, { kind: 'event' }>;

export interface Door extends AsyncDisposable {
  /** To everyone who is connected; events wait for somebody to connect. */
  tell(message: FromHeartbeat): void;
  clients(): number;
}

export interface DoorOptions {
  readonly path: string;
  readonly onMessage: (message: ToHeartbeat, reply: (message: FromHeartbeat) => void) => void;
  /** What a client is told first. */
  readonly greet: () => FromHeartbeat | undefined;
  readonly complain: (what: string) => void;
}

export async function openDoor(options: DoorOptions): Promise<Door> {
  const clients = new Set<Socket>();
  const kept: EventMessage[] = [];
  let forgotten = 0;
  const server = createServer((socket) => {
    if (clients.size >= CLIENTS_MAX) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    socket.on('error', () => {}); // 'close' follows
    read(socket, options);
    const greeting = options.greet();
    if (greeting !== undefined) write(socket, greeting);
    if (forgotten > 0)
      options.complain(`${forgotten} events found no room while no supervisor was connected`);
    forgotten = 0;
    for (const message of kept.splice(0)) write(socket, message);
  });
  await listen(server, options.path);
  return {
    tell(message) {
      if (message.kind === 'event' && clients.size === 0) {
        kept.push(message);
        if (kept.length > KEPT_EVENTS_MAX) {
          kept.shift();
          forgotten++;
        }
      }
      for (const socket of clients) write(socket, message);
    },
    clients: () => clients.size,
    async [Symbol.asyncDispose]() {
      for (const socket of clients) socket.end();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of clients) socket.unref();
      rmSync(options.path, { force: true });
      await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))]);
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true }); // a predecessor's; the runtime folder is locked, so that it does not run any more
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, 0o600);
}

function write(socket: Socket, message: FromHeartbeat): void {
  if (socket.destroyed) return;
  socket.write(`${JSON.stringify(message)}\n`);
  if (socket.writableLength > UNREAD_MAX_BYTES) socket.destroy();
}

function read(socket: Socket, options: DoorOptions): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const parsed = parse(line);
      if (typeof parsed === 'string') options.complain(`a message of the supervisor was refused: ${parsed}`);
      else options.onMessage(parsed, (reply) => write(socket, reply));
    }
    if (rest.length <= LINE_MAX_BYTES) return;
    options.complain('a message of the supervisor was longer than allowed');
    socket.destroy();
  });
}

function parse(line: string): ToHeartbeat | string {
  try {
    const result = toHeartbeatSchema.safeParse(JSON.parse(line));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
