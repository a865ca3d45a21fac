// How a packet gets from here to a real server: the interface it leaves by and the two link addresses on it.
// Pure values; choose.ts makes them, hop-table.ts keeps them fresh.
import type { Address } from '../../../model/address.ts';

export type Hop = LinkHop | LocalHop | UnreachableHop;

export interface LinkHop {
  readonly kind: 'link';
  /** The real server. */
  readonly address: Address;
  readonly interface_index: number;
  readonly interface_name: string;
  /** 6 bytes each. */
  readonly source_mac: Uint8Array;
  /** Undefined while the neighbour has not answered. */
  readonly destination_mac: Uint8Array | undefined;
  /** The neighbour whose link address is wanted: the gateway, or the server itself. May be of the other family. */
  readonly gateway: Address;
  readonly mtu: number;
  /** This host's address on the way, for an outer header. Undefined where the host has none of this family. */
  readonly source: Address | undefined;
}

/** One of this host's own addresses. */
export interface LocalHop {
  readonly kind: 'local';
  readonly address: Address;
}

export interface UnreachableHop {
  readonly kind: 'unreachable';
  readonly address: Address;
  /** Why, as a clause: `eth1 has no carrier`. */
  readonly unreachable: string;
}

export function sameHop(one: Hop, other: Hop): boolean {
  if (one.address !== other.address) return false;
  if (one.kind === 'unreachable')
    return other.kind === 'unreachable' && one.unreachable === other.unreachable;
  if (one.kind === 'local' || other.kind !== 'link') return one.kind === other.kind;
  return (
    one.interface_index === other.interface_index &&
    one.interface_name === other.interface_name &&
    one.gateway === other.gateway &&
    one.mtu === other.mtu &&
    one.source === other.source &&
    sameMac(one.source_mac, other.source_mac) &&
    sameMac(one.destination_mac, other.destination_mac)
  );
}

function sameMac(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** `02:00:00:00:00:0a` */
export function formatMac(mac: Uint8Array): string {
  return [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** The path for people: `eth1 via 10.1.0.1 at 02:00:00:00:00:0a`, or why there is none. */
export function describeHop(hop: Hop): string {
  if (hop.kind === 'local') return 'this host';
  if (hop.kind === 'unreachable') return `unreachable: ${hop.unreachable}`;
  if (hop.destination_mac === undefined)
    return `${hop.interface_name} to ${hop.gateway}, which does not answer`;
  const via = hop.gateway === hop.address ? '' : ` via ${hop.gateway}`;
  return `${hop.interface_name}${via} at ${formatMac(hop.destination_mac)}`;
}
