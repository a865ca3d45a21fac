// Closes a probe's connection by a reset, so that neither side keeps a TIME_WAIT entry: at thousands of probes per
// second those would use up the local ports (60 s each, net/ipv4/tcp_minisocks.c).
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export function closeAbruptly(socket: Socket): void {
  // resetAndDestroy() would put itself off until a pending connect ends, which is minutes for a dead server.
  // Node offers no reset under TLS; those probes are too few, for the cost of handshakes, to use up the ports.
  if (socket.connecting || socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
