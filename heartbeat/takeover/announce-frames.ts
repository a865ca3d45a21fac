// The frames that tell a link who has a VIP now: gratuitous ARP (RFC 826, RFC 5227 2.3 and 3) and unsolicited neighbour
// advertisement (RFC 4861 4.4, 7.2.6). Pure: bytes from addresses.
import { type Address, addressBytes, familyOf } from '../../director/model/address.ts';

const ETHERNET_HEADER_BYTES = 14;
/** Shortest frame without its checksum (IEEE 802.3); not every driver pads. */
const FRAME_MIN_BYTES = 60;
const ETHERTYPE = { arp: 0x0806, ipv6: 0x86dd } as const;
const BROADCAST = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const IPV6_HEADER_BYTES = 40;
const ADVERTISEMENT_BYTES = 32;
const PROTOCOL_ICMPV6 = 58;
const ICMP_NEIGHBOUR_ADVERTISEMENT = 136;
const FLAG = { router: 0x80, override: 0x20 } as const;
const OPTION_TARGET_LINK_ADDRESS = 2;

/** Listeners differ in which they believe, so both are sent. */
export type ArpForm = 'request' | 'reply';

/** `to`: one neighbour's link address instead of broadcast, for those that ignore broadcast announcements. */
export function gratuitousArp(
  vip: Address,
  mac: Uint8Array,
  form: ArpForm,
  to: Uint8Array = BROADCAST,
): Uint8Array {
  if (familyOf(vip) !== 4) throw new RangeError(`ARP is for IPv4, not ${vip}`);
  const frame = ethernetFrame(to, mac, ETHERTYPE.arp, FRAME_MIN_BYTES);
  const view = new DataView(frame.buffer, ETHERNET_HEADER_BYTES);
  view.setUint16(0, 1); // Ethernet
  view.setUint16(2, 0x0800); // IPv4
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, form === 'request' ? 1 : 2);
  const address = addressBytes(vip).subarray(12);
  frame.set(mac, 22);
  frame.set(address, 28);
  // Ignored in a request (zero, as RFC 5227 has it); in a reply Linux wants our own (net/ipv4/arp.c, arp_is_garp).
  if (form === 'reply') frame.set(mac, 32);
  frame.set(address, 38);
  return frame;
}

export interface AdvertisementOptions {
  /** Whether this host forwards IPv6: a listener that learns otherwise forgets it as its router (RFC 4861 7.2.5). */
  readonly router: boolean;
  readonly to?: Uint8Array;
}

export function unsolicitedAdvertisement(
  vip: Address,
  mac: Uint8Array,
  options: AdvertisementOptions,
): Uint8Array {
  if (familyOf(vip) !== 6) throw new RangeError(`neighbour advertisements are for IPv6, not ${vip}`);
  const length = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES + ADVERTISEMENT_BYTES;
  const frame = ethernetFrame(options.to ?? ALL_NODES_MAC, mac, ETHERTYPE.ipv6, length);
  const target = addressBytes(vip);

  const header = new DataView(frame.buffer, ETHERNET_HEADER_BYTES);
  header.setUint8(0, 0x60);
  header.setUint16(4, ADVERTISEMENT_BYTES);
  header.setUint8(6, PROTOCOL_ICMPV6);
  header.setUint8(7, 255); // anything less is ignored: it could have come from another link
  frame.set(target, ETHERNET_HEADER_BYTES + 8);
  frame.set(ALL_NODES, ETHERNET_HEADER_BYTES + 24);

  const start = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES;
  const message = new DataView(frame.buffer, start);
  message.setUint8(0, ICMP_NEIGHBOUR_ADVERTISEMENT);
  message.setUint8(4, FLAG.override | (options.router ? FLAG.router : 0));
  frame.set(target, start + 8);
  message.setUint8(24, OPTION_TARGET_LINK_ADDRESS);
  message.setUint8(25, 1); // in units of 8 bytes
  frame.set(mac, start + 26);
  message.setUint16(2, icmpv6Checksum(target, ALL_NODES, frame.subarray(start)));
  return frame;
}

/** Over the pseudo-header of RFC 8200 8.1 and the message, whose own checksum field must be zero. */
export function icmpv6Checksum(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  let sum = sumWords(source) + sumWords(destination) + sumWords(message) + message.length + PROTOCOL_ICMPV6;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function sumWords(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  return sum;
}

function ethernetFrame(to: Uint8Array, from: Uint8Array, ethertype: number, length: number): Uint8Array {
  for (const mac of [to, from])
    if (mac.length !== 6) throw new RangeError(`a link address of ${mac.length} bytes`);
  const frame = new Uint8Array(length);
  frame.set(to, 0);
  frame.set(from, 6);
  new DataView(frame.buffer).setUint16(12, ethertype);
  return frame;
}
