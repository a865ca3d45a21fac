// Cuts a frame into IP fragments (RFC 791, RFC 8200 4.5) and puts fragments together again, so that a test can
// check what a host behind the director would see.

import { LINK_HEADER_BYTES } from './build.ts';
import { concat, put16, u16 } from './bytes.ts';
import { checksumOf } from './checksum.ts';
import { type Decoded, decode } from './decode.ts';

/** Fragments whose IP length is at most `mtu`. IPv6: the fragment header is put in front of the payload. */
export function fragments(frame: Uint8Array, mtu: number, id = 1): Uint8Array[] {
  const packet = decode(frame);
  if (packet.kind !== 'ip') throw new TypeError('only an IP packet can be cut into fragments');
  const header = packet.bytes.subarray(0, packet.payloadAt);
  const overhead = header.length + (packet.family === 6 ? 8 : 0);
  const room = Math.floor((mtu - overhead) / 8) * 8;
  if (room < 8) throw new RangeError(`no room for 8 bytes of payload in ${mtu}`);
  const frames: Uint8Array[] = [];
  for (let offset = 0; offset < packet.payload.length; offset += room) {
    const part = packet.payload.subarray(offset, offset + room);
    const more = offset + room < packet.payload.length;
    const piece =
      packet.family === 4 ? cut4(header, part, offset, more, id) : cut6(packet, part, offset, more, id);
    frames.push(concat(frame.subarray(0, LINK_HEADER_BYTES), piece));
  }
  return frames;
}

function cut4(header: Uint8Array, part: Uint8Array, offset: number, more: boolean, id: number): Uint8Array {
  const copy = header.slice();
  put16(copy, 2, header.length + part.length);
  put16(copy, 4, id);
  put16(copy, 6, (u16(header, 6) & 0x4000) | (more ? 0x2000 : 0) | (offset / 8));
  put16(copy, 10, 0);
  put16(copy, 10, checksumOf(copy));
  return concat(copy, part);
}

function cut6(packet: Decoded, part: Uint8Array, offset: number, more: boolean, id: number): Uint8Array {
  const header = packet.bytes.slice(0, packet.payloadAt);
  const fragment = Uint8Array.of(packet.protocol, 0, 0, 0, 0, 0, 0, 0);
  put16(fragment, 2, offset | (more ? 1 : 0));
  put16(fragment, 4, Math.floor(id / 0x10000));
  put16(fragment, 6, id & 0xffff);
  header[packet.protocolAt] = 44;
  put16(header, 4, header.length - 40 + fragment.length + part.length);
  return concat(header, fragment, part);
}

/** The whole packet as one frame (link header and IP header of the first fragment). Throws when a piece is missing. */
export function reassemble(frames: readonly Uint8Array[]): Uint8Array {
  const pieces = frames.map((frame) => {
    const packet = decode(frame);
    if (packet.kind !== 'ip' || !packet.fragment) throw new TypeError('not a fragment');
    return { frame, packet, ...packet.fragment };
  });
  pieces.sort((a, b) => a.offset - b.offset);
  let length = 0;
  for (const piece of pieces) {
    if (piece.offset !== length) throw new RangeError(`a fragment at ${length} is missing`);
    length += piece.packet.payload.length;
  }
  const first = pieces[0]!;
  if (pieces.at(-1)!.more) throw new RangeError('the last fragment is missing');
  const payload = concat(...pieces.map(({ packet }) => packet.payload));
  return concat(first.frame.subarray(0, LINK_HEADER_BYTES), joined(first.packet, payload));
}

function joined(packet: Decoded, payload: Uint8Array): Uint8Array {
  if (packet.family === 4) {
    const header = packet.bytes.slice(0, packet.payloadAt);
    put16(header, 2, header.length + payload.length);
    put16(header, 6, u16(header, 6) & 0x4000);
    put16(header, 10, 0);
    put16(header, 10, checksumOf(header));
    return concat(header, payload);
  }
  // The fragment header is the last one in front of the payload, as fragments() puts it there.
  const header = packet.bytes.slice(0, packet.payloadAt - 8);
  header[packet.fragmentNextAt!] = packet.protocol;
  put16(header, 4, header.length - 40 + payload.length);
  return concat(header, payload);
}
