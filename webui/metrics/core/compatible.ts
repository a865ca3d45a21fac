// The director's figures under the names that other exporters gave them, with the labels that they have there.
import type { ServerStatus, ServiceStatus, Status } from '../../../director/control/schema.ts';
import {
  IPVS_FAMILIES,
  IPVS_SERVER_FAMILIES,
  KEEPALIVED_FAMILIES,
  KEEPALIVED_LINK_FAMILIES,
  KEEPALIVED_SERVER_FAMILIES,
  KEEPALIVED_SERVICE_FAMILIES,
  type Total,
} from './compatible-families.ts';
import { samplesMax } from './family.ts';
import { distinct, type Subject, subject, write } from './text.ts';

/** `take`: whether there is room for so many series of single servers. */
export function writeCompatible(
  status: Status,
  all: readonly ServiceStatus[],
  take: (count: number) => boolean,
): { text: string; omitted: number } {
  // Leaving ones may share their addresses with those that have come in their place.
  const services = all.filter(({ presence }) => presence === 'present');
  const members = services.map((service) => ({
    local: splitListen(service.listen),
    servers: service.servers.filter(({ presence }) => presence === 'present'),
  }));
  const count =
    members.reduce((total, { servers }) => total + servers.length, 0) *
    (samplesMax(IPVS_SERVER_FAMILIES) + samplesMax(KEEPALIVED_SERVER_FAMILIES));
  const withMembers = take(count);
  const links = status.ha?.links ?? [];
  const state = status.role === 'active' ? 'MASTER' : 'BACKUP';
  const text = [
    write(IPVS_FAMILIES, [subject(sum(services))]),
    write(KEEPALIVED_FAMILIES, [subject(undefined)]),
    write(
      KEEPALIVED_LINK_FAMILIES,
      distinct(
        links.map((link) => subject(link, { name: status.cluster, intf: link.name, vrid: '1', state })),
      ),
    ),
    write(
      KEEPALIVED_SERVICE_FAMILIES,
      distinct(
        services.map((service) => {
          const { address, port, proto } = splitListen(service.listen);
          return subject(service, { addr: `${address}:${port}`, proto: numberOf(proto) });
        }),
      ),
    ),
  ];
  if (withMembers) {
    const backends = members.flatMap(({ local, servers }) => servers.map((server) => backend(local, server)));
    const reals = members.flatMap(({ local, servers }) => servers.map((server) => realServer(local, server)));
    text.push(
      write(IPVS_SERVER_FAMILIES, distinct(backends)),
      write(KEEPALIVED_SERVER_FAMILIES, distinct(reals)),
    );
  }
  return { text: text.join(''), omitted: withMembers ? 0 : count };
}

interface Local {
  readonly proto: string;
  readonly address: string;
  readonly port: string;
}

function backend(local: Local, server: ServerStatus): Subject<ServerStatus> {
  const remote = splitEndpoint(server.address);
  return subject(server, {
    local_address: local.address,
    local_port: local.port,
    remote_address: remote.address,
    remote_port: remote.port,
    proto: local.proto,
    local_mark: '',
  });
}

function realServer(local: Local, server: ServerStatus): Subject<ServerStatus> {
  const remote = splitEndpoint(server.address);
  return subject(server, {
    vip: `${local.address}:${local.port}`,
    addr: `${remote.address}:${remote.port}`,
    proto: numberOf(local.proto),
  });
}

/** That exporter has the protocol's number (RFC 5237). */
function numberOf(proto: string): string {
  return proto === 'UDP' ? '17' : '6';
}

function sum(services: readonly ServiceStatus[]): Total {
  const total: Total = { connections: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 };
  for (const { traffic } of services)
    for (const key of Object.keys(total) as (keyof Total)[]) total[key] += traffic[key];
  return total;
}

/** `tcp://[2001:db8::1]:80`, as other exporters have its parts. */
function splitListen(listen: string): Local {
  const at = listen.indexOf('://');
  return {
    proto: listen.slice(0, Math.max(at, 0)).toUpperCase(),
    ...splitEndpoint(listen.slice(at < 0 ? 0 : at + 3)),
  };
}

function splitEndpoint(text: string): { address: string; port: string } {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return { address: text, port: '' };
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: text.slice(colon + 1) };
}
