// Changes a packet on its way (docs/packet-path.md 5): always a copy, the frame that came in stays as it was.
import { type Address, addressBytes, familyOf } from '../../model/address.ts';
import type { Endpoint } from '../../model/connection.ts';
import { adjustAt, adjusted, changeOf, changeOfWord, fold, sumWords } from './checksum.ts';
import { IP_PROTOCOL, LINK_BYTES, type Packet, put16, put32, u16 } from './parse.ts';

const OUTER_TTL = 64;

/** The end of a packet that nat replaces: the destination on the way in, the source on the way out. */
export type Side = 'source' | 'destination';

/** A copy of the frame with its time to live one less. */
export function aged(packet: Packet): Uint8Array {
  const frame = packet.frame.slice();
  if (packet.family === 6) {
    frame[21] = packet.ttl - 1;
    return frame;
  }
  const before = u16(frame, 22);
  frame[22] = packet.ttl - 1;
  adjustAt(frame, 24, changeOfWord(before, u16(frame, 22)));
  return frame;
}

/** Puts another end in a packet's place; a later fragment has no ports and no transport checksum. */
export function translated(packet: Packet, side: Side, end: Endpoint): Uint8Array {
  const frame = aged(packet);
  const change = replaceAddress(frame, packet.family, side, end.address);
  if (packet.fragment !== 'later') replacePort(frame, packet, side, end.port, change);
  return frame;
}

function replacePort(frame: Uint8Array, packet: Packet, side: Side, port: number, addressChange: number) {
  const portAt = packet.transportAt + (side === 'source' ? 0 : 2);
  const change = fold(addressChange + changeOfWord(u16(frame, portAt), port));
  put16(frame, portAt, port);
  if (packet.protocolNumber === IP_PROTOCOL.tcp) adjustAt(frame, packet.transportAt + 16, change);
  else adjustUdp(frame, packet.transportAt + 6, change);
}

/** 0 says that there is no checksum (RFC 768), so a computed 0 is written as its other form. */
function adjustUdp(frame: Uint8Array, at: number, change: number): void {
  const before = u16(frame, at);
  if (before !== 0) put16(frame, at, adjusted(before, change) || 0xffff);
}

/** Writes the address and corrects the IPv4 header checksum; returns the change for what else covers it. */
export function replaceAddress(frame: Uint8Array, family: 4 | 6, side: Side, address: Address): number {
  const after = wireAddress(address);
  const at = LINK_BYTES + (family === 4 ? 12 : 8) + (side === 'source' ? 0 : after.length);
  const change = changeOf(frame.subarray(at, at + after.length), after);
  frame.set(after, at);
  if (family === 4) adjustAt(frame, 24, change);
  return change;
}

/** The aged packet inside an outer header from `source` to `server`. Undefined when no length field can hold it. */
export function encapsulated(packet: Packet, source: Address, server: Address): Uint8Array | undefined {
  const outer = familyOf(server) === 4 ? outerV4(packet, source, server) : outerV6(packet, source, server);
  if (!outer) return undefined;
  const inner = aged(packet);
  const frame = new Uint8Array(inner.length + outer.length);
  frame.set(inner.subarray(0, 12), 0);
  put16(frame, 12, outer.length === 20 ? 0x0800 : 0x86dd);
  frame.set(outer, LINK_BYTES);
  frame.set(inner.subarray(LINK_BYTES), LINK_BYTES + outer.length);
  return frame;
}

function outerV4(packet: Packet, source: Address, server: Address): Uint8Array | undefined {
  const header = new Uint8Array(20);
  const length = packet.ipLength + header.length;
  if (length > 0xffff) return undefined;
  header[0] = 0x45;
  header[1] = packet.tos;
  put16(header, 2, length);
  put16(header, 4, packet.family === 4 ? packet.id : 0);
  put16(header, 6, packet.mayNotFragment ? 0x4000 : 0);
  header[8] = OUTER_TTL;
  header[9] = innerProtocol(packet);
  header.set(wireAddress(source), 12);
  header.set(wireAddress(server), 16);
  put16(header, 10, ~sumWords(header, 0, 20) & 0xffff);
  return header;
}

function outerV6(packet: Packet, source: Address, server: Address): Uint8Array {
  const header = new Uint8Array(40);
  put32(header, 0, 0x60000000 + packet.tos * 0x100000);
  put16(header, 4, packet.ipLength);
  header[6] = innerProtocol(packet);
  header[7] = OUTER_TTL;
  header.set(wireAddress(source), 8);
  header.set(wireAddress(server), 24);
  return header;
}

function innerProtocol(packet: Packet): number {
  return packet.family === 4 ? IP_PROTOCOL.ipip : IP_PROTOCOL.ipv6;
}

/** 4 or 16 bytes, as in an IP header. */
export function wireAddress(address: Address): Uint8Array {
  const bytes = addressBytes(address);
  return familyOf(address) === 4 ? bytes.subarray(12) : bytes;
}
