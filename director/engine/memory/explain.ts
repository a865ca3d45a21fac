// Why a client's next connection goes where it goes, in plain sentences. Asks the same functions that decide, and
// changes nothing.
import { formatEndpoint, maskAddress } from '../../model/address.ts';
import { FairleadError } from '../../model/error.ts';
import { choose, loadOf } from '../../scheduling/scheduler.ts';
import type { ExplainQuery, Explanation } from '../engine.ts';
import type { Connection, ServerRecord, ServiceRecord } from './records.ts';
import { outerHeaderBytes } from './rewrite.ts';
import type { EngineState } from './state.ts';

export function explain(state: EngineState, query: ExplainQuery): Explanation {
  const service = state.registry.present(query.service);
  if (!service)
    throw new FairleadError('service-missing', `There is no virtual service named ${query.service}.`, {
      remedy: 'List the services that the engine has, and use one of their names.',
    });
  const because = [`Service ${service.spec.name} listens on ${listenText(service)}.`];
  const connection = findConnection(state, service, query);
  if (connection) return explainConnection(state, connection, because);
  const client = formatEndpoint(query.client.address, query.client.port);
  because.push(`There is no connection entry for client ${client}.`);
  const server = findServer(state, service, query, because);
  if (!server) return { outcome: 'drop', because };
  because.push(...wayText(state, server, server.spec.method));
  return outcomeFor(server, server.spec.method, because);
}

function findConnection(
  state: EngineState,
  service: ServiceRecord,
  query: ExplainQuery,
): Connection | undefined {
  for (const connection of state.table.connections()) {
    const { client, owner } = connection;
    const isClients = client.port === query.client.port && client.address === query.client.address;
    if (owner.service === service && isClients && !state.isExpired(connection)) return connection;
  }
  return undefined;
}

function explainConnection(state: EngineState, connection: Connection, because: string[]): Explanation {
  const { owner, method } = connection;
  const { expires_ms } = state.describe(connection);
  because.push(
    `A connection entry exists: state ${connection.state}, server ${owner.spec.name}, expires in ${expires_ms} ms.`,
  );
  if (owner.presence === 'leaving') {
    because.push(
      `Server ${owner.spec.name} was removed with policy ${owner.policy}: ${POLICY_TEXT[owner.policy]}`,
    );
    return { outcome: 'drop', server: owner.spec.name, method, because };
  }
  because.push(...wayText(state, owner, method));
  return outcomeFor(owner, method, because);
}

const POLICY_TEXT = {
  silent: 'packets of its connections are dropped.',
  reset: 'the client’s next packet is answered with a reset and the entry is freed.',
  reassign: 'the entry is freed at the next packet, which is then scheduled like a new one.',
} as const;

function findServer(
  state: EngineState,
  service: ServiceRecord,
  query: ExplainQuery,
  because: string[],
): ServerRecord | undefined {
  const { persistence } = service.spec;
  if (persistence) {
    const masked = maskAddress(query.client.address, persistence.netmask_bits);
    const template = state.table.template(service.id, masked);
    if (template && !state.isExpired(template)) {
      const server = template.target.owner;
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

function refusalText(server: ServerRecord): string | undefined {
  if (server.presence === 'leaving') return `server ${server.spec.name} was removed.`;
  return server.spec.weight === 0 ? `server ${server.spec.name} has weight 0.` : undefined;
}

function schedule(service: ServiceRecord, because: string[]): ServerRecord | undefined {
  const { scheduler } = service.spec;
  const members = service.members.map(({ spec, active, inactive }) => ({
    weight: spec.weight,
    active,
    inactive,
  }));
  const { index, current_weight } = service.position;
  because.push(`Scheduler ${scheduler} stands at position ${index}, current weight ${current_weight}.`);
  for (const [at, member] of members.entries()) {
    const { weight, active, inactive } = member;
    because.push(
      `Candidate ${service.members[at]!.spec.name}: weight ${weight}, ${active} active and ${inactive} inactive connections, load ${loadOf(member)}.`,
    );
  }
  const chosen = choose(scheduler, members, service.position).index;
  const server = chosen === undefined ? undefined : service.members[chosen];
  because.push(
    server
      ? `Scheduler ${scheduler} chooses ${server.spec.name}.`
      : 'No server can take a connection: every weight is 0, or there is no server.',
  );
  return server;
}

function wayText(state: EngineState, server: ServerRecord, method: ServerRecord['spec']['method']): string[] {
  const { address, port } = server.spec;
  switch (method) {
    case 'nat':
      return [`Method nat: the packet's destination becomes ${formatEndpoint(address, port)}.`];
    case 'route':
      return [`Method route: the packet goes unchanged to the link address of ${address}.`];
    case 'tunnel': {
      const room = state.ways.mtu - outerHeaderBytes(address);
      return [
        `Method tunnel: the packet travels inside another to ${address}; up to ${room} bytes fit unfragmented.`,
      ];
    }
    case 'local':
      return ['Method local: this host’s own stack takes the packet.'];
  }
}

function outcomeFor(
  server: ServerRecord,
  method: ServerRecord['spec']['method'],
  because: string[],
): Explanation {
  return { outcome: method === 'local' ? 'local' : 'forward', server: server.spec.name, method, because };
}

function listenText(service: ServiceRecord): string {
  const { protocol, address, port } = service.spec.listen;
  return `${protocol}://${formatEndpoint(address, port)}`;
}
