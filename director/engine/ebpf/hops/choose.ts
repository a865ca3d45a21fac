// The decision what the way to a real server is, from what the kernel says about route, interface and neighbour. Pure.
// Guarantee: a link hop is only ever chosen on an Ethernet interface that is up and has a carrier; everything else is
// local, or unreachable with the reason.
import { type Address, familyOf, maskAddress } from '../../../model/address.ts';
import type { Link, Neighbour, Route } from '../../../native/rtnetlink.ts';
import { NUD } from '../../../native/rtnetlink-codec.ts';
import { errnoName } from '../../../native/system-error.ts';
import type { Hop } from './hop.ts';

/** The kernel's answer to "which way": a route, or the errno of its refusal. */
export type RouteAnswer = { readonly route: Route } | { readonly errno: number };

export interface HopFacts {
  readonly answer: RouteAnswer;
  /** The route's interface. */
  readonly link: Link | undefined;
  /** The entry of the neighbour to ask, see neighbourToAsk. */
  readonly neighbour: Neighbour | undefined;
  /** Its link address when it was last known, if it has not failed to answer since. */
  readonly known_mac: Uint8Array | undefined;
}

export interface NeighbourKey {
  readonly interface_index: number;
  readonly gateway: Address;
}

/** The neighbour whose link address decides; undefined where the answer leads to none. */
export function neighbourToAsk(address: Address, answer: RouteAnswer): NeighbourKey | undefined {
  if (!('route' in answer)) return undefined;
  const { kind, interface_index, gateway } = answer.route;
  if (kind !== 'unicast' || interface_index === undefined) return undefined;
  return { interface_index, gateway: gateway ?? address };
}

export function chooseHop(address: Address, facts: HopFacts): Hop {
  const { answer, link } = facts;
  const unreachable = (reason: string): Hop => ({ kind: 'unreachable', address, unreachable: reason });
  if (!('route' in answer)) return unreachable(refusal(address, answer.errno));
  const { route } = answer;
  if (route.kind === 'local') return { kind: 'local', address };
  if (route.kind !== 'unicast') return unreachable(`${address} is a ${route.kind} address here`);
  if (isLinkLocal(address))
    return unreachable(`${address} is link-local, so it names no interface to leave by`);
  if (link === undefined) return unreachable(`the interface of the route to ${address} is gone`);
  const obstacle = obstacleOf(link, facts.neighbour);
  if (obstacle !== undefined || link.mac === undefined) return unreachable(obstacle ?? noLinkAddress(link));
  return {
    kind: 'link',
    address,
    interface_index: link.index,
    interface_name: link.name,
    source_mac: link.mac,
    destination_mac: destinationMac(facts),
    gateway: route.gateway ?? address,
    mtu: Math.min(route.mtu ?? link.mtu, link.mtu),
    source: route.source,
  };
}

/** Whether the neighbour's link address may be used, whatever the kernel does to confirm it. */
export function isUsable(neighbour: Neighbour | undefined): neighbour is Neighbour & { mac: Uint8Array } {
  if (neighbour?.mac === undefined) return false;
  return (neighbour.state & (NUD.REACHABLE | NUD.STALE | NUD.DELAY | NUD.PROBE | NUD.PERMANENT)) !== 0;
}

/**
 * An entry that vanished (garbage collection, a flush) or is being asked for anew does not mean that the neighbour is
 * gone: the kernel would let packets wait, we cannot, so the last known link address serves until it fails to answer.
 */
function destinationMac({ neighbour, known_mac }: HopFacts): Uint8Array | undefined {
  if (isUsable(neighbour)) return neighbour.mac;
  return neighbour?.state === NUD.FAILED ? undefined : known_mac;
}

function obstacleOf(link: Link, neighbour: Neighbour | undefined): string | undefined {
  if (link.loopback) return `the route leads to ${link.name}, but the address is not one of this host`;
  if (!link.ethernet || link.mac === undefined) return noLinkAddress(link);
  if (!link.up) return `${link.name} is down`;
  if (!link.carrier) return `${link.name} has no carrier`;
  if (link.noArp && neighbour?.state !== NUD.PERMANENT)
    return `${link.name} does not ask for its neighbours (NOARP), and no permanent neighbour is set`;
  return undefined;
}

function noLinkAddress(link: Link): string {
  const what = link.pointToPoint ? 'a point-to-point interface' : (link.kind ?? 'not Ethernet');
  return `${link.name} has no Ethernet address (${what})`;
}

function isLinkLocal(address: Address): boolean {
  return familyOf(address) === 6 && maskAddress(address, 10) === 'fe80::';
}

/** What ip_route_output and ip6_route_output mean by their errors (net/ipv4/route.c, fib_props in fib_semantics.c). */
function refusal(address: Address, errno: number): string {
  switch (errnoName(errno)) {
    case 'ENETUNREACH':
      return `there is no route to ${address}`;
    case 'EHOSTUNREACH':
      return `the route to ${address} says that it is unreachable`;
    case 'EACCES':
      return `the route to ${address} prohibits it`;
    case 'EINVAL':
      return `the route to ${address} discards packets (blackhole)`;
    default:
      return `the kernel finds no way to ${address} (${errnoName(errno)})`;
  }
}
