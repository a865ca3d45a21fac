// The ways of packets: to every real server, from those of method nat back through the director, and through tunnels that
// have to be wide enough. Pure, from what the kernel and the network said.
import type { Configuration } from '../../config/configuration.ts';
import { type Address, familyOf, maskAddress, outerHeaderBytes } from '../../model/address.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';
import type { NetworkFacts } from './facts.ts';
import { natServers, serversOf } from './questions.ts';

const LOOK_THERE =
  'On the real server "fairlead-realserver check --method nat --gateway ADDRESS" tells for certain.';

export function checkWays(configuration: Configuration, facts: NetworkFacts): Finding[] {
  return [
    ...checkReachable(configuration, facts),
    ...checkGateway(configuration),
    ...checkNeighbourClients(configuration),
    ...checkReturnPath(configuration, facts),
    ...checkTunnels(configuration, facts),
    ...checkWitnesses(configuration, facts),
  ];
}

function checkReachable(configuration: Configuration, facts: NetworkFacts): Finding[] {
  const servers = new Map(serversOf(configuration).map((each) => [each.server.address, each]));
  return [...servers.values()].flatMap(({ service, server }) => {
    const way = facts.ways.get(server.address);
    const name = `${service.name}/${server.name} (${server.address})`;
    if (way === undefined)
      return [fail('way', `there is no way to ${name}`, `Add a route: ip route add ${server.address} …`)];
    if (server.method === 'route' && !way.onLink)
      return [
        fail(
          'way',
          `${name} is behind a router: method route reaches only servers on a link of the director`,
          'Use method tunnel for it, or connect it to a network of the director.',
        ),
      ];
    return [];
  });
}

/** A gateway that does not move with the VIPs is gone with the director that has it. */
function checkGateway(configuration: Configuration): Finding[] {
  const gateways = configuration.virtualIps.some((vip) => vip.role === 'nat-gateway');
  if (natServers(configuration).length === 0 || configuration.directors.length < 2 || gateways) return [];
  return [
    warn(
      'return-path',
      'real servers of method nat have no gateway that moves with a takeover',
      'Add a virtual IP in their network with role: nat-gateway, and make it their default gateway.',
    ),
  ];
}

/** Whoever is in one network with the client answers it directly, from an address that the client does not know. */
function checkNeighbourClients(configuration: Configuration): Finding[] {
  const vips = configuration.virtualIps.filter((vip) => vip.role === 'service');
  const close = natServers(configuration).filter((server) =>
    vips.some(
      ({ address, prefix_bits }) =>
        familyOf(address) === familyOf(server) &&
        maskAddress(address, prefix_bits) === maskAddress(server, prefix_bits),
    ),
  );
  if (close.length === 0) return [];
  return [
    warn(
      'return-path',
      `${close.join(', ')}: method nat, and in the network of the virtual IP; clients in that network would be answered past the director`,
      'Put the real servers into a network of their own, or use method route.',
    ),
  ];
}

function checkReturnPath(configuration: Configuration, facts: NetworkFacts): Finding[] {
  const servers = natServers(configuration);
  if (servers.length === 0 || facts.unasked !== undefined) return [];
  const gateways = configuration.virtualIps.filter((vip) => vip.role === 'nat-gateway');
  const isGateway = configuration.directors.length < 2 || gateways.some((vip) => facts.own.has(vip.address));
  if (!isGateway)
    return [
      ok('return-path', 'the answers of real servers go to the active director: only there it can be told'),
    ];
  const where = (wanted: 'here' | 'elsewhere'): Address[] =>
    servers.filter((server) => facts.strangers.get(server) === wanted);
  const known = new Set([...where('here'), ...where('elsewhere')]);
  const unknown = servers.filter((server) => !known.has(server));
  const gateway = gateways[0]?.address ?? 'ADDRESS-OF-THIS-DIRECTOR';
  return [
    ...(where('here').length === 0
      ? []
      : [
          ok(
            'return-path',
            `${where('here').length} real servers of method nat answer strangers through here`,
          ),
        ]),
    ...where('elsewhere').map((server) =>
      fail(
        'return-path',
        `${server} answers pings from here, but what it says to clients elsewhere does not come back through here`,
        `On it: ip route replace default via ${gateway}, and write that into its network configuration.`,
      ),
    ),
    ...(unknown.length === 0
      ? []
      : [
          warn(
            'return-path',
            `whether ${unknown.join(', ')} send their answers through here cannot be told: they answer no pings, are behind a router, or have IPv6`,
            LOOK_THERE,
          ),
        ]),
  ];
}

const ETHERNET_MTU_BYTES = 1_500;

function checkTunnels(configuration: Configuration, facts: NetworkFacts): Finding[] {
  const tunnels = serversOf(configuration).filter(({ server }) => server.method === 'tunnel');
  if (tunnels.length === 0) return [];
  const narrow = tunnels.flatMap(({ service, server }) => {
    const way = facts.ways.get(server.address);
    const header_bytes = outerHeaderBytes(server.address);
    const room_bytes = (way?.mtu ?? Number.POSITIVE_INFINITY) - header_bytes;
    if (room_bytes >= ETHERNET_MTU_BYTES) return [];
    return [
      warn(
        'tunnel-mtu',
        `${service.name}/${server.name} (${server.address}): packets of ${room_bytes} bytes fit into its tunnel; clients that send ${ETHERNET_MTU_BYTES} are told so by ICMP, and wait for ever where that is filtered`,
        `Set the MTU of ${way?.interface} and of all that follows to ${ETHERNET_MTU_BYTES + header_bytes}, or on the real server: ip route change default … advmss ${room_bytes - (familyOf(service.listen.address) === 4 ? 40 : 60)}`,
      ),
    ];
  });
  return narrow.length > 0
    ? narrow
    : [ok('tunnel-mtu', `packets of ${ETHERNET_MTU_BYTES} bytes fit into every tunnel`)];
}

function checkWitnesses({ heartbeat }: Configuration, facts: NetworkFacts): Finding[] {
  const witnesses = heartbeat?.witnesses ?? [];
  if (witnesses.length === 0 || facts.unasked !== undefined) return [];
  const silent = witnesses.filter((address) => facts.pings.get(address) === false && !facts.own.has(address));
  if (silent.length === 0) return [ok('witnesses', 'every witness answers')];
  const remedy = 'Name addresses that answer pings from both directors, or let these answer.';
  if (silent.length < witnesses.length)
    return [warn('witnesses', `${silent.join(', ')} does not answer pings`, remedy)];
  return [
    fail(
      'witnesses',
      `no witness answers pings (${silent.join(', ')}): a director without its peer would let go of the virtual IPs`,
      remedy,
    ),
  ];
}
