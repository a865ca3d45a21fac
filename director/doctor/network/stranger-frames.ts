// A ping that seems to come from a stranger far away, straight to a real server's link address: where its answer arrives
// tells where the server sends what is for clients. Reading, writing and the kernel's filter. Pure. IPv4 only.
import { type Address, address, addressBytes, addressFromBytes } from '../../model/address.ts';

/** In no network that anybody has (RFC 5737); what is sent there ends at the first router of the Internet, if it gets so far. */
const STRANGER = address('203.0.113.254');

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const ICMP_BYTES = 16;
const PROTOCOL_ICMP = 1;
const ECHO = { request: 8, reply: 0 } as const;
const TTL = 64;

export interface Ping {
  readonly server: Address;
  readonly serverMac: Uint8Array;
  readonly ownMac: Uint8Array;
  readonly identifier: number;
}

export function strangerPing({ server, serverMac, ownMac, identifier }: Ping): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + IPV4_BYTES + ICMP_BYTES);
  frame.set(serverMac, 0);
  frame.set(ownMac, 6);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, IPV4_BYTES + ICMP_BYTES);
  view.setUint8(22, TTL);
  view.setUint8(23, PROTOCOL_ICMP);
  frame.set(addressBytes(STRANGER).subarray(12), 26);
  frame.set(addressBytes(server).subarray(12), 30);
  view.setUint16(24, checksum(frame.subarray(ETHERNET_BYTES, ETHERNET_BYTES + IPV4_BYTES)));
  const icmp = ETHERNET_BYTES + IPV4_BYTES;
  view.setUint8(icmp, ECHO.request);
  view.setUint16(icmp + 4, identifier);
  view.setUint16(icmp + 2, checksum(frame.subarray(icmp)));
  return frame;
}

/** The server whose answer to the stranger this frame is, if it was sent to this host's link address. */
export function readStrangerReply(
  frame: Uint8Array,
  ownMac: Uint8Array,
  identifier: number,
): Address | undefined {
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES + 8 || frame[14]! >> 4 !== 4) return undefined;
  const icmp = ETHERNET_BYTES + (frame[14]! & 15) * 4;
  if (frame.length < icmp + 8 || frame[23] !== PROTOCOL_ICMP || frame[icmp] !== ECHO.reply) return undefined;
  if (ownMac.some((byte, index) => frame[index] !== byte)) return undefined;
  if (((frame[icmp + 4]! << 8) | frame[icmp + 5]!) !== identifier) return undefined;
  if (readIpv4(frame, 30) !== STRANGER) return undefined;
  return readIpv4(frame, 26);
}

/** Classic BPF: only IPv4 packets for the stranger. */
export function strangerFilter(): Uint8Array {
  const wanted = new DataView(addressBytes(STRANGER).buffer).getUint32(12);
  const program = [
    [0x20, 0, 0, 30], // load the word of the destination
    [0x15, 0, 1, wanted],
    [0x06, 0, 0, 0xffff_ffff],
    [0x06, 0, 0, 0],
  ] as const;
  const view = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, [code, yes, no, value]] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, yes);
    view.setUint8(index * 8 + 3, no);
    view.setUint32(index * 8 + 4, value, true);
  }
  return new Uint8Array(view.buffer);
}

function readIpv4(frame: Uint8Array, at: number): Address {
  const mapped = new Uint8Array(16).fill(0xff, 10, 12);
  mapped.set(frame.subarray(at, at + 4), 12);
  return addressFromBytes(mapped);
}

/** RFC 1071, over a part whose own checksum field is zero. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
