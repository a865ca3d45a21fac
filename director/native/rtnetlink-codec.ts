// rtnetlink's messages as values (linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h): links, addresses, routes,
// neighbours. Pure. A decoder returns undefined for a message of another family than IP (bridge ports and their
// forwarding tables share the message types) and throws `netlink-malformed` for one that is cut off.
import { type Address, addressBytes, addressFromBytes, type Family, familyOf } from '../model/address.ts';
import { AF_INET, AF_INET6 } from './libc.ts';
import { attributeMap, malformed, readI32, readString, readU8, readU16, readU32 } from './netlink-codec.ts';

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWNETCONF: 80,
  GETNETCONF: 82,
} as const;

export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  LINKINFO: 18,
  AF_SPEC: 26,
  EXT_MASK: 29,
} as const;
const IFLA_INFO_KIND = 1;
export const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, CACHEINFO: 6, FLAGS: 8, PROTO: 11 } as const;
export const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  TABLE: 15,
  MARK: 16,
  VIA: 18,
};
const RTAX_MTU = 2;
export const NDA = { DST: 1, LLADDR: 2 } as const;

export const IFF = { UP: 0x1, LOOPBACK: 0x8, POINTOPOINT: 0x10, NOARP: 0x80, LOWER_UP: 0x1_0000 } as const;
export const IFA_F = {
  SECONDARY: 0x01,
  NODAD: 0x02,
  DADFAILED: 0x08,
  DEPRECATED: 0x20,
  TENTATIVE: 0x40,
} as const;
const NETCONFA_FORWARDING = 2;
const ARPHRD_ETHER = 1;
const NTF_PROXY = 0x08;
const AF_UNSPEC = 0;

/** Neighbour states (RFC 4861, 7.3.2, and the kernel's own), as bits. */
export const NUD = {
  NONE: 0,
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
} as const;

/** rtm_type, as far as it decides what becomes of a packet. */
const ROUTE_KINDS: Readonly<Record<number, RouteKind>> = {
  1: 'unicast',
  2: 'local',
  3: 'broadcast',
  4: 'anycast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
};
export type RouteKind =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'other';

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Administratively up. */
  readonly up: boolean;
  /** The cable, or what stands for it, is there. */
  readonly carrier: boolean;
  readonly loopback: boolean;
  readonly pointToPoint: boolean;
  /** Does not ask for its neighbours' link addresses. */
  readonly noArp: boolean;
  readonly ethernet: boolean;
  /** Only for Ethernet. */
  readonly mac: Uint8Array | undefined;
  readonly mtu: number;
  /** `veth`, `bridge`, `vlan`…; undefined for hardware. */
  readonly kind: string | undefined;
  readonly master: number | undefined;
}

export interface InterfaceAddress {
  readonly family: Family;
  readonly interface_index: number;
  readonly address: Address;
  readonly prefix_bits: number;
  readonly flags: number;
  /** IPv4 only. */
  readonly label: string | undefined;
  /** Who added it, where the kernel (5.18 and newer) was told. */
  readonly protocol: number | undefined;
}

export interface Route {
  readonly family: Family;
  readonly kind: RouteKind;
  /** Undefined for the default route. */
  readonly destination: Address | undefined;
  readonly prefix_bits: number;
  readonly interface_index: number | undefined;
  /** May be of the other family (RFC 5549). */
  readonly gateway: Address | undefined;
  /** The address that this host speaks from on this way. */
  readonly source: Address | undefined;
  /** Only where the route, or what was learned about the path, has one of its own. */
  readonly mtu: number | undefined;
  readonly metric: number;
  readonly table: number;
}

export interface Neighbour {
  readonly family: Family;
  readonly interface_index: number;
  readonly address: Address;
  readonly mac: Uint8Array | undefined;
  /** One of NUD. */
  readonly state: number;
}

/** 4 or 16 bytes, as rtnetlink carries addresses. */
export function wireAddress(value: Address): Uint8Array {
  const bytes = addressBytes(value);
  return familyOf(value) === 4 ? bytes.subarray(12) : bytes;
}

export function wireFamily(value: Address): number {
  return familyOf(value) === 4 ? AF_INET : AF_INET6;
}

/** struct ifinfomsg (16 bytes), then attributes. */
export function decodeLink(payload: Uint8Array): Link | undefined {
  const found = attributeMap(payload, 16);
  if (readU8(payload) !== AF_UNSPEC) return undefined;
  const flags = readU32(payload, 8);
  const name = found.get(IFLA.IFNAME);
  if (name === undefined) throw malformed('a link without name');
  const hardware = found.get(IFLA.ADDRESS);
  const ethernet = readU16(payload, 2) === ARPHRD_ETHER;
  const info = found.get(IFLA.LINKINFO);
  const kind = info === undefined ? undefined : attributeMap(info).get(IFLA_INFO_KIND);
  return {
    index: readI32(payload, 4),
    name: readString(name),
    up: (flags & IFF.UP) !== 0,
    carrier: (flags & IFF.LOWER_UP) !== 0,
    loopback: (flags & IFF.LOOPBACK) !== 0,
    pointToPoint: (flags & IFF.POINTOPOINT) !== 0,
    noArp: (flags & IFF.NOARP) !== 0,
    ethernet,
    mac: ethernet && hardware?.length === 6 ? hardware.slice() : undefined,
    mtu: optionalU32(found.get(IFLA.MTU)) ?? 0,
    kind: kind === undefined ? undefined : readString(kind),
    master: optionalU32(found.get(IFLA.MASTER)),
  };
}

/** struct ifaddrmsg (8 bytes), then attributes. IFA_ADDRESS is the far end on point-to-point links. */
export function decodeAddress(payload: Uint8Array): InterfaceAddress | undefined {
  const found = attributeMap(payload, 8);
  const family = familyFrom(readU8(payload));
  const wire = found.get(IFA.LOCAL) ?? found.get(IFA.ADDRESS);
  if (family === undefined || wire === undefined) return undefined;
  const label = found.get(IFA.LABEL);
  const protocol = found.get(IFA.PROTO);
  return {
    family,
    interface_index: readU32(payload, 4),
    address: readAddress(wire, family),
    prefix_bits: readU8(payload, 1),
    flags: optionalU32(found.get(IFA.FLAGS)) ?? readU8(payload, 2),
    label: label === undefined ? undefined : readString(label),
    protocol: protocol === undefined ? undefined : readU8(protocol),
  };
}

/** struct rtmsg (12 bytes), then attributes. A route of several ways is told without its ways. */
export function decodeRoute(payload: Uint8Array): Route | undefined {
  const found = attributeMap(payload, 12);
  const family = familyFrom(readU8(payload));
  if (family === undefined) return undefined;
  const metrics = found.get(RTA.METRICS);
  return {
    family,
    kind: ROUTE_KINDS[readU8(payload, 7)] ?? 'other',
    destination: optionalAddress(found.get(RTA.DST), family),
    prefix_bits: readU8(payload, 1),
    interface_index: optionalU32(found.get(RTA.OIF)),
    gateway: optionalAddress(found.get(RTA.GATEWAY), family) ?? readVia(found.get(RTA.VIA)),
    source: optionalAddress(found.get(RTA.PREFSRC), family),
    mtu: metrics === undefined ? undefined : optionalU32(attributeMap(metrics).get(RTAX_MTU)),
    metric: optionalU32(found.get(RTA.PRIORITY)) ?? 0,
    table: optionalU32(found.get(RTA.TABLE)) ?? readU8(payload, 4),
  };
}

/** struct ndmsg (12 bytes), then attributes. Entries that this host answers for others (proxy) are left out. */
export function decodeNeighbour(payload: Uint8Array): Neighbour | undefined {
  const found = attributeMap(payload, 12);
  const family = familyFrom(readU8(payload));
  const wire = found.get(NDA.DST);
  if (family === undefined || wire === undefined || (readU8(payload, 10) & NTF_PROXY) !== 0) return undefined;
  const mac = found.get(NDA.LLADDR);
  return {
    family,
    interface_index: readI32(payload, 4),
    address: readAddress(wire, family),
    mac: mac?.length === 6 ? mac.slice() : undefined,
    state: readU16(payload, 8),
  };
}

/** struct netconfmsg (1 byte, padded), then attributes: whether packets of others are passed on. */
export function decodeForwarding(payload: Uint8Array): boolean {
  const value = attributeMap(payload, 4).get(NETCONFA_FORWARDING);
  return value !== undefined && readI32(value) !== 0;
}

function familyFrom(wire: number): Family | undefined {
  if (wire === AF_INET) return 4;
  return wire === AF_INET6 ? 6 : undefined;
}

function readAddress(wire: Uint8Array, family: Family): Address {
  if (wire.length !== (family === 4 ? 4 : 16))
    throw malformed(`an IPv${family} address of ${wire.length} bytes`);
  if (family === 6) return addressFromBytes(wire);
  const mapped = new Uint8Array(16).fill(0xff, 10, 12);
  mapped.set(wire, 12);
  return addressFromBytes(mapped);
}

function optionalAddress(wire: Uint8Array | undefined, family: Family): Address | undefined {
  return wire === undefined ? undefined : readAddress(wire, family);
}

/** struct rtvia: a family of two bytes, then the address. */
function readVia(wire: Uint8Array | undefined): Address | undefined {
  if (wire === undefined) return undefined;
  const family = familyFrom(readU16(wire));
  return family === undefined ? undefined : readAddress(wire.subarray(2), family);
}

function optionalU32(payload: Uint8Array | undefined): number | undefined {
  return payload === undefined ? undefined : readU32(payload);
}
