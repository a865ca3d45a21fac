// The frames that tell a link who has a VIP now: gratuitous ARP (RFC 826, RFC 5227 2.3 and 3) and unsolicited neighbour
// advertisement (RFC 4861 4.4, 7.2.6); and those that ask it: ARP probe (RFC 5227 2.1.1) and the solicitation of
// duplicate detection (RFC 4862 5.4.2). Pure: bytes from addresses.
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
const SOLICITATION_BYTES = 24;
const SOLICITED_NODE = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff] as const;
const ICMP_NEIGHBOUR_SOLICITATION = 135;
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
  const frame = arpFrame(vip, mac, form === 'request' ? 1 : 2, to);
  frame.set(frame.subarray(38, 42), 28);
  // Ignored in a request (zero, as RFC 5227 has it); in a reply Linux wants our own (net/ipv4/arp.c, arp_is_garp).
  if (form === 'reply') frame.set(mac, 32);
  return frame;
}

/** Asks who has the VIP without saying who asks, so that no cache changes. */
export function arpProbe(vip: Address, mac: Uint8Array): Uint8Array {
  return arpFrame(vip, mac, 1, BROADCAST);
}

/** From no protocol address yet. */
function arpFrame(target: Address, mac: Uint8Array, operation: number, to: Uint8Array): Uint8Array {
  if (familyOf(target) !== 4) throw new RangeError(`ARP is for IPv4, not ${target}`);
  const frame = ethernetFrame(to, mac, ETHERTYPE.arp, FRAME_MIN_BYTES);
  const view = new DataView(frame.buffer, ETHERNET_HEADER_BYTES);
  view.setUint16(0, 1); // Ethernet
  view.setUint16(2, 0x0800); // IPv4
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, operation);
  frame.set(mac, 22);
  frame.set(addressBytes(target).subarray(12), 38);
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
  const target = addressBytes(vip);
  const body = new Uint8Array(ADVERTISEMENT_BYTES);
  body[0] = ICMP_NEIGHBOUR_ADVERTISEMENT;
  body[4] = FLAG.override | (options.router ? FLAG.router : 0);
  body.set(target, 8);
  body[24] = OPTION_TARGET_LINK_ADDRESS;
  body[25] = 1; // in units of 8 bytes
  body.set(mac, 26);
  return discoveryFrame(options.to ?? ALL_NODES_MAC, mac, target, ALL_NODES, body);
}

/** Asks who has the VIP, from no address, so that the answer goes to everybody. */
export function unspecifiedSolicitation(vip: Address, mac: Uint8Array): Uint8Array {
  if (familyOf(vip) !== 6) throw new RangeError(`neighbour solicitations are for IPv6, not ${vip}`);
  const target = addressBytes(vip);
  const body = new Uint8Array(SOLICITATION_BYTES);
  body[0] = ICMP_NEIGHBOUR_SOLICITATION;
  body.set(target, 8);
  const last = target.subarray(13);
  const group = Uint8Array.of(...SOLICITED_NODE, ...last); // RFC 4291 2.7.1
  return discoveryFrame(Uint8Array.of(0x33, 0x33, 0xff, ...last), mac, new Uint8Array(16), group, body);
}

function discoveryFrame(
  to: Uint8Array,
  mac: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  const start = ETHERNET_HEADER_BYTES + IPV6_HEADER_BYTES;
  const frame = ethernetFrame(to, mac, ETHERTYPE.ipv6, start + body.length);
  const header = new DataView(frame.buffer, ETHERNET_HEADER_BYTES);
  header.setUint8(0, 0x60);
  header.setUint16(4, body.length);
  header.setUint8(6, PROTOCOL_ICMPV6);
  header.setUint8(7, 255); // anything less is ignored: it could have come from another link
  frame.set(source, ETHERNET_HEADER_BYTES + 8);
  frame.set(destination, ETHERNET_HEADER_BYTES + 24);
  frame.set(body, start);
  new DataView(frame.buffer, start).setUint16(2, icmpv6Checksum(source, destination, body));
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
