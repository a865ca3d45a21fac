// A packet without an entry: its service, its template, a server, and a new entry (docs/packet-path.md 3, nothing found).
// Either all of it happens or nothing but what the text names.
import { isOver } from '../../connections/expiry.ts';
import { maskAddress } from '../../model/address.ts';
import type { Endpoint } from '../../model/connection.ts';
import { choose } from '../../scheduling/scheduler.ts';
import { accept, checkWay, type Decision, drop, LOCAL, opens } from './outcome.ts';
import type { TransportPacket } from './parse.ts';
import type { Connection, ServerRecord, ServiceRecord, Template } from './records.ts';
import type { EngineState } from './state.ts';

export function admit(state: EngineState, packet: TransportPacket): Decision {
  const service = state.registry.listening(packet.protocol, packet.destination, packet.destinationPort);
  if (!service) return LOCAL;
  if (!opens(packet)) return state.now_ms < state.graceUntil_ms ? drop('unsynced') : LOCAL;
  if (state.admitUntil_ms > 0 && state.now_ms >= state.admitUntil_ms) return drop('unguarded');
  const { persistence } = service.spec;
  const template = persistence && findTemplate(state, service, packet, persistence.netmask_bits);
  const server = remembered(template) ?? schedule(service);
  if (!server) return drop('no-server');
  const problem = checkWay(state, packet, server, server.spec.method);
  if (problem) return problem;
  const client = { address: packet.source, port: packet.sourcePort };
  const end = serverEnd(server, packet.destinationPort);
  if (server.spec.method === 'nat' && !clearTuple(state, packet, end, client)) return drop('tuple-conflict');
  if (!state.table.hasRoom(persistence && !template ? 2 : 1)) return drop('table-full');
  const refreshed = persistence && refreshTemplate(state, service, server, packet, template);
  const connection: Connection = {
    kind: 'connection',
    protocol: packet.protocol,
    client,
    virtual: { address: packet.destination, port: packet.destinationPort },
    server: end,
    method: server.spec.method,
    owner: server,
    template: refreshed,
    state: packet.protocol === 'tcp' ? 'NONE' : 'UDP',
    seen_ms: state.now_ms,
    packets_in: 0,
    packets_out: 0,
    bytes_in: 0,
    bytes_out: 0,
  };
  state.add(connection);
  server.traffic.connections += 1;
  return accept(state, packet, connection, 'inbound');
}

function findTemplate(
  state: EngineState,
  service: ServiceRecord,
  packet: TransportPacket,
  netmask_bits: number,
): Template | undefined {
  return state.live(state.table.template(service.id, maskAddress(packet.source, netmask_bits)));
}

function remembered(template: Template | undefined): ServerRecord | undefined {
  const server = template?.target.owner;
  return server && server.presence === 'present' && server.spec.weight > 0 ? server : undefined;
}

function schedule(service: ServiceRecord): ServerRecord | undefined {
  const members = service.members.map(({ spec, active, inactive }) => ({
    weight: spec.weight,
    active,
    inactive,
  }));
  const { index, position } = choose(service.spec.scheduler, members, service.position);
  service.position = position;
  return index === undefined ? undefined : service.members[index];
}

/** Where the server is reached: port 0 (a service on all ports) stands for the port that the client asked for. */
function serverEnd(server: ServerRecord, virtualPort: number): Endpoint {
  const { address, port, method } = server.spec;
  return { address, port: method === 'nat' && port !== 0 ? port : virtualPort };
}

/**
 * No packet may fit two entries: false if another one's server already sees this client port, or if the server's
 * answers would be taken for a client's packets of another connection.
 */
function clearTuple(
  state: EngineState,
  packet: TransportPacket,
  server: Endpoint,
  client: Endpoint,
): boolean {
  if (state.live(state.table.inbound(packet.protocol, server, client))) return false;
  const other = state.live(state.table.outbound(packet.protocol, server, client));
  if (!other) return true;
  if (!isOver(other.state, false)) return false;
  state.free(other);
  return true;
}

function refreshTemplate(
  state: EngineState,
  service: ServiceRecord,
  server: ServerRecord,
  packet: TransportPacket,
  present: Template | undefined,
): Template {
  const { persistence, listen } = service.spec;
  const life = { seen_ms: state.now_ms, timeout_ms: (persistence?.timeout_s ?? 0) * 1000 };
  const target = { owner: server, server: serverEnd(server, listen.port), method: server.spec.method };
  if (present) {
    Object.assign(present, life);
    if (present.target.owner !== server) state.lead(present, target);
    return present;
  }
  const template: Template = {
    kind: 'template',
    group: service.id,
    client: maskAddress(packet.source, persistence?.netmask_bits ?? 0),
    virtual: { address: listen.address, port: listen.port },
    protocol: listen.protocol,
    target,
    ...life,
    controls: 0,
  };
  state.add(template);
  return template;
}
