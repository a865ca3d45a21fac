// Why a client's next connection goes where it goes, in plain sentences, the same from every engine. Asks the same
// functions that decide, and changes nothing.

import { type Address, formatEndpoint, maskAddress } from '../model/address.ts';
import type { ConnectionEntry, Endpoint } from '../model/connection.ts';
import { FairleadError } from '../model/error.ts';
import { formatListen, type Method, type ServiceSpec } from '../model/service.ts';
import { choose, loadOf, type Position } from '../scheduling/scheduler.ts';
import type { ExplainQuery, Explanation, ServerSnapshot } from './engine.ts';

export interface ExplainedService {
  readonly spec: ServiceSpec;
  readonly position: Position;
  /** Present servers in the order they were added. */
  readonly members: readonly ServerSnapshot[];
}

/** What an engine has to be able to say about itself. Expired entries count as absent. */
export interface ExplainView {
  service(name: string): ExplainedService | undefined;
  connection(service: string, client: Endpoint): ConnectionEntry | undefined;
  template(service: string, maskedClient: Address): ConnectionEntry | undefined;
  /** Leaving servers included. */
  server(service: string, name: string): ServerSnapshot | undefined;
  /** Bytes of a packet that fit through a tunnel to this address unfragmented. */
  tunnelRoom_bytes(server: Address): number;
}

/** Throws service-missing. */
export function explain(view: ExplainView, query: ExplainQuery): Explanation {
  const service = view.service(query.service);
  if (!service)
    throw new FairleadError('service-missing', `There is no virtual service named ${query.service}.`, {
      remedy: 'List the services that the engine has, and use one of their names.',
    });
  const because = [`Service ${service.spec.name} listens on ${formatListen(service.spec.listen)}.`];
  const connection = view.connection(service.spec.name, query.client);
  if (connection) return explainConnection(view, connection, because);
  because.push(
    `There is no connection entry for client ${formatEndpoint(query.client.address, query.client.port)}.`,
  );
  const server = findServer(view, service, query, because);
  if (!server) return { outcome: 'drop', because };
  because.push(...wayText(view, server, server.spec.method));
  return outcomeFor(server, server.spec.method, because);
}

function explainConnection(view: ExplainView, connection: ConnectionEntry, because: string[]): Explanation {
  const { service, serverName, method } = connection;
  because.push(
    `A connection entry exists: state ${connection.state}, server ${serverName}, expires in ${connection.expires_ms} ms.`,
  );
  const server = view.server(service, serverName);
  if (!server || server.presence === 'leaving') {
    const policy = server?.policy ?? 'silent';
    because.push(`Server ${serverName} was removed with policy ${policy}: ${POLICY_TEXT[policy]}`);
    return { outcome: 'drop', server: serverName, method, because };
  }
  because.push(...wayText(view, server, method));
  return outcomeFor(server, method, because);
}

const POLICY_TEXT = {
  silent: 'packets of its connections are dropped.',
  reset: 'the client’s next packet is answered with a reset and the entry is freed.',
  reassign: 'the entry is freed at the next packet, which is then scheduled like a new one.',
} as const;

function findServer(
  view: ExplainView,
  service: ExplainedService,
  query: ExplainQuery,
  because: string[],
): ServerSnapshot | undefined {
  const { name, persistence } = service.spec;
  if (persistence) {
    const masked = maskAddress(query.client.address, persistence.netmask_bits);
    const template = view.template(name, masked);
    const server = template && view.server(name, template.serverName);
    if (server) {
      because.push(
        `A persistence template leads ${masked}/${persistence.netmask_bits} to server ${server.spec.name}.`,
      );
      const refusal = refusalText(server);
      if (!refusal) return server;
      because.push(`The template is passed over: ${refusal}`);
    } else because.push(`There is no persistence template for ${masked}/${persistence.netmask_bits}.`);
  }
  return schedule(service, because);
}

function refusalText(server: ServerSnapshot): string | undefined {
  if (server.presence === 'leaving') return `server ${server.spec.name} was removed.`;
  return server.spec.weight === 0 ? `server ${server.spec.name} has weight 0.` : undefined;
}

function schedule(
  { spec, position, members }: ExplainedService,
  because: string[],
): ServerSnapshot | undefined {
  because.push(
    `Scheduler ${spec.scheduler} stands at position ${position.index}, current weight ${position.current_weight}.`,
  );
  const candidates = members.map((member) => ({ ...member, weight: member.spec.weight }));
  for (const candidate of candidates) {
    const { weight, active, inactive } = candidate;
    because.push(
      `Candidate ${candidate.spec.name}: weight ${weight}, ${active} active and ${inactive} inactive connections, load ${loadOf(candidate)}.`,
    );
  }
  const chosen = choose(spec.scheduler, candidates, position).index;
  const server = chosen === undefined ? undefined : members[chosen];
  because.push(
    server
      ? `Scheduler ${spec.scheduler} chooses ${server.spec.name}.`
      : 'No server can take a connection: every weight is 0, or there is no server.',
  );
  return server;
}

function wayText(view: ExplainView, server: ServerSnapshot, method: Method): string[] {
  const { address, port } = server.spec;
  const path = server.path === undefined ? [] : [`Way to ${address}: ${server.path}.`];
  switch (method) {
    case 'nat':
      return [`Method nat: the packet's destination becomes ${formatEndpoint(address, port)}.`, ...path];
    case 'route':
      return [`Method route: the packet goes unchanged to the link address of ${address}.`, ...path];
    case 'tunnel':
      return [
        `Method tunnel: the packet travels inside another to ${address}; up to ${view.tunnelRoom_bytes(address)} bytes fit unfragmented.`,
        ...path,
      ];
    case 'local':
      return ['Method local: this host’s own stack takes the packet.'];
  }
}

function outcomeFor(server: ServerSnapshot, method: Method, because: readonly string[]): Explanation {
  return { outcome: method === 'local' ? 'local' : 'forward', server: server.spec.name, method, because };
}
