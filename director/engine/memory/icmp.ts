// ICMP errors about connections: found by the packet that they quote, sent to the side that has to know
// (docs/packet-path.md 6).
import { addressFromBytes } from '../../model/address.ts';
import type { Endpoint } from '../../model/connection.ts';
import type { Protocol } from '../../model/service.ts';
import { adjustAt, changeOf, changeOfWord, fold } from './checksum.ts';
import type { Direction } from './fragment-memory.ts';
import { type Decision, decideKnown, drop, LOCAL } from './outcome.ts';
import { addressV4, IP_PROTOCOL, isMapped, LINK_BYTES, type Packet, put16, u16 } from './parse.ts';
import type { Connection } from './records.ts';
import { aged, replaceAddress, type Side, wireAddress } from './rewrite.ts';
import type { EngineState } from './state.ts';

const ERRORS_V4 = [3, 4, 11, 12];
const ERRORS_V6 = [1, 2, 3, 4];

/** What an error shows of the packet that it is about; offsets are in the frame. */
interface Quoted {
  readonly protocol: Protocol;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly headerAt: number;
  readonly transportAt: number;
}

export function decideIcmp(state: EngineState, packet: Packet): Decision {
  const quoted = packet.fragment === 'whole' ? readQuoted(packet) : undefined;
  if (!quoted) return LOCAL;
  const { protocol, source, destination } = quoted;
  const inbound = state.live(state.table.inbound(protocol, destination, source));
  if (inbound) return decideKnown(state, packet, inbound, 'inbound');
  const outbound = state.live(state.table.outbound(protocol, destination, source));
  if (outbound && packet.destination === source.address)
    return decideKnown(state, packet, outbound, 'outbound');
  return state.registry.listening(protocol, source.address, source.port) ? drop('icmp-unmatched') : LOCAL;
}

function readQuoted(packet: Packet): Quoted | undefined {
  const { frame, transportAt } = packet;
  const errors = packet.family === 4 ? ERRORS_V4 : ERRORS_V6;
  if (!errors.includes(frame[transportAt]!)) return undefined;
  const headerAt = transportAt + 8;
  const end = LINK_BYTES + packet.ipLength;
  return packet.family === 4 ? readV4(frame, headerAt, end) : readV6(frame, headerAt, end);
}

function readV4(frame: Uint8Array, at: number, end: number): Quoted | undefined {
  if (at + 20 > end || frame[at]! >> 4 !== 4) return undefined;
  const header = (frame[at]! & 15) * 4;
  const isLaterFragment = (u16(frame, at + 6) & 0x1fff) !== 0;
  if (header < 20 || isLaterFragment) return undefined;
  const [source, destination] = [addressV4(frame, at + 12), addressV4(frame, at + 16)];
  const transportAt = at + header;
  const protocol = protocolOf(frame[at + 9]!);
  if (!protocol || transportAt + 8 > end) return undefined;
  return { protocol, headerAt: at, transportAt, ...ends(frame, transportAt, source, destination) };
}

/** Extension headers of the quoted packet are not followed. */
function readV6(frame: Uint8Array, at: number, end: number): Quoted | undefined {
  const transportAt = at + 40;
  if (transportAt > end || frame[at]! >> 4 !== 6 || isMapped(frame, at + 8) || isMapped(frame, at + 24))
    return undefined;
  const [source, destination] = [addressFromBytes(frame, at + 8), addressFromBytes(frame, at + 24)];
  const protocol = protocolOf(frame[at + 6]!);
  if (!protocol || transportAt + 8 > end) return undefined;
  return { protocol, headerAt: at, transportAt, ...ends(frame, transportAt, source, destination) };
}

function ends(frame: Uint8Array, at: number, source: Endpoint['address'], destination: Endpoint['address']) {
  return {
    source: { address: source, port: u16(frame, at) },
    destination: { address: destination, port: u16(frame, at + 2) },
  };
}

function protocolOf(number: number): Protocol | undefined {
  return number === IP_PROTOCOL.tcp ? 'tcp' : number === IP_PROTOCOL.udp ? 'udp' : undefined;
}

/**
 * The error as the other side of a nat entry must see it. Inbound: to the server, about what the server sent.
 * Outbound: from the virtual address, about what the client sent there.
 */
export function translatedError(packet: Packet, connection: Connection, direction: Direction): Uint8Array {
  const quoted = readQuoted(packet)!;
  const end = direction === 'inbound' ? connection.server : connection.virtual;
  const frame = aged(packet);
  const outerChange = replaceAddress(
    frame,
    packet.family,
    direction === 'inbound' ? 'destination' : 'source',
    end.address,
  );
  const quotedChange = replaceQuoted(
    frame,
    packet.family,
    quoted,
    direction === 'inbound' ? 'source' : 'destination',
    end,
  );
  // Only ICMPv6 covers the outer addresses (RFC 4443, 2.3).
  const change = packet.family === 4 ? quotedChange : fold(outerChange + quotedChange);
  adjustAt(frame, packet.transportAt + 2, change);
  return frame;
}

/** Returns the change of all that it has written, as the ICMP checksum sees it. The quoted transport checksum stays. */
function replaceQuoted(frame: Uint8Array, family: 4 | 6, quoted: Quoted, side: Side, end: Endpoint): number {
  const after = wireAddress(end.address);
  const addressAt = quoted.headerAt + (family === 4 ? 12 : 8) + (side === 'source' ? 0 : after.length);
  const portAt = quoted.transportAt + (side === 'source' ? 0 : 2);
  const addressChange = changeOf(frame.subarray(addressAt, addressAt + after.length), after);
  let change = addressChange + changeOfWord(u16(frame, portAt), end.port);
  frame.set(after, addressAt);
  put16(frame, portAt, end.port);
  if (family === 4) {
    const checksumAt = quoted.headerAt + 10;
    const before = u16(frame, checksumAt);
    adjustAt(frame, checksumAt, addressChange);
    change += changeOfWord(before, u16(frame, checksumAt));
  }
  return fold(change);
}
