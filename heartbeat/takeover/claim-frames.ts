// Reading claims: frames by which somebody says that an address is his, in ARP (any sender address) and neighbour
// discovery (advertisements, and solicitations that come from the address). And the filter that has the kernel pass on
// only such frames. Pure. Guarantee: whatever the bytes, reading ends with a claim or with undefined.
import { type Address, addressBytes, addressFromBytes, familyOf } from '../../director/model/address.ts';

export interface Claim {
  readonly address: Address;
  /** `02:00:00:00:00:0a`: what neighbours' caches will lead to. */
  readonly mac: string;
}

const ETHERTYPE = { arp: 0x0806, ipv6: 0x86dd } as const;
const IP_AT = 14;
const ICMP_AT = IP_AT + 40;
const OPTIONS_AT = ICMP_AT + 24;
const ARP_END = IP_AT + 28;
const PROTOCOL_ICMPV6 = 58;
const HOP_LIMIT = 255;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** Options that carry a link address: of the source, of the target. */
const LINK_ADDRESS = { [SOLICITATION]: 1, [ADVERTISEMENT]: 2 } as const;
const OPTIONS_MAX = 16;

export function readClaim(frame: Uint8Array): Claim | undefined {
  if (frame.length < ARP_END) return undefined;
  switch (u16(frame, 12)) {
    case ETHERTYPE.arp:
      return readArp(frame);
    case ETHERTYPE.ipv6:
      return readDiscovery(frame);
    default:
      return undefined;
  }
}

export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function readArp(frame: Uint8Array): Claim | undefined {
  if (u16(frame, 16) !== 0x0800 || frame[18] !== 6 || frame[19] !== 4) return undefined;
  const sender = frame.subarray(28, 32);
  if (sender.every((byte) => byte === 0)) return undefined; // a probe: asks, and claims nothing
  const mapped = new Uint8Array(16).fill(0xff, 10, 12);
  mapped.set(sender, 12);
  return { address: addressFromBytes(mapped), mac: macText(frame.subarray(22, 28)) };
}

function readDiscovery(frame: Uint8Array): Claim | undefined {
  const end = Math.min(frame.length, ICMP_AT + u16(frame, IP_AT + 4));
  if (end < OPTIONS_AT || frame[IP_AT + 6] !== PROTOCOL_ICMPV6 || frame[IP_AT + 7] !== HOP_LIMIT)
    return undefined;
  const type = frame[ICMP_AT];
  if (type !== SOLICITATION && type !== ADVERTISEMENT) return undefined;
  const at = type === ADVERTISEMENT ? ICMP_AT + 8 : IP_AT + 8;
  const claimed = frame.subarray(at, at + 16);
  if (claimed.every((byte) => byte === 0)) return undefined;
  const mac = linkAddress(frame, end, LINK_ADDRESS[type]) ?? frame.subarray(6, 12);
  return { address: addressFromBytes(claimed), mac: macText(mac) };
}

function linkAddress(frame: Uint8Array, end: number, wanted: number): Uint8Array | undefined {
  let at = OPTIONS_AT;
  for (let turn = 0; turn < OPTIONS_MAX && at + 8 <= end; turn++) {
    const length = (frame[at + 1] ?? 0) * 8;
    if (length === 0 || at + length > end) return undefined;
    if (frame[at] === wanted) return frame.subarray(at + 2, at + 8);
    at += length;
  }
  return undefined;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** linux/bpf_common.h */
const OP = { loadWord: 0x20, loadByte: 0x30, jumpIfEqual: 0x15, jump: 0x05, return: 0x06 } as const;
const ALL = 0xffff_ffff;
/** With more the filter would not fit the memory that a socket's options may take (net.core.optmem_max). */
const FILTERED_MAX = 400;

/**
 * Classic BPF for a socket that is bound to ARP (family 4) or IPv6: passes frames whose claimed address ends as one of
 * these does. With very many addresses, every claim.
 */
export function claimFilter(family: 4 | 6, addresses: readonly Address[]): Uint8Array {
  const words = new Set(
    addresses
      .filter((one) => familyOf(one) === family)
      .map((one) => new DataView(addressBytes(one).buffer).getUint32(12)),
  );
  const program = family === 4 ? [[OP.loadWord, 0, 0, 28]] : discoveryPart();
  if (words.size > FILTERED_MAX) program.push([OP.return, 0, 0, ALL]);
  else
    for (const word of words) {
      program.push([OP.jumpIfEqual, 0, 1, word]);
      program.push([OP.return, 0, 0, ALL]);
    }
  program.push([OP.return, 0, 0, 0]);
  return encode(program);
}

/** Leaves the last word of the claimed address in the accumulator. */
function discoveryPart(): number[][] {
  return [
    [OP.loadByte, 0, 0, IP_AT + 6],
    [OP.jumpIfEqual, 1, 0, PROTOCOL_ICMPV6],
    [OP.return, 0, 0, 0],
    [OP.loadByte, 0, 0, ICMP_AT],
    [OP.jumpIfEqual, 0, 2, ADVERTISEMENT],
    [OP.loadWord, 0, 0, ICMP_AT + 8 + 12],
    [OP.jump, 0, 0, 3],
    [OP.jumpIfEqual, 1, 0, SOLICITATION],
    [OP.return, 0, 0, 0],
    [OP.loadWord, 0, 0, IP_AT + 8 + 12],
  ];
}

/** struct sock_filter: code, jump if true, jump if false, value. */
function encode(program: readonly (readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, yes, no, value]] of program.entries()) {
    view.setUint16(index * 8, code!, true);
    view.setUint8(index * 8 + 2, yes!);
    view.setUint8(index * 8 + 3, no!);
    view.setUint32(index * 8 + 4, value!, true);
  }
  return bytes;
}
