// The outcomes of a decision and the rules that several decisions share: whether a packet can make its way, and what
// accepting it changes (docs/packet-path.md 3). Changes entries and counters, never the packet.

import { nextTcpState, TCP_FLAG } from '../../connections/tcp-state.ts';
import { outerHeaderBytes } from '../../model/address.ts';
import type { DropReason } from '../../model/counters.ts';
import type { Method } from '../../model/service.ts';
import type { Direction } from './fragment-memory.ts';
import type { Packet, TransportPacket } from './parse.ts';
import type { Connection, ServerRecord } from './records.ts';
import type { EngineState } from './state.ts';

export type Answer = 'reset' | 'time-exceeded' | { readonly mtu: number };

export type Decision =
  | { readonly outcome: 'local' }
  | { readonly outcome: 'drop'; readonly reason: DropReason; readonly answer?: Answer }
  | { readonly outcome: 'forward'; readonly connection: Connection; readonly direction: Direction };

export const LOCAL: Decision = { outcome: 'local' };

export function drop(reason: DropReason, answer?: Answer): Decision {
  return answer === undefined ? { outcome: 'drop', reason } : { outcome: 'drop', reason, answer };
}

export function opens(packet: TransportPacket): boolean {
  const { SYN, ACK, RST, FIN } = TCP_FLAG;
  return packet.protocol === 'udp' || (packet.flags & (SYN | ACK | RST | FIN)) === SYN;
}

/** Time to live and size on the way to a server; undefined if it can go. Nothing has changed. */
export function checkWay(
  state: EngineState,
  packet: Packet,
  server: ServerRecord,
  method: Method,
): Decision | undefined {
  if (method === 'local') return undefined;
  if (packet.ttl <= 1) return drop('ttl-expired', 'time-exceeded');
  if (method !== 'tunnel' || !packet.mayNotFragment) return undefined;
  const room = state.ways.mtu - outerHeaderBytes(server.spec.address);
  return packet.ipLength > room ? drop('too-big', { mtu: room }) : undefined;
}

export function accept(
  state: EngineState,
  packet: TransportPacket,
  connection: Connection,
  direction: Direction,
): Decision {
  if (packet.protocol === 'tcp') {
    const half = connection.method === 'nat' ? (direction === 'inbound' ? 'INPUT' : 'OUTPUT') : 'INPUT_ONLY';
    state.move(connection, nextTcpState(connection.state, half, packet.flags));
  }
  connection.seen_ms = state.now_ms;
  state.count(connection, packet, direction);
  if (packet.fragment === 'first') state.fragments.remember(packet, connection, direction, state.now_ms);
  return { outcome: 'forward', connection, direction };
}

/** Packets that belong to an entry without being part of its conversation: they leave its state and `seen` alone. */
export function decideKnown(
  state: EngineState,
  packet: Packet,
  connection: Connection,
  direction: Direction,
): Decision {
  const { owner, method } = connection;
  if (owner.presence === 'leaving') return drop('server-removed');
  const problem = checkWay(state, packet, owner, method);
  if (problem?.outcome === 'drop') return drop(problem.reason);
  state.count(connection, packet, direction);
  return { outcome: 'forward', connection, direction };
}
