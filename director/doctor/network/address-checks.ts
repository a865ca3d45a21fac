// Who answers for which address: addresses that two have, real servers that answer for the VIP in the director's place,
// a peer that is not there. Pure, from what the network said.
import type { Configuration, LinkConfig } from '../../config/configuration.ts';
import type { Address } from '../../model/address.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';
import { macsOf, type NetworkFacts } from './facts.ts';
import { type ServerOfService, serversOf } from './questions.ts';

export interface Standpoint {
  /** Which director this is; undefined: nobody knows. */
  readonly node: string | undefined;
  /** Link addresses of the peer, where it told them. */
  readonly peerMacs?: ReadonlySet<string>;
  /** The peer is active, so that its answer for a VIP is as it should be. */
  readonly peerHolds?: boolean;
}

export function checkAddresses(
  configuration: Configuration,
  facts: NetworkFacts,
  standpoint: Standpoint,
): Finding[] {
  if (facts.unasked !== undefined)
    return [
      warn('network', `the network was not asked who has which address: ${facts.unasked}`, 'Run it as root.'),
    ];
  const findings = [
    ...checkOwnAddresses(configuration, facts, standpoint),
    ...checkVips(configuration, facts, standpoint),
  ];
  return findings.length > 0
    ? findings
    : [ok('addresses', 'nobody else answers for the virtual IPs or this machine’s addresses')];
}

/** This director's, of the configuration. */
export function ownAddresses({ directors, heartbeat }: Configuration, node: string | undefined): Address[] {
  const links = (heartbeat?.links ?? []).flatMap((link) =>
    link.kind === 'udp' && node !== undefined ? (link.addresses?.[node] ?? []) : [],
  );
  return [
    ...new Set([...directors.filter((each) => each.name === node).map((each) => each.address), ...links]),
  ];
}

function checkOwnAddresses(
  configuration: Configuration,
  facts: NetworkFacts,
  { node }: Standpoint,
): Finding[] {
  return ownAddresses(configuration, node).flatMap((address) => {
    const others = [...macsOf(facts, address)];
    return others.length === 0
      ? []
      : [
          fail(
            'duplicate-address',
            `${address}, this director’s own address, is also answered for by ${others.join(', ')}`,
            'Find that machine by its link address, and give one of the two another address.',
          ),
        ];
  });
}

function checkVips(configuration: Configuration, facts: NetworkFacts, standpoint: Standpoint): Finding[] {
  const servers = serverMacs(configuration, facts);
  const peers = peerMacs(configuration, facts, standpoint);
  const vips = new Set([
    ...configuration.virtualIps.map((vip) => vip.address),
    ...configuration.services.map((service) => service.listen.address),
  ]);
  return [...vips].flatMap((vip) => {
    const holders = [...macsOf(facts, vip)];
    const strangers = holders.filter((mac) => !servers.has(mac) && !peers.has(mac));
    // An active peer whose link address nobody told.
    const forgiven =
      standpoint.peerHolds === true && !holders.some((mac) => peers.has(mac)) ? strangers[0] : undefined;
    return holders.flatMap((mac): Finding[] => {
      const known = servers.get(mac);
      if (known !== undefined) return [answeringServer(vip, known)];
      if (peers.has(mac) || mac === forgiven)
        return facts.own.has(vip)
          ? [
              fail(
                'duplicate-address',
                `this director and its peer both answer for the virtual IP ${vip}`,
                'See "fairlead status" on both: they do not hear each other.',
              ),
            ]
          : [];
      return [
        fail(
          'duplicate-address',
          `somebody else (${mac}) answers for the virtual IP ${vip}`,
          'Find that machine by its link address; take the address away there, or choose another one.',
        ),
      ];
    });
  });
}

/** Told by its name in a service on that VIP, where it has one. */
function answeringServer(vip: Address, known: readonly ServerOfService[]): Finding {
  const { service, server } = known.find((each) => each.service.listen.address === vip) ?? known[0]!;
  return fail(
    'real-server-arp',
    `real server ${service.name}/${server.name} (${server.address}) answers the network’s questions for the virtual IP ${vip}: clients reach it past the director`,
    `On that server: fairlead-realserver set --vip ${vip} --method route (or tunnel)`,
  );
}

function serverMacs(
  configuration: Configuration,
  facts: NetworkFacts,
): ReadonlyMap<string, readonly ServerOfService[]> {
  const pairs = serversOf(configuration).flatMap((each) =>
    [...macsOf(facts, each.server.address)].map((mac) => ({ mac, each })),
  );
  const grouped = Map.groupBy(pairs, ({ mac }) => mac);
  return new Map([...grouped].map(([mac, list]) => [mac, list.map(({ each }) => each)]));
}

/** A director may be a real server of a service too; whoever is a peer is judged as one. */
function peerMacs(
  { directors, heartbeat }: Configuration,
  facts: NetworkFacts,
  { node, peerMacs: told }: Standpoint,
): ReadonlySet<string> {
  const others = directors.filter((each) => each.name !== node).map((each) => each.name);
  const addresses = [
    ...directors.filter((each) => others.includes(each.name)).map((each) => each.address),
    ...others.flatMap((name) =>
      (heartbeat?.links ?? []).flatMap((link) => (link.kind === 'udp' ? (link.addresses?.[name] ?? []) : [])),
    ),
  ];
  return new Set([...(told ?? []), ...addresses.flatMap((address) => [...macsOf(facts, address)])]);
}

/** Over each udp link, by the addresses that are known there; a serial line cannot be asked. */
export function checkPeer(
  configuration: Configuration,
  facts: NetworkFacts,
  { node }: Standpoint,
): Finding[] {
  const peer = configuration.directors.find((each) => each.name !== node);
  if (configuration.directors.length !== 2 || peer === undefined || node === undefined) return [];
  if (facts.unasked !== undefined) return [];
  const findings = (configuration.heartbeat?.links ?? []).flatMap((link) =>
    link.kind === 'udp' ? checkLink(link, peer, facts) : [],
  );
  if (facts.pings.get(peer.address) === true || macsOf(facts, peer.address).size > 0)
    return [ok('peer', `${peer.name} answers at ${peer.address}`), ...findings];
  return [
    warn(
      'peer',
      `${peer.name} does not answer at ${peer.address}`,
      'See that it is switched on, has this address, and that a cable and no filter is in between.',
    ),
    ...findings,
  ];
}

function checkLink(
  link: Extract<LinkConfig, { readonly kind: 'udp' }>,
  peer: { readonly name: string; readonly address: Address },
  facts: NetworkFacts,
): Finding[] {
  const way = facts.ways.get(peer.address);
  const here = way?.interface === link.interface && way.onLink ? peer.address : undefined;
  const address = link.addresses?.[peer.name] ?? here;
  if (address === undefined) return []; // multicast: only the beats themselves tell
  const heard = facts.answers.some((each) => each.interface === link.interface && each.address === address);
  if (heard) return [ok('peer', `${peer.name} answers over ${link.interface} (${address})`)];
  return [
    warn(
      'peer',
      `${peer.name} does not answer over ${link.interface} for ${address}`,
      `See cable, switch and the address on ${link.interface} of ${peer.name}; "fairlead status" shows each link.`,
    ),
  ];
}
