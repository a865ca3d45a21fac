// What is worth asking the network about, by the configuration and the ways that this machine knows. Pure.
import type { Configuration, ServerConfig, ServiceConfig } from '../../config/configuration.ts';
import { type Address, familyOf } from '../../model/address.ts';
import { type LinkQuestion, macsOf, type NetworkFacts, type Suspect, type Way } from './facts.ts';

type Ways = ReadonlyMap<Address, Way>;

export interface ServerOfService {
  readonly service: ServiceConfig;
  readonly server: ServerConfig;
}

/** Real servers on other machines, sorry servers among them. */
export function serversOf({ services }: Configuration): ServerOfService[] {
  return services.flatMap((service) =>
    [...service.servers, ...(service.sorry === undefined ? [] : [service.sorry])]
      .filter((server) => server.method !== 'local')
      .map((server) => ({ service, server })),
  );
}

/** Each once: who holds the VIPs, what real servers and directors are known by, who answers for this machine's addresses. */
export function questionsOf(
  configuration: Configuration,
  own: ReadonlyMap<Address, string>,
  ways: Ways,
): LinkQuestion[] {
  const { directors, heartbeat, virtualIps } = configuration;
  const questions = [
    ...virtualIps.map(({ interface: name, address }) => ({ interface: name, address })),
    ...serversOf(configuration).flatMap(({ service, server }): LinkQuestion[] => {
      const way = ways.get(server.address);
      if (way?.onLink !== true) return [];
      const itself = { interface: way.interface, address: server.address };
      const hasVip = server.method === 'route' || server.method === 'tunnel';
      const vip = { interface: way.interface, address: service.listen.address };
      return hasVip && familyOf(vip.address) === familyOf(server.address) ? [itself, vip] : [itself];
    }),
    ...directors.flatMap(({ address }): LinkQuestion[] => {
      const way = ways.get(address);
      const name = own.get(address) ?? (way?.onLink === true ? way.interface : undefined);
      return name === undefined ? [] : [{ interface: name, address }];
    }),
    ...(heartbeat?.links ?? []).flatMap((link) =>
      link.kind === 'udp'
        ? Object.values(link.addresses ?? {}).map((address) => ({ interface: link.interface, address }))
        : [],
    ),
  ];
  return [...new Map(questions.map((each) => [`${each.interface} ${each.address}`, each])).values()];
}

/** Those of method nat, which must send their answers back through this director. */
export function serversToPing(configuration: Configuration, ways: Ways): Address[] {
  return natServers(configuration).filter((address) => ways.get(address)?.onLink === true);
}

/** Whoever answers pings and whose link address is known for certain. */
export function strangersOf(configuration: Configuration, facts: NetworkFacts): Suspect[] {
  return natServers(configuration).flatMap((server): Suspect[] => {
    const way = facts.ways.get(server);
    const macs = [...macsOf(facts, server)];
    if (way?.onLink !== true || facts.pings.get(server) !== true || familyOf(server) !== 4) return [];
    return macs.length === 1 ? [{ server, interface: way.interface, mac: macs[0]! }] : [];
  });
}

export function natServers(configuration: Configuration): Address[] {
  const nat = serversOf(configuration).filter(({ server }) => server.method === 'nat');
  return [...new Set(nat.map(({ server }) => server.address))];
}
