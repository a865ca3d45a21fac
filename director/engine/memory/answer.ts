// Answers of the director itself (docs/packet-path.md 7): to whoever sent the frame, in the name of whom it was sent to.
import { TCP_FLAG } from '../../connections/tcp-state.ts';
import { sumWords } from './checksum.ts';
import { IP_PROTOCOL, LINK_BYTES, type Packet, put16, put32, type TransportPacket, u32 } from './parse.ts';

const TTL = 64;
const QUOTED_TRANSPORT_BYTES = 20;

export type Complaint =
  | { readonly kind: 'port-unreachable' }
  | { readonly kind: 'time-exceeded' }
  | { readonly kind: 'too-big'; readonly mtu: number };

/** Type and code (RFC 792, RFC 1191, RFC 4443). */
const ICMP_TYPES: Readonly<Record<Complaint['kind'], Readonly<Record<4 | 6, readonly [number, number]>>>> = {
  'port-unreachable': { 4: [3, 3], 6: [1, 4] },
  'time-exceeded': { 4: [11, 0], 6: [3, 0] },
  'too-big': { 4: [3, 4], 6: [2, 0] },
};

/** Tells the client that its connection is gone (RFC 9293, 3.5.2). */
export function tcpReset(packet: TransportPacket): Uint8Array {
  const { frame, transportAt: at, flags } = packet;
  const segment = new Uint8Array(20);
  put16(segment, 0, packet.destinationPort);
  put16(segment, 2, packet.sourcePort);
  if (flags & TCP_FLAG.ACK) {
    put32(segment, 4, u32(frame, at + 8));
    segment[13] = TCP_FLAG.RST;
  } else {
    const payload = LINK_BYTES + packet.ipLength - at - (frame[at + 12]! >> 4) * 4;
    const taken = payload + (flags & TCP_FLAG.SYN ? 1 : 0) + (flags & TCP_FLAG.FIN ? 1 : 0);
    put32(segment, 8, (u32(frame, at + 4) + taken) % 0x100000000);
    segment[13] = TCP_FLAG.RST | TCP_FLAG.ACK;
  }
  segment[12] = 5 << 4;
  return wrap(packet, IP_PROTOCOL.tcp, segment, 16, true);
}

/** An ICMP error that quotes the packet. */
export function icmpError(packet: Packet, complaint: Complaint): Uint8Array {
  const quoted = quotation(packet);
  const message = new Uint8Array(8 + quoted.length);
  const [type, code] = ICMP_TYPES[complaint.kind][packet.family];
  message[0] = type;
  message[1] = code;
  if (complaint.kind === 'too-big') put32(message, 4, complaint.mtu);
  message.set(quoted, 8);
  return wrap(packet, packet.family === 4 ? IP_PROTOCOL.icmp : IP_PROTOCOL.icmpv6, message, 2, false);
}

/** As far as a whole TCP header, so that whoever offloads checksums finds the field it expects. */
function quotation(packet: Packet): Uint8Array {
  const header = packet.family === 4 ? packet.transportAt - LINK_BYTES : 40;
  const length = Math.min(header + QUOTED_TRANSPORT_BYTES, packet.ipLength);
  return packet.frame.subarray(LINK_BYTES, LINK_BYTES + length);
}

function wrap(
  packet: Packet,
  protocol: number,
  body: Uint8Array,
  checksumAt: number,
  dontFragment: boolean,
): Uint8Array {
  const size = packet.family === 4 ? 4 : 16;
  const header =
    packet.family === 4 ? headerV4(packet, protocol, body, dontFragment) : headerV6(packet, protocol, body);
  const sum =
    protocol === IP_PROTOCOL.icmp
      ? 0
      : sumWords(header, header.length - 2 * size, header.length, protocol + body.length);
  put16(body, checksumAt, ~sumWords(body, 0, body.length, sum) & 0xffff);
  const frame = new Uint8Array(LINK_BYTES + header.length + body.length);
  frame.set(packet.frame.subarray(6, 12), 0);
  frame.set(packet.frame.subarray(0, 6), 6);
  frame.set(packet.frame.subarray(12, 14), 12);
  frame.set(header, LINK_BYTES);
  frame.set(body, LINK_BYTES + header.length);
  return frame;
}

function headerV4(packet: Packet, protocol: number, body: Uint8Array, dontFragment: boolean): Uint8Array {
  const header = new Uint8Array(20);
  header[0] = 0x45;
  put16(header, 2, 20 + body.length);
  put16(header, 6, dontFragment ? 0x4000 : 0);
  header[8] = TTL;
  header[9] = protocol;
  header.set(packet.frame.subarray(30, 34), 12);
  header.set(packet.frame.subarray(26, 30), 16);
  put16(header, 10, ~sumWords(header, 0, 20) & 0xffff);
  return header;
}

function headerV6(packet: Packet, protocol: number, body: Uint8Array): Uint8Array {
  const header = new Uint8Array(40);
  header[0] = 0x60;
  put16(header, 4, body.length);
  header[6] = protocol;
  header[7] = TTL;
  header.set(packet.frame.subarray(38, 54), 8);
  header.set(packet.frame.subarray(22, 38), 24);
  return header;
}
