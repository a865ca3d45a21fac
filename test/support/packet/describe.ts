// One readable line per frame, for test failures and traces, and the question whether every checksum in it is right.
//   10.0.0.1:4000 > 10.0.0.100:80 tcp S seq=1 ack=0 len=0 ttl=64 id=1
//   10.1.0.11 > 192.0.2.7 ipip ttl=64 id=1 { 10.0.0.1:4000 > 10.0.0.100:80 tcp … }
import { formatEndpoint } from '../../../director/model/address.ts';
import { u16, u32, wireAddress } from './bytes.ts';
import { pseudoHeaderSum, sumOf } from './checksum.ts';
import { type Broken, type Decoded, decode, decodeIp } from './decode.ts';

const FLAGS = 'FSRPAUEC';

export function describeFrame(frame: Uint8Array): string {
  const packet = decode(frame);
  if (packet.kind === 'other') return `ethertype 0x${packet.ethertype.toString(16).padStart(4, '0')}`;
  return describePacket(packet);
}

/** Whether the IPv4 header, transport and quoted-header checksums are right, through every encapsulation. */
export function checksumsOk(frame: Uint8Array): boolean {
  const packet = decode(frame);
  return packet.kind !== 'ip' || wrongChecksums(packet).length === 0;
}

function describePacket(packet: Decoded | Broken, quoted = false): string {
  if (packet.kind === 'broken') return `broken: ${packet.why}`;
  const words = [describeUpper(packet, quoted), `ttl=${packet.ttl}`];
  if (packet.tos) words.push(`tos=${packet.tos}`);
  if (packet.family === 4) words.push(`id=${packet.id}`);
  if (packet.family === 4 && packet.df) words.push('df');
  if (packet.payloadAt > (packet.family === 4 ? 20 : 40)) words.push(`header=${packet.payloadAt}`);
  if (packet.fragment)
    words.push(`frag=${packet.fragment.id}@${packet.fragment.offset}${packet.fragment.more ? '+' : ''}`);
  words.push(...wrongChecksums(packet, quoted).map((which) => `bad-${which}-checksum`));
  return words.join(' ');
}

function describeUpper(packet: Decoded, quoted: boolean): string {
  const { payload, protocol } = packet;
  const ends = `${packet.source} > ${packet.destination}`;
  if (packet.fragment && packet.fragment.offset > 0) return `${ends} proto ${protocol} len=${payload.length}`;
  if (protocol === 6 && payload.length >= 8) return describeTcp(packet, quoted);
  if (protocol === 17 && payload.length >= 8)
    return `${ports(packet)} udp${quoted ? '' : ` len=${payload.length - 8}`}${u16(payload, 6) === 0 ? ' no-checksum' : ''}`;
  if (isIcmp(packet) && payload.length >= 8) return describeIcmp(packet, ends);
  const inner = innerFamily(packet);
  if (inner)
    return `${ends} ip${inner}-in-ip${packet.family} { ${describePacket(decodeIp(payload, inner))} }`;
  return `${ends} proto ${protocol} len=${payload.length}`;
}

function describeTcp(packet: Decoded, quoted: boolean): string {
  const { payload } = packet;
  if (payload.length < 20) return `${ports(packet)} tcp seq=${u32(payload, 4)}${quoted ? '' : ' cut off'}`;
  const flags = [...FLAGS].filter((_, bit) => payload[13]! & (1 << bit)).join('') || '.';
  const header = (payload[12]! >> 4) * 4;
  return `${ports(packet)} tcp ${flags} seq=${u32(payload, 4)} ack=${u32(payload, 8)} len=${payload.length - header}`;
}

function describeIcmp(packet: Decoded, ends: string): string {
  const { payload } = packet;
  const name = `${ends} ${packet.family === 4 ? 'icmp' : 'icmpv6'} ${payload[0]}/${payload[1]}`;
  const rest = u32(payload, 4) === 0 ? '' : ` rest=${u32(payload, 4)}`;
  const quoted = quotedPacket(packet);
  return `${name}${rest}${quoted ? ` { ${describePacket(quoted, true)} }` : ''}`;
}

function ports(packet: Decoded): string {
  const { payload } = packet;
  return `${formatEndpoint(packet.source, u16(payload, 0))} > ${formatEndpoint(packet.destination, u16(payload, 2))}`;
}

function wrongChecksums(packet: Decoded, quoted = false): string[] {
  const wrong: string[] = [];
  if (packet.family === 4 && sumOf(packet.bytes.subarray(0, packet.payloadAt)) !== 0xffff) wrong.push('ip');
  // A fragment or a quotation does not hold all that the transport checksum covers.
  if (packet.fragment || quoted) return wrong;
  const { payload, protocol } = packet;
  const inner = innerFamily(packet);
  if (protocol === 6 && payload.length >= 20 && upperSum(packet) !== 0xffff) wrong.push('tcp');
  if (protocol === 17 && payload.length >= 8 && udpWrong(packet)) wrong.push('udp');
  if (isIcmp(packet) && payload.length >= 8) {
    if (upperSum(packet) !== 0xffff) wrong.push('icmp');
    const about = quotedPacket(packet);
    if (about?.kind === 'ip') wrong.push(...wrongChecksums(about, true).map((which) => `quoted-${which}`));
  }
  if (inner) {
    const within = decodeIp(payload, inner);
    wrong.push(
      ...(within.kind === 'ip' ? wrongChecksums(within).map((which) => `inner-${which}`) : ['inner']),
    );
  }
  return wrong;
}

function udpWrong(packet: Decoded): boolean {
  if (u16(packet.payload, 6) === 0) return packet.family === 6;
  return upperSum(packet) !== 0xffff;
}

function upperSum(packet: Decoded): number {
  const { payload, protocol } = packet;
  if (protocol === 1) return sumOf(payload);
  const [source, destination] = [wireAddress(packet.source), wireAddress(packet.destination)];
  const covered = protocol === 17 ? payload.subarray(0, u16(payload, 4)) : payload;
  return sumOf(covered, pseudoHeaderSum(source, destination, protocol, covered.length));
}

function isIcmp(packet: Decoded): boolean {
  return packet.protocol === (packet.family === 4 ? 1 : 58);
}

/** The packet that an ICMP error quotes. */
function quotedPacket(packet: Decoded): Decoded | Broken | undefined {
  const type = packet.payload[0]!;
  const isError = packet.family === 4 ? [3, 4, 5, 11, 12].includes(type) : type < 128;
  return isError ? decodeIp(packet.payload.subarray(8), packet.family, true) : undefined;
}

function innerFamily(packet: Decoded): 4 | 6 | undefined {
  return packet.protocol === 4 ? 4 : packet.protocol === 41 ? 6 : undefined;
}
