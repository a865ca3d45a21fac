// Internet checksums: computed for headers of our own, adjusted for those of others (RFC 1071, RFC 1624 equation 3),
// so that a packet that came with a wrong checksum leaves with one as wrong.
import { put16, u16 } from './parse.ts';

/** One's-complement sum of 16-bit words from `start` up to `end`. */
export function sumWords(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial;
  for (let at = start; at + 1 < end; at += 2) sum += u16(bytes, at);
  if ((end - start) % 2 === 1) sum += bytes[end - 1]! << 8;
  return fold(sum);
}

export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

/** What a sum changes by when `after` takes the place of `before`; both of one even length. */
export function changeOf(before: Uint8Array, after: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < before.length; at += 2) sum += (~u16(before, at) & 0xffff) + u16(after, at);
  return fold(sum);
}

export function changeOfWord(before: number, after: number): number {
  return fold((~before & 0xffff) + after);
}

/** The checksum after what it covers has changed by `change`. */
export function adjusted(checksum: number, change: number): number {
  return ~fold((~checksum & 0xffff) + change) & 0xffff;
}

export function adjustAt(bytes: Uint8Array, at: number, change: number): void {
  put16(bytes, at, adjusted(u16(bytes, at), change));
}
