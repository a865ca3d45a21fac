// The way to a running heartbeat: its socket, lines of JSON both ways, each checked. Guarantees: what is not understood
// costs that line and is told; a line without end costs the connection.
import net from 'node:net';
import {
  type FromHeartbeat,
  fromHeartbeatSchema,
  LINE_MAX_BYTES,
  type ToHeartbeat,
} from '../../../heartbeat/protocol.ts';

const CONNECT_TIMEOUT_MS = 2_000;

export interface HeartbeatConnection extends Disposable {
  send(message: ToHeartbeat): void;
}

export interface ConnectionOptions {
  readonly socket: string;
  readonly onMessage: (message: FromHeartbeat) => void;
  readonly onEnd: () => void;
  readonly complain: (what: string) => void;
}

/** Undefined: nobody listens there. */
export async function connectHeartbeat(options: ConnectionOptions): Promise<HeartbeatConnection | undefined> {
  const socket = net.connect(options.socket);
  socket.setEncoding('utf8');
  const connected = await new Promise<boolean>((resolve) => {
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy());
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
    socket.on('error', () => {}); // 'close' follows
  });
  if (!connected) return undefined;
  socket.setTimeout(0);
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    options.onEnd();
  };
  readLines(socket, options);
  socket.once('end', () => socket.destroy());
  socket.once('close', end);
  if (socket.destroyed) queueMicrotask(end);
  return {
    send(message) {
      if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
    },
    [Symbol.dispose]() {
      ended = true;
      // What was written just now still goes out.
      socket.end();
      socket.unref();
    },
  };
}

function readLines(socket: net.Socket, { onMessage, complain }: ConnectionOptions): void {
  let rest = '';
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const read = parse(line);
      if ('message' in read) onMessage(read.message);
      else complain(read.problem);
    }
    if (rest.length <= LINE_MAX_BYTES) return;
    complain('a line is longer than allowed');
    socket.destroy();
  });
}

function parse(line: string): { readonly message: FromHeartbeat } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { problem: 'a line is no JSON' };
  }
  const result = fromHeartbeatSchema.safeParse(value);
  if (result.success) return { message: result.data };
  const issue = result.error.issues[0];
  return { problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}` };
}
