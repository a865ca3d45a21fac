// What becomes of a packet (docs/packet-path.md 2 to 4 and 9). Changes entries and counters, never the packet: the
// outcome says what to do with it.
import { isOver } from '../../connections/expiry.ts';
import { TCP_FLAG } from '../../connections/tcp-state.ts';
import { admit } from './admit.ts';
import { accept, checkWay, type Decision, decideKnown, drop, LOCAL, opens } from './outcome.ts';
import type { Packet, TransportPacket } from './parse.ts';
import type { Connection } from './records.ts';
import type { EngineState } from './state.ts';

export function decide(state: EngineState, packet: TransportPacket): Decision {
  const { protocol, source: address, sourcePort, destination, destinationPort } = packet;
  const from = { address, port: sourcePort };
  const to = { address: destination, port: destinationPort };
  const inbound = state.live(state.table.inbound(protocol, from, to));
  if (inbound) return decideInbound(state, packet, inbound);
  const outbound = state.live(state.table.outbound(protocol, from, to));
  if (outbound) return decideOutbound(state, packet, outbound);
  return admit(state, packet);
}

function decideInbound(state: EngineState, packet: TransportPacket, connection: Connection): Decision {
  const { owner, method } = connection;
  if (owner.presence === 'leaving') {
    const anew = packet.protocol === 'tcp' && opens(packet);
    if (owner.policy === 'silent' && !anew) return drop('server-removed');
    state.free(connection);
    if (owner.policy === 'reassign' || anew) return admit(state, packet);
    return drop('server-reset', packet.flags & TCP_FLAG.RST ? undefined : 'reset');
  }
  if (beginsAnother(packet, connection)) {
    state.free(connection);
    return admit(state, packet);
  }
  if (mayBeUnsynced(state, packet, connection)) return drop('unsynced');
  return checkWay(state, packet, owner, method) ?? accept(state, packet, connection, 'inbound');
}

/** It may be of the next connection with the same ports, whose entry is on its way from the peer. */
function mayBeUnsynced(state: EngineState, packet: TransportPacket, connection: Connection): boolean {
  return (
    packet.protocol === 'tcp' &&
    isOver(connection.state, connection.method === 'nat') &&
    state.now_ms < state.graceUntil_ms
  );
}

function decideOutbound(state: EngineState, packet: TransportPacket, connection: Connection): Decision {
  if (connection.owner.presence === 'leaving') return drop('server-removed');
  if (packet.ttl <= 1) return drop('ttl-expired', 'time-exceeded');
  return accept(state, packet, connection, 'outbound');
}

/** A client's port is free for a new connection once the old one is over, or its server takes no more (weight 0). */
function beginsAnother(packet: TransportPacket, connection: Connection): boolean {
  if (packet.protocol !== 'tcp' || !opens(packet)) return false;
  const { state, method, owner } = connection;
  return isOver(state, method === 'nat') || (owner.spec.weight === 0 && state !== 'SYN_RECV');
}

/** A fragment without ports goes the way of the first one, or nowhere. */
export function decideFragment(state: EngineState, packet: Packet): Decision {
  const remembered = state.fragments.recall(packet, state.now_ms);
  const isSame = remembered && state.table.holds(remembered.connection);
  const connection = isSame ? state.live(remembered.connection) : undefined;
  if (!remembered || !connection)
    return state.registry.isVirtual(packet.destination) ? drop('fragment-unknown') : LOCAL;
  return decideKnown(state, packet, connection, remembered.direction);
}
