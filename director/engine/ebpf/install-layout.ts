// Records between the sync process and the engine's tables, as director/bpf/layout.h has them: what an event says of
// its origin, and what an inbox record asks for and is answered. layout.root.test.ts compares the numbers.

/** Position in METHODS. */
export type MethodNumber = 0 | 1 | 2 | 3;

/** Positions in a record of the inbox. Addresses are 16 bytes, IPv4 mapped; ports stand in network order. */
export const INSTALL = {
  size: 128,
  /** u8: INSTALL_WHAT. */
  what: 0,
  /** u8: position in CONNECTION_STATES. Of connections that are put in. */
  state: 1,
  /** u8: position in METHODS. */
  method: 2,
  /** u8: IP protocol. */
  protocol: 3,
  /** u32: INSTALL_FLAG. */
  flags: 4,
  /** Of a template: masked as the peer has it. */
  client: 8,
  virtual: 24,
  /** The real server. */
  destination: 40,
  /** u16 each, 0 for a template. */
  client_port: 56,
  virtual_port: 58,
  /** As the entry has it: of route, tunnel and local the virtual port. */
  server_port: 60,
  /** u32: this director's numbers (Directory). A close does without. */
  service: 64,
  server: 68,
  /** u32: so much is left of its life. */
  left_ms: 72,
  /** u32: a template's whole life. */
  timeout_ms: 76,
  /** u32 and u64: with INSTALL_FLAG.counters; an entry's own, if greater, stay. */
  packets_in: 80,
  packets_out: 84,
  bytes_in: 88,
  bytes_out: 96,
  /** u32, i16, i16: with INSTALL_FLAG.sequence. */
  sequence_base: 104,
  sequence_delta: 108,
  sequence_delta_before: 110,
  /** u32: INSTALL_RESULT, written by install(). */
  result: 112,
  /** u32: the slot that it is about, or NONE; written by install(). */
  slot_index: 116,
} as const;

export const INBOX_RECORDS = 512;

export const INSTALL_WHAT = { upsert: 0, close: 1, template_upsert: 2, template_close: 3 } as const;

export const INSTALL_FLAG = {
  /** The sender's word counts more than what is known here: it may lead an entry elsewhere and shorten its life. */
  authoritative: 1,
  /** The connection refers to the template of its client. */
  controlled: 2,
  counters: 4,
  sequence: 8,
  /** close: it ended because its time was over. Without `authoritative` it ends only what is over here too. */
  expired: 16,
} as const;

export const INSTALL_RESULT = {
  created: 0,
  updated: 1,
  /** What is known here is as new, or newer. */
  unchanged: 2,
  /** Led elsewhere before. */
  replaced: 3,
  closed: 4,
  absent: 5,
  /** Another entry has the place, and the record may not take it. */
  conflict: 6,
  table_full: 7,
  index_full: 8,
  /** No such service or server here, or numbers of before a change: refresh the directory. */
  unknown_server: 9,
  /** Another CPU has it in hand; to be tried again. */
  lost_race: 10,
  /** Nothing that a peer could mean. */
  invalid: 11,
} as const;

/**
 * EVENT.change. Of one entry they come in order: created first, closed last, and the last before that has the state
 * that it is left in. A created or state event holds the slot as it was then; one that is closed, without its state.
 */
export const CHANGE = {
  created: 0,
  /** A connection's state, or where a template leads. */
  state: 1,
  closed: 2,
  /** A template's life began anew. */
  refreshed: 3,
} as const;

/** Bits of EVENT.flags (u8). */
export const EVENT_FLAG = {
  /** Made by install(): not to be sent back. */
  from_peer: 1,
  /** closed: its time was over. The peer's clock ends its copy as well. */
  expired: 2,
  /** The connection's template is there: INSTALL_FLAG.controlled. */
  controlled: 4,
} as const;
