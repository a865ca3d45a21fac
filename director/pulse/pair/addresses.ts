// Where the two directors reach each other on an interface: by the addresses that the configuration gives a udp link,
// else by the directors' own addresses if ours is on that interface, else, for sync, by where the peer's beats come from. Pure.

import type { HeartbeatStatus } from '../../../heartbeat/protocol.ts';
import type { Configuration } from '../../config/configuration.ts';
import { type Address, familyOf, parseAddress } from '../../model/address.ts';

export interface Ends {
  readonly own: Address;
  readonly peer: Address;
}

/** Addresses of this host's interfaces by name. */
export type InterfaceAddresses = (name: string) => readonly string[];

export function peerOf(configuration: Configuration, node: string): string | undefined {
  return configuration.directors.find((director) => director.name !== node)?.name;
}

/** Whether there is somebody to watch and to be watched by. */
export function isPair(configuration: Configuration): boolean {
  return configuration.heartbeat !== undefined && configuration.directors.length === 2;
}

/** Of the directors' own addresses. */
function directorsEnds(
  configuration: Configuration,
  node: string,
  name: string,
  addressesOf: InterfaceAddresses,
): Ends | undefined {
  const own = configuration.directors.find((director) => director.name === node)?.address;
  const peer = configuration.directors.find((director) => director.name !== node)?.address;
  if (own === undefined || peer === undefined || familyOf(own) !== familyOf(peer)) return undefined;
  return addressesOf(name).includes(own) ? { own, peer } : undefined;
}

/** Undefined: beats go to the group. */
export function linkEnds(
  configuration: Configuration,
  node: string,
  link: { readonly interface: string; readonly addresses?: Readonly<Record<string, Address>> },
  addressesOf: InterfaceAddresses,
): Ends | undefined {
  const own = link.addresses?.[node];
  const peer = link.addresses?.[peerOf(configuration, node) ?? ''];
  if (own !== undefined && peer !== undefined) return { own, peer };
  return directorsEnds(configuration, node, link.interface, addressesOf);
}

/** Undefined: not known yet, or no sync. */
export function syncEnds(
  configuration: Configuration,
  node: string,
  addressesOf: InterfaceAddresses,
  links: HeartbeatStatus['links'] = [],
): Ends | undefined {
  const { sync, heartbeat } = configuration;
  if (sync === undefined || heartbeat === undefined) return undefined;
  const onIt = heartbeat.links.flatMap((link) =>
    link.kind === 'udp' && link.interface === sync.link ? [link] : [],
  );
  for (const link of onIt) {
    const ends = linkEnds(configuration, node, link, addressesOf);
    if (ends !== undefined) return ends;
  }
  const ends = directorsEnds(configuration, node, sync.link, addressesOf);
  if (ends !== undefined) return ends;
  for (const [index, link] of heartbeat.links.entries()) {
    if (link.kind !== 'udp' || link.interface !== sync.link) continue;
    const peer = hostOf(links[index]?.peer_address);
    const own = addressesOf(sync.link)
      .map(parseAddress)
      .find((each) => each && familyOf(each) === familyOf(peer ?? each));
    if (peer !== undefined && own !== undefined) return { own, peer };
  }
  return undefined;
}

/** `10.0.0.2`, `10.0.0.2:694`, `[fd00::2]:694`. Link-local addresses name an interface and will not do. */
function hostOf(text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([^:]+):\d+$/.exec(text)?.[1] ?? text;
  return parseAddress(bare);
}
