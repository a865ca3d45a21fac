// Counters of 32 bits that wrap, compared as serial numbers (RFC 1982): the nearer way around says which one is newer.

const HALF = 0x8000_0000;

/** How far `a` is ahead of `b`: negative when it is behind, -2^31 when neither way is nearer. */
export function ahead(a: number, b: number): number {
  const distance = (a - b) >>> 0;
  return distance < HALF ? distance : distance - 2 * HALF;
}
