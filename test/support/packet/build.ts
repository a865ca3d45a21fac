// Builds Ethernet frames for fixtures: readable at the call, correct on the wire. Lengths and checksums are computed
// unless a test asks for wrong ones; the family follows from the addresses.
//   tcp({ from: '10.0.0.1:4000', to: '10.0.0.100:80', flags: 'S' })
//   udp({ from: '[fd00::1]:53', to: '[fd00::2]:53', payload: 'hello' })
import { type Address, address, familyOf, parseEndpoint } from '../../../director/model/address.ts';
import { concat, padTo, payloadBytes, put16, put32, wireAddress } from './bytes.ts';
import { checksumOf, pseudoHeaderSum } from './checksum.ts';

export const LINK_HEADER_BYTES = 14;
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
const FLAG_BITS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, C: 128 };

/** What can be said of the link and IP header of any frame. */
export interface IpFields {
  readonly ttl?: number;
  /** IPv4 don't fragment. */
  readonly df?: boolean;
  /** IPv4 identification; IPv6: identification of the fragment header, if there is one. */
  readonly id?: number;
  /** TOS or traffic class. */
  readonly tos?: number;
  /** IPv6. */
  readonly flowLabel?: number;
  /** IPv4 options, padded to four bytes. */
  readonly options?: readonly number[];
  /** IPv6 extension headers in front of the payload. */
  readonly extensions?: readonly Extension[];
  /** Makes it a fragment: offset in bytes (multiple of 8), and whether more follow. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
  /** Instead of the computed ones. */
  readonly ipLength?: number;
  readonly ipChecksum?: number;
  /** Bytes of link padding after the packet. */
  readonly padding?: number;
  readonly link?: { readonly from: readonly number[]; readonly to: readonly number[] };
}

export type Extension =
  | { readonly kind: 'hop-by-hop' | 'routing' | 'destination'; readonly bytes?: number }
  | { readonly kind: 'fragment'; readonly offset?: number; readonly more?: boolean; readonly id?: number };

export interface PacketFields extends IpFields {
  readonly from: string;
  readonly to: string;
  /** Text, bytes, or a length. */
  readonly payload?: string | number | Uint8Array;
  /** Instead of the computed one. */
  readonly checksum?: number | undefined;
}

export interface TcpFields extends PacketFields {
  /** Letters of F S R P A U E C. */
  readonly flags?: string;
  readonly seq?: number;
  readonly ack?: number;
  readonly window?: number;
  readonly urgent?: number;
  /** Padded to four bytes. */
  readonly tcpOptions?: readonly number[];
  /** Header length in 32-bit words, instead of the computed one. */
  readonly dataOffset?: number | undefined;
}

export interface UdpFields extends PacketFields {
  /** Length field, instead of the computed one. */
  readonly length?: number | undefined;
}

export interface IcmpFields extends IpFields {
  /** Addresses without ports. */
  readonly from: string;
  readonly to: string;
  readonly type: number;
  readonly code?: number;
  /** The second four bytes of the header: identifier and sequence, MTU, pointer. */
  readonly rest?: number;
  readonly payload?: string | number | Uint8Array;
  readonly checksum?: number | undefined;
}

export interface IcmpErrorFields extends Omit<IcmpFields, 'type' | 'payload'> {
  readonly kind: IcmpErrorKind;
  /** The frame that is complained about, as whoever complains has seen it. */
  readonly about: Uint8Array;
  /** Bytes of it that are quoted; default: IPv4 header and 8 bytes, IPv6 all that fits in 1280. */
  readonly quote?: number | undefined;
  readonly mtu?: number;
}

export type IcmpErrorKind =
  | 'unreachable'
  | 'port-unreachable'
  | 'too-big'
  | 'time-exceeded'
  | 'parameter-problem';

/** Type and code, IPv4 (RFC 792) and IPv6 (RFC 4443). */
const ICMP_ERRORS: Readonly<Record<IcmpErrorKind, Readonly<Record<4 | 6, readonly [number, number]>>>> = {
  unreachable: { 4: [3, 1], 6: [1, 0] },
  'port-unreachable': { 4: [3, 3], 6: [1, 4] },
  'too-big': { 4: [3, 4], 6: [2, 0] },
  'time-exceeded': { 4: [11, 0], 6: [3, 0] },
  'parameter-problem': { 4: [12, 0], 6: [4, 0] },
};

export function tcp(fields: TcpFields): Uint8Array {
  const { source, destination } = endpoints(fields);
  const options = padTo(Uint8Array.from(fields.tcpOptions ?? []), 4);
  const header = new Uint8Array(20);
  put16(header, 0, source.port);
  put16(header, 2, destination.port);
  put32(header, 4, fields.seq ?? 1);
  put32(header, 8, fields.ack ?? 0);
  header[12] = (fields.dataOffset ?? 5 + options.length / 4) << 4;
  header[13] = [...(fields.flags ?? 'A')].reduce((bits, letter) => bits | (FLAG_BITS[letter] ?? 0), 0);
  put16(header, 14, fields.window ?? 64_240);
  put16(header, 18, fields.urgent ?? 0);
  const segment = concat(header, options, payloadBytes(fields.payload ?? ''));
  finish(segment, 16, fields.checksum, source.address, destination.address, PROTOCOL.tcp);
  return ip(source.address, destination.address, PROTOCOL.tcp, segment, fields);
}

export function udp(fields: UdpFields): Uint8Array {
  const { source, destination } = endpoints(fields);
  const header = new Uint8Array(8);
  const datagram = concat(header, payloadBytes(fields.payload ?? ''));
  put16(datagram, 0, source.port);
  put16(datagram, 2, destination.port);
  put16(datagram, 4, fields.length ?? datagram.length);
  finish(datagram, 6, fields.checksum, source.address, destination.address, PROTOCOL.udp);
  if (fields.checksum === undefined && datagram[6] === 0 && datagram[7] === 0) put16(datagram, 6, 0xffff);
  return ip(source.address, destination.address, PROTOCOL.udp, datagram, fields);
}

/** Any ICMP or ICMPv6 message. */
export function icmp(fields: IcmpFields): Uint8Array {
  const [source, destination] = [address(fields.from), address(fields.to)];
  const protocol = familyOf(source) === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const message = concat(new Uint8Array(8), payloadBytes(fields.payload ?? ''));
  message[0] = fields.type;
  message[1] = fields.code ?? 0;
  put32(message, 4, fields.rest ?? 0);
  finish(message, 2, fields.checksum, source, destination, protocol);
  return ip(source, destination, protocol, message, fields);
}

export function icmpError(fields: IcmpErrorFields): Uint8Array {
  const family = familyOf(address(fields.from));
  const [type, code] = ICMP_ERRORS[fields.kind][family];
  const quoted = fields.about.subarray(LINK_HEADER_BYTES);
  const usual = family === 4 ? (quoted[0]! & 15) * 4 + 8 : 1280 - 48;
  return icmp({
    code,
    rest: fields.mtu ?? 0,
    ...fields,
    type,
    payload: quoted.slice(0, fields.quote ?? usual),
  });
}

/** An IP packet of any protocol, without ports. */
export function ipPacket(fields: PacketFields & { readonly protocol: number }): Uint8Array {
  return ip(
    address(fields.from),
    address(fields.to),
    fields.protocol,
    payloadBytes(fields.payload ?? ''),
    fields,
  );
}

/** A frame of any ethertype. */
export function ethernet(ethertype: number, payload: Uint8Array, fields: IpFields = {}): Uint8Array {
  const header = new Uint8Array(LINK_HEADER_BYTES);
  // The loopback's address, which the kernel's test-run takes for this host's own.
  header.set(fields.link?.to ?? [0, 0, 0, 0, 0, 0], 0);
  header.set(fields.link?.from ?? [0x02, 0, 0, 0, 0, 0xfe], 6);
  put16(header, 12, ethertype);
  return concat(header, payload, new Uint8Array(fields.padding ?? 0));
}

/** Wraps an IP payload that is complete, transport checksum included. */
function ip(
  source: Address,
  destination: Address,
  protocol: number,
  payload: Uint8Array,
  fields: IpFields,
): Uint8Array {
  return familyOf(source) === 4
    ? ethernet(0x0800, ipv4(source, destination, protocol, payload, fields), fields)
    : ethernet(0x86dd, ipv6(source, destination, protocol, payload, fields), fields);
}

function ipv4(
  source: Address,
  destination: Address,
  protocol: number,
  payload: Uint8Array,
  fields: IpFields,
): Uint8Array {
  const options = padTo(Uint8Array.from(fields.options ?? []), 4);
  const header = concat(new Uint8Array(20), options);
  const fragment = fields.fragment ?? { offset: 0, more: false };
  header[0] = 0x40 | (header.length / 4);
  header[1] = fields.tos ?? 0;
  put16(header, 2, fields.ipLength ?? header.length + payload.length);
  put16(header, 4, fields.id ?? 1);
  put16(header, 6, (fields.df ? 0x4000 : 0) | (fragment.more ? 0x2000 : 0) | (fragment.offset / 8));
  header[8] = fields.ttl ?? 64;
  header[9] = protocol;
  header.set(wireAddress(source), 12);
  header.set(wireAddress(destination), 16);
  put16(header, 10, fields.ipChecksum ?? checksumOf(header));
  return concat(header, payload);
}

function ipv6(
  source: Address,
  destination: Address,
  protocol: number,
  payload: Uint8Array,
  fields: IpFields,
): Uint8Array {
  const fragment: Extension[] = fields.fragment ? [{ kind: 'fragment', ...fields.fragment }] : [];
  const list = [...(fields.extensions ?? []), ...fragment];
  const extensions = list.map((each, index) =>
    extensionBytes(each, extensionNumber(list[index + 1]) ?? protocol, fields.id ?? 1),
  );
  const body = concat(...extensions, payload);
  const header = new Uint8Array(40);
  const tos = fields.tos ?? 0;
  put32(header, 0, 0x60000000 + tos * 0x100000 + (fields.flowLabel ?? 0));
  put16(header, 4, fields.ipLength === undefined ? body.length : fields.ipLength - 40);
  header[6] = extensionNumber(list[0]) ?? protocol;
  header[7] = fields.ttl ?? 64;
  header.set(wireAddress(source), 8);
  header.set(wireAddress(destination), 24);
  return concat(header, body);
}

const EXTENSION_NUMBERS = { 'hop-by-hop': 0, routing: 43, fragment: 44, destination: 60 } as const;

function extensionNumber(extension: Extension | undefined): number | undefined {
  return extension && EXTENSION_NUMBERS[extension.kind];
}

function extensionBytes(extension: Extension, next: number, id: number): Uint8Array {
  if (extension.kind === 'fragment') {
    const header = Uint8Array.of(next, 0, 0, 0, 0, 0, 0, 0);
    put16(header, 2, (extension.offset ?? 0) | (extension.more ? 1 : 0));
    put32(header, 4, extension.id ?? id);
    return header;
  }
  const header = new Uint8Array(extension.bytes ?? 8);
  header[0] = next;
  header[1] = header.length / 8 - 1;
  // One PadN option fills hop-by-hop and destination headers; a routing header of zeros has no segments left.
  if (extension.kind !== 'routing') header.set([1, header.length - 4], 2);
  return header;
}

function endpoints(fields: PacketFields) {
  const [source, destination] = [parseEndpoint(fields.from), parseEndpoint(fields.to)];
  if (!source || !destination) throw new TypeError(`not address and port: ${fields.from} or ${fields.to}`);
  return { source, destination };
}

function finish(
  segment: Uint8Array,
  at: number,
  given: number | undefined,
  source: Address,
  destination: Address,
  protocol: number,
): void {
  const pseudo =
    protocol === PROTOCOL.icmp
      ? 0
      : pseudoHeaderSum(wireAddress(source), wireAddress(destination), protocol, segment.length);
  put16(segment, at, given ?? checksumOf(segment, pseudo));
}
