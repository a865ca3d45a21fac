// Reads a frame's headers (docs/packet-path.md 2). Trusts nothing: every length is checked against what is there.
import { type Address, addressFromBytes } from '../../model/address.ts';
import type { Protocol } from '../../model/service.ts';

export const LINK_BYTES = 14;
const EXTENSION_HEADERS_MAX = 6;
/** The packet program reads headers within this much of a frame. */
const HEADERS_END_MAX = 960;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION = 60;

/** IP protocol numbers. */
export const IP_PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, icmpv6: 58 } as const;

export interface Packet {
  readonly frame: Uint8Array;
  readonly family: 4 | 6;
  readonly source: Address;
  readonly destination: Address;
  /** The number that the walk along the headers ended at. */
  readonly protocolNumber: number;
  /** Total length of the IP packet, link padding left out. */
  readonly ipLength: number;
  /** Offset in the frame of what follows the IP headers. */
  readonly transportAt: number;
  readonly ttl: number;
  readonly tos: number;
  readonly fragment: 'whole' | 'first' | 'later';
  /** IPv4 identification or that of the fragment header; 0 without one. */
  readonly id: number;
  /** IPv4 with DF, or IPv6. */
  readonly mayNotFragment: boolean;
}

export interface TransportPacket extends Packet {
  readonly protocol: Protocol;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** TCP; 0 for UDP. */
  readonly flags: number;
}

/** A frame that has to be decided about. */
export type ParsedPacket =
  | { readonly kind: 'transport'; readonly packet: TransportPacket }
  | { readonly kind: 'fragment' | 'icmp'; readonly packet: Packet };

export type Parsed =
  | ParsedPacket
  | { readonly kind: 'local' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'malformed-transport' };

const LOCAL = { kind: 'local' } as const;
const MALFORMED = { kind: 'malformed' } as const;
const MALFORMED_TRANSPORT = { kind: 'malformed-transport' } as const;

export function parse(frame: Uint8Array): Parsed {
  if (frame.length < LINK_BYTES) return MALFORMED;
  const ethertype = u16(frame, 12);
  if (ethertype !== 0x0800 && ethertype !== 0x86dd) return LOCAL;
  const packet = ethertype === 0x0800 ? parseV4(frame) : parseV6(frame);
  if (!packet) return MALFORMED;
  if (packet.fragment === 'later') return { kind: 'fragment', packet };
  return parseTransport(packet);
}

function parseV4(frame: Uint8Array): Packet | undefined {
  const present = frame.length - LINK_BYTES;
  if (present < 20) return undefined;
  const header = (frame[14]! & 15) * 4;
  const ipLength = u16(frame, 16);
  if (frame[14]! >> 4 !== 4 || header < 20 || header > ipLength || ipLength > present) return undefined;
  const fragmentBits = u16(frame, 20);
  return {
    frame,
    family: 4,
    source: addressV4(frame, 26),
    destination: addressV4(frame, 30),
    protocolNumber: frame[23]!,
    ipLength,
    transportAt: LINK_BYTES + header,
    ttl: frame[22]!,
    tos: frame[15]!,
    fragment: fragmentBits & 0x1fff ? 'later' : fragmentBits & 0x2000 ? 'first' : 'whole',
    id: u16(frame, 18),
    mayNotFragment: (fragmentBits & 0x4000) !== 0,
  };
}

function parseV6(frame: Uint8Array): Packet | undefined {
  const present = frame.length - LINK_BYTES;
  if (present < 40) return undefined;
  const ipLength = u16(frame, 18) + 40;
  if (frame[14]! >> 4 !== 6 || ipLength > present) return undefined;
  // A mapped address stands for an IPv4 one everywhere in the engine; on the wire it is a forgery.
  if (isMapped(frame, 22) || isMapped(frame, 38)) return undefined;
  const headers = walkExtensions(frame, 20, LINK_BYTES + 40, LINK_BYTES + ipLength);
  if (!headers) return undefined;
  return {
    frame,
    family: 6,
    source: addressFromBytes(frame, 22),
    destination: addressFromBytes(frame, 38),
    protocolNumber: headers.next,
    ipLength,
    transportAt: headers.at,
    ttl: frame[21]!,
    tos: ((frame[14]! & 15) << 4) | (frame[15]! >> 4),
    fragment: headers.fragment,
    id: headers.id,
    mayNotFragment: true,
  };
}

interface Headers {
  readonly next: number;
  readonly at: number;
  readonly fragment: Packet['fragment'];
  readonly id: number;
}

/** Follows IPv6 extension headers from the byte that names the first one; undefined if they cannot be. */
function walkExtensions(bytes: Uint8Array, nextAt: number, start: number, end: number): Headers | undefined {
  let [next, at, id] = [bytes[nextAt]!, start, 0];
  let fragment: Packet['fragment'] = 'whole';
  for (let walked = 0; isExtension(next); walked++) {
    if (walked === EXTENSION_HEADERS_MAX || at + 8 > end) return undefined;
    const length = next === FRAGMENT ? 8 : (bytes[at + 1]! + 1) * 8;
    if (next === FRAGMENT) {
      const bits = u16(bytes, at + 2);
      fragment = bits >> 3 ? 'later' : bits & 1 ? 'first' : 'whole';
      id = u32(bytes, at + 4);
    }
    next = bytes[at]!;
    at += length;
    if (at > end || at > HEADERS_END_MAX) return undefined;
    if (fragment === 'later') break;
  }
  return { next, at, fragment, id };
}

function isExtension(next: number): boolean {
  return next === HOP_BY_HOP || next === ROUTING || next === FRAGMENT || next === DESTINATION;
}

function parseTransport(packet: Packet): Parsed {
  const { frame, protocolNumber, transportAt: at } = packet;
  const left = LINK_BYTES + packet.ipLength - at;
  if (protocolNumber === IP_PROTOCOL.tcp) {
    if (left < 20) return MALFORMED_TRANSPORT;
    const header = (frame[at + 12]! >> 4) * 4;
    if (header < 20 || header > left) return MALFORMED_TRANSPORT;
    return transport(packet, 'tcp', frame[at + 13]!);
  }
  if (protocolNumber === IP_PROTOCOL.udp) {
    if (left < 8) return MALFORMED_TRANSPORT;
    const length = u16(frame, at + 4);
    if (length < 8 || (packet.fragment === 'whole' && length > left)) return MALFORMED_TRANSPORT;
    return transport(packet, 'udp', 0);
  }
  const icmp = packet.family === 4 ? IP_PROTOCOL.icmp : IP_PROTOCOL.icmpv6;
  return protocolNumber === icmp && left >= 8 ? { kind: 'icmp', packet } : LOCAL;
}

function transport(packet: Packet, protocol: Protocol, flags: number): Parsed {
  const sourcePort = u16(packet.frame, packet.transportAt);
  const destinationPort = u16(packet.frame, packet.transportAt + 2);
  return { kind: 'transport', packet: { ...packet, protocol, sourcePort, destinationPort, flags } };
}

export function addressV4(bytes: Uint8Array, at: number): Address {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}` as Address;
}

export function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < 10; index++) if (bytes[at + index] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, Math.floor(value / 0x10000) & 0xffff);
  put16(bytes, at + 2, value & 0xffff);
}
