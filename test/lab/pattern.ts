// Bytes that can be checked wherever they turn up: what stands at an offset follows from the seed alone, so a byte that
// is lost, doubled, moved or changed shows, and neither end has to keep what it sent.

const MULTIPLIER = 2_654_435_761; // Knuth's multiplicative hash: neighbouring words differ in all bytes

/** The byte at an offset of the endless sequence that belongs to a seed. */
function byteAt(seed: number, offset: number): number {
  const word = Math.imul((offset >>> 2) ^ seed, MULTIPLIER) >>> 0;
  return (word >>> ((offset & 3) * 8)) & 0xff;
}

export function fillPattern(seed: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) bytes[index] = byteAt(seed, offset + index);
  return bytes;
}

/** Index of the first byte that is not what belongs there; -1 when all are right. */
export function findMismatch(seed: number, offset: number, bytes: Uint8Array): number {
  for (let index = 0; index < bytes.length; index++)
    if (bytes[index] !== byteAt(seed, offset + index)) return index;
  return -1;
}
