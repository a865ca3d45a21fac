// ICMP echo (RFC 792, RFC 4443 4.1-4.2) over one raw socket per family, for any number of pings at once.
// Guarantees: never waits; the kernel filters out everything but echo replies, and what is left is checked for length
// before it is handed on. Whoever calls matches replies to requests: any process on this host sees them all.
import koffi from 'koffi';
import { type Address, addressBytes, addressFromBytes, type Family } from '../model/address.ts';
import {
  AF_INET,
  AF_INET6,
  type Descriptor,
  recvfrom,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SystemError,
  sendto,
  setsockopt,
  socket,
} from './libc.ts';

export interface Echo {
  /** 16 bits each. */
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export interface EchoSocket extends Disposable {
  /** Returns false when the kernel cannot take it now. Throws SystemError, EHOSTUNREACH and the like. */
  send(to: Address, echo: Echo): boolean;
}

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_RAW = 255;
/** linux/icmp.h, linux/icmpv6.h: both name their filter option 1. */
const FILTER = 1;
const REQUEST = { 4: 8, 6: 128 } as const;
const REPLY = { 4: 0, 6: 129 } as const;
const HEADER_BYTES = 8;
const IPV4_HEADER_MIN_BYTES = 20;
/** Longer packets than we send are cut off here and then do not match. */
const PACKET_MAX_BYTES = 2_048;
const PACKETS_PER_WAKE = 64;

/** Needs CAP_NET_RAW; throws SystemError EPERM without. Opens in the calling thread's network namespace. */
export function openEchoSocket(family: Family, onReply: (from: Address, reply: Echo) => void): EchoSocket {
  const [domain, protocol] = family === 4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6];
  const descriptor = socket(domain, SOCK_RAW | SOCK_NONBLOCK, protocol);
  try {
    // One bit per type, set to block (raw(7), RFC 3542 3.2).
    const blocked = new Uint32Array(family === 4 ? 1 : 8).fill(0xffff_ffff);
    blocked[REPLY[family] >> 5]! ^= (1 << (REPLY[family] & 31)) >>> 0;
    setsockopt(
      descriptor.fd,
      family === 4 ? SOL_RAW : IPPROTO_ICMPV6,
      FILTER,
      new Uint8Array(blocked.buffer),
    );
  } catch (error) {
    descriptor[Symbol.dispose]();
    throw error;
  }
  return listen(descriptor, family, onReply);
}

function listen(
  descriptor: Descriptor,
  family: Family,
  onReply: (from: Address, reply: Echo) => void,
): EchoSocket {
  const buffer = new Uint8Array(PACKET_MAX_BYTES);
  const sender = new Uint8Array(28);
  const drain = (): void => {
    for (let turn = 0; turn < PACKETS_PER_WAKE && descriptor.fd >= 0; turn++) {
      const length = receive(descriptor.fd, buffer, sender);
      if (length === undefined) return;
      const reply = readEchoReply(family, buffer.slice(0, length));
      if (reply !== undefined) onReply(senderAddress(family, sender), reply);
    }
  };
  // koffi calls back bare, without the end of a turn in which Node would carry out promises: whoever awaits a reply
  // would sleep until the next timer. setImmediate runs in the same round of the loop and has that end.
  const poll = koffi.node.poll(descriptor.fd, { readable: true }, () => void setImmediate(drain));
  poll.unref();
  return {
    send: (to, echo) =>
      sendto(descriptor.fd, writeEchoRequest(family, echo), 0, socketAddress(family, to)) !== undefined,
    [Symbol.dispose]() {
      if (descriptor.fd < 0) return;
      poll.close();
      descriptor[Symbol.dispose]();
    },
  };
}

function receive(fd: number, buffer: Uint8Array, sender: Uint8Array): number | undefined {
  try {
    return recvfrom(fd, buffer, 0, sender);
  } catch (error) {
    // A pending error of an earlier send (an interface that went down): told once, and the reply's absence tells it too.
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

export function writeEchoRequest(family: Family, echo: Echo): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + echo.payload.length);
  const view = new DataView(packet.buffer);
  packet[0] = REQUEST[family];
  view.setUint16(4, echo.identifier);
  view.setUint16(6, echo.sequence);
  packet.set(echo.payload, HEADER_BYTES);
  // The kernel fills in that of ICMPv6, which covers the source address (RFC 3542 3.1).
  if (family === 4) view.setUint16(2, internetChecksum(packet));
  return packet;
}

/** IPv4 raw sockets deliver the IP header too, IPv6 ones do not (raw(7), RFC 3542 3). */
export function readEchoReply(family: Family, packet: Uint8Array): Echo | undefined {
  let start = 0;
  if (family === 4) {
    if (packet.length < IPV4_HEADER_MIN_BYTES) return undefined;
    start = (packet[0]! & 15) * 4;
    if (start < IPV4_HEADER_MIN_BYTES) return undefined;
  }
  if (packet.length < start + HEADER_BYTES) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset + start);
  if (view.getUint8(0) !== REPLY[family] || view.getUint8(1) !== 0) return undefined;
  return {
    identifier: view.getUint16(4),
    sequence: view.getUint16(6),
    payload: packet.subarray(start + HEADER_BYTES),
  };
}

/** RFC 1071, over a packet whose checksum field is 0. */
function internetChecksum(packet: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < packet.length; index += 2)
    sum += (packet[index]! << 8) | (packet[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** struct sockaddr_in or sockaddr_in6; the family alone is in host byte order. */
function socketAddress(family: Family, to: Address): Uint8Array {
  const bytes = addressBytes(to);
  const result = new Uint8Array(family === 4 ? 16 : 28);
  result[0] = family === 4 ? AF_INET : AF_INET6;
  if (family === 4) result.set(bytes.subarray(12), 4);
  else result.set(bytes, 8);
  return result;
}

function senderAddress(family: Family, sender: Uint8Array): Address {
  if (family === 6) return addressFromBytes(sender, 8);
  return addressFromBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...sender.subarray(4, 8)));
}
