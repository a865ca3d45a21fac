// What the observer says and hears on the wire: who has this address (ARP, RFC 826; neighbour discovery, RFC 4861), and
// the answers and announcements of others. Pure: bytes to meaning and back; whatever is no such frame is undefined.
import { type Address, addressBytes, addressFromBytes, familyOf } from '../../../director/model/address.ts';
import { icmpv6Checksum } from '../../../heartbeat/takeover/announce-frames.ts';

const ETHERNET_BYTES = 14;
const ARP_BYTES = 28;
const IPV6_BYTES = 40;
const FRAME_MIN_BYTES = 60;
const ARP = { request: 1, reply: 2 } as const;
const ETHERTYPE = { arp: 0x0806, ipv6: 0x86dd } as const;
const ICMPV6 = 58;
const ND = { solicitation: 135, advertisement: 136 } as const;
const OPTION = { source: 1, target: 2 } as const;
const HOP_LIMIT = 255;

/** Who asks: the observer's own addresses on that network. */
export interface Asker {
  readonly mac: Uint8Array;
  readonly address: Address;
}

export interface Sighting {
  readonly vip: Address;
  readonly mac: string;
  /** answer: to our question. announcement: unasked, to everybody or to us. */
  readonly kind: 'answer' | 'announcement';
}

/** “Who has `vip`?”, to everybody who might. */
export function question(vip: Address, asker: Asker): Uint8Array {
  return familyOf(vip) === 4 ? arpRequest(vip, asker) : solicitation(vip, asker);
}

function arpRequest(vip: Address, asker: Asker): Uint8Array {
  const frame = ethernet(new Uint8Array(6).fill(0xff), asker.mac, ETHERTYPE.arp, FRAME_MIN_BYTES);
  const view = new DataView(frame.buffer, ETHERNET_BYTES);
  view.setUint16(0, 1);
  view.setUint16(2, 0x0800);
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, ARP.request);
  frame.set(asker.mac, 22);
  frame.set(addressBytes(asker.address).subarray(12), 28);
  frame.set(addressBytes(vip).subarray(12), 38);
  return frame;
}

/** With our link address, so that the answer needs no question of its own. */
function solicitation(vip: Address, asker: Asker): Uint8Array {
  const target = addressBytes(vip);
  const [a, b, c] = target.subarray(13) as unknown as [number, number, number];
  const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c);
  const mac = Uint8Array.of(0x33, 0x33, 0xff, a, b, c);
  const frame = ethernet(mac, asker.mac, ETHERTYPE.ipv6, ETHERNET_BYTES + IPV6_BYTES + 32);
  const source = addressBytes(asker.address);
  const header = new DataView(frame.buffer, ETHERNET_BYTES);
  header.setUint8(0, 0x60);
  header.setUint16(4, 32);
  header.setUint8(6, ICMPV6);
  header.setUint8(7, HOP_LIMIT);
  frame.set(source, ETHERNET_BYTES + 8);
  frame.set(group, ETHERNET_BYTES + 24);
  const start = ETHERNET_BYTES + IPV6_BYTES;
  const message = new DataView(frame.buffer, start);
  message.setUint8(0, ND.solicitation);
  frame.set(target, start + 8);
  message.setUint8(24, OPTION.source);
  message.setUint8(25, 1);
  frame.set(asker.mac, start + 26);
  message.setUint16(2, icmpv6Checksum(source, group, frame.subarray(start)));
  return frame;
}

/** What a frame tells of who has an address; questions of others tell nothing. */
export function readSighting(frame: Uint8Array, own: Address): Sighting | undefined {
  if (frame.length < ETHERNET_BYTES) return undefined;
  const type = new DataView(frame.buffer, frame.byteOffset).getUint16(12);
  if (type === ETHERTYPE.arp) return readArp(frame, own);
  return type === ETHERTYPE.ipv6 ? readAdvertisement(frame, own) : undefined;
}

function readArp(frame: Uint8Array, own: Address): Sighting | undefined {
  if (frame.length < ETHERNET_BYTES + ARP_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset + ETHERNET_BYTES);
  if (view.getUint16(0) !== 1 || view.getUint16(2) !== 0x0800) return undefined;
  const operation = view.getUint16(6);
  const vip = addressFromBytes(mapped(frame.subarray(28, 32)));
  const target = addressFromBytes(mapped(frame.subarray(38, 42)));
  const mac = macText(frame.subarray(22, 28));
  if (vip === target) return { vip, mac, kind: 'announcement' };
  if (operation !== ARP.reply) return undefined;
  return { vip, mac, kind: target === own ? 'answer' : 'announcement' };
}

function readAdvertisement(frame: Uint8Array, own: Address): Sighting | undefined {
  const start = ETHERNET_BYTES + IPV6_BYTES;
  if (frame.length < start + 24) return undefined;
  const header = new DataView(frame.buffer, frame.byteOffset + ETHERNET_BYTES);
  if (header.getUint8(6) !== ICMPV6 || header.getUint8(7) !== HOP_LIMIT) return undefined;
  if (frame[start] !== ND.advertisement) return undefined;
  const to = addressFromBytes(frame.slice(ETHERNET_BYTES + 24, start));
  const vip = addressFromBytes(frame.slice(start + 8, start + 24));
  const option = frame[start + 24] === OPTION.target && frame.length >= start + 32;
  const mac = macText(option ? frame.subarray(start + 26, start + 32) : frame.subarray(6, 12));
  return { vip, mac, kind: to === own ? 'answer' : 'announcement' };
}

function mapped(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(16);
  all.set([0xff, 0xff], 10);
  all.set(bytes, 12);
  return all;
}

export function macText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function macBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(':').map((part) => Number.parseInt(part, 16)));
}

function ethernet(to: Uint8Array, from: Uint8Array, type: number, length: number): Uint8Array {
  const frame = new Uint8Array(length);
  frame.set(to, 0);
  frame.set(from, 6);
  new DataView(frame.buffer).setUint16(12, type);
  return frame;
}
