// The Internet checksum computed from scratch (RFC 1071), for frames that tests build and check. It shares nothing
// with the engines on purpose: an error in their incremental arithmetic (RFC 1624) must not hide in ours.

/** Folded one's-complement sum of 16-bit words; an odd last byte is padded with zero. */
export function sumOf(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  if (bytes.length % 2 === 1) sum += bytes[bytes.length - 1]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

export function checksumOf(bytes: Uint8Array, initial = 0): number {
  return ~sumOf(bytes, initial) & 0xffff;
}

/** Sum over the pseudo header: addresses as they stand in the IP header, upper-layer length and protocol. */
export function pseudoHeaderSum(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): number {
  const words = Uint8Array.of((length >> 24) & 255, (length >> 16) & 255, (length >> 8) & 255, length & 255);
  return sumOf(words, sumOf(destination, sumOf(source, protocol)));
}
