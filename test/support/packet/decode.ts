// Reads a frame for tests: describes, checks, never decides. Written apart from every engine's parser, so that the
// two cannot share a mistake. Anything odd is reported as `broken` with a reason instead of thrown.
import { type Address, addressFromBytes } from '../../../director/model/address.ts';
import { LINK_HEADER_BYTES } from './build.ts';
import { u16, u32 } from './bytes.ts';

export interface Decoded {
  readonly kind: 'ip';
  readonly family: 4 | 6;
  /** The IP packet without link padding. */
  readonly bytes: Uint8Array;
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  readonly tos: number;
  /** IPv4 identification. */
  readonly id: number | undefined;
  readonly df: boolean;
  /** Undefined when it is whole. */
  readonly fragment: { readonly offset: number; readonly more: boolean; readonly id: number } | undefined;
  readonly protocol: number;
  /** Where the protocol's number stands: in the IP header or the last extension header. */
  readonly protocolAt: number;
  /** Where the number of the fragment header stands (IPv6). */
  readonly fragmentNextAt: number | undefined;
  readonly payloadAt: number;
  readonly payload: Uint8Array;
}

export type Decoding = Decoded | { readonly kind: 'other'; readonly ethertype: number } | Broken;
export interface Broken {
  readonly kind: 'broken';
  readonly why: string;
}

export function decode(frame: Uint8Array): Decoding {
  if (frame.length < LINK_HEADER_BYTES) return broken(`${frame.length} bytes are no Ethernet frame`);
  const ethertype = u16(frame, 12);
  if (ethertype !== 0x0800 && ethertype !== 0x86dd) return { kind: 'other', ethertype };
  return decodeIp(frame.subarray(LINK_HEADER_BYTES), ethertype === 0x0800 ? 4 : 6);
}

/** `partial`: quoted in an error, so cut off after any byte behind the header. */
export function decodeIp(bytes: Uint8Array, family: 4 | 6, partial = false): Decoded | Broken {
  return family === 4 ? decode4(bytes, partial) : decode6(bytes, partial);
}

/** The IP packet in a frame, link header and padding left out; everything after the link header if it is not IP. */
export function ipPart(frame: Uint8Array): Uint8Array {
  const packet = decode(frame);
  return packet.kind === 'ip' ? packet.bytes : frame.subarray(LINK_HEADER_BYTES);
}

function decode4(bytes: Uint8Array, partial: boolean): Decoded | Broken {
  if (bytes.length < 20 || bytes[0]! >> 4 !== 4) return broken('no IPv4 header');
  const payloadAt = (bytes[0]! & 15) * 4;
  const total = partial ? bytes.length : u16(bytes, 2);
  if (payloadAt < 20 || payloadAt > total || total > bytes.length)
    return broken(`IPv4 lengths: header ${payloadAt}, total ${total}, present ${bytes.length}`);
  const bits = u16(bytes, 6);
  const [offset, more, id] = [(bits & 0x1fff) * 8, (bits & 0x2000) !== 0, u16(bytes, 4)];
  return {
    kind: 'ip',
    family: 4,
    bytes: bytes.subarray(0, total),
    source: text4(bytes, 12),
    destination: text4(bytes, 16),
    ttl: bytes[8]!,
    tos: bytes[1]!,
    id,
    df: (bits & 0x4000) !== 0,
    fragment: offset > 0 || more ? { offset, more, id } : undefined,
    protocol: bytes[9]!,
    protocolAt: 9,
    fragmentNextAt: undefined,
    payloadAt,
    payload: bytes.subarray(payloadAt, total),
  };
}

function decode6(bytes: Uint8Array, partial: boolean): Decoded | Broken {
  if (bytes.length < 40 || bytes[0]! >> 4 !== 6) return broken('no IPv6 header');
  const total = partial ? bytes.length : u16(bytes, 4) + 40;
  if (total > bytes.length) return broken(`IPv6 lengths: total ${total}, present ${bytes.length}`);
  let [at, protocolAt] = [40, 6];
  let fragment: Decoded['fragment'];
  let fragmentNextAt: number | undefined;
  while ([0, 43, 44, 60].includes(bytes[protocolAt]!) && !fragment?.offset) {
    const isFragment = bytes[protocolAt] === 44;
    const length = isFragment ? 8 : at + 2 <= total ? (bytes[at + 1]! + 1) * 8 : 8;
    if (at + length > total) return broken(`extension header at ${at} is cut off`);
    if (isFragment) {
      const bits = u16(bytes, at + 2);
      fragment = { offset: bits & 0xfff8, more: (bits & 1) !== 0, id: u32(bytes, at + 4) };
      fragmentNextAt = protocolAt;
    }
    protocolAt = at;
    at += length;
  }
  return {
    kind: 'ip',
    family: 6,
    bytes: bytes.subarray(0, total),
    source: text6(bytes, 8),
    destination: text6(bytes, 24),
    ttl: bytes[7]!,
    tos: (u16(bytes, 0) >> 4) & 255,
    id: undefined,
    df: true,
    fragment,
    protocol: bytes[protocolAt]!,
    protocolAt,
    fragmentNextAt,
    payloadAt: at,
    payload: bytes.subarray(at, total),
  };
}

function text4(bytes: Uint8Array, at: number): Address {
  return bytes.subarray(at, at + 4).join('.') as Address;
}

function text6(bytes: Uint8Array, at: number): Address {
  return addressFromBytes(bytes, at);
}

function broken(why: string): Broken {
  return { kind: 'broken', why };
}
