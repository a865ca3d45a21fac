// The engine's records as the sync process reads them, in words of 4 bytes: a mirror of director/bpf/layout.h, held against
// the engine's own by director/sync/layout.test.ts. Words stand as in memory (little endian), addresses and ports within
// them in network order; they are copied and compared, never calculated with.

export const SLOT_WORDS = 32;
export const EVENT_WORDS = 36;

/** Of an event: where its parts begin. `change` has the flags in its second byte. */
export const EVENT_WORD = { change: 0, slot_index: 1, at_ns: 2, slot: 4 } as const;
export const CHANGE = { created: 0, state: 1, closed: 2, refreshed: 3 } as const;

export const WORD = {
  /** state, kind << 8 */
  state: 0,
  generation: 1,
  client: 2,
  virtual: 6,
  /** client, virtual */
  ports: 10,
  /** server port, protocol << 16, method << 24 */
  server_end: 11,
  service: 12,
  server: 13,
  template: 14,
  destination: 16,
  seen_ns: 20,
  timeout_ms: 28,
  sequence_base: 29,
  /** delta, delta before << 16 */
  sequence_delta: 30,
} as const;

export const KIND = { free: 0, connection: 1, template: 2 } as const;
export const NONE = 0xffff_ffff;
export const TCP = 6;
export const UDP = 17;
/** Third word of an IPv4-mapped address (RFC 4291, 2.5.5.2). */
export const MAPPED = 0xffff_0000;

export function isMapped(words: Uint32Array, at: number): boolean {
  return words[at + 2] === MAPPED && words[at + 1] === 0 && words[at] === 0;
}

export function kindOf(stateWord: number): number {
  return (stateWord >>> 8) & 0xff;
}

export function stateOf(stateWord: number): number {
  return stateWord & 0xf;
}

/** A 64-bit time as milliseconds; exact enough (a microsecond) for 100 years of uptime. */
export function msAt(words: Uint32Array, at: number): number {
  return (words[at + 1]! * 4_294_967_296 + words[at]!) / 1e6;
}
export const EVENT_FLAG = { from_peer: 1, expired: 2, controlled: 4 } as const;
