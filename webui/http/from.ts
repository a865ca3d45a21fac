// From where somebody asks, as it is recorded: the address of the connection, never what a header says.
import type { IncomingMessage } from 'node:http';

export function fromOf({ socket }: Pick<IncomingMessage, 'socket'>): string {
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
