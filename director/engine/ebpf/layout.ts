// Offsets and sizes of director/bpf/layout.h, for reading and writing its records in mapped memory.
// layout.root.test.ts compares every number with the object's BTF, so that C and TypeScript cannot drift.

export const LAYOUT_VERSION = 2;
export const NONE = 0xffff_ffff;
export const REASONS_MAX = 29;
export const STATES_MAX = 16;
export const NAME_BYTES = 64;
export const CELLS_PER_BUCKET = 16;
export const SLOT_BITS = 24;

/** Generation in the high half of a slot's word, kind and state in the low. */
export const KIND = { free: 0, connection: 1, template: 2 } as const;
export const SERVER_FLAG = { present: 1, leaving: 2 } as const;
export const SERVER_POLICY_SHIFT = 8;
export const SERVICE_FLAG = { present: 1, leaving: 2 } as const;
export const HOP_FLAG = { resolved: 1, usable: 2 } as const;

export const SLOT = {
  size: 128,
  word: 0,
  client: 8,
  virtual: 24,
  client_port: 40,
  virtual_port: 42,
  server_port: 44,
  protocol: 46,
  method: 47,
  service: 48,
  server: 52,
  template: 56,
  template_generation: 60,
  destination: 64,
  seen_ns: 80,
  packets_in: 88,
  packets_out: 92,
  bytes_in: 96,
  bytes_out: 104,
  timeout_ms: 112,
  /** Of templates. */
  controls: 116,
  /** Of connections. */
  sequence_base: 116,
  sequence_delta: 120,
  sequence_delta_before: 122,
} as const;

/** Bits of events_on: changes made here, and by what the peer told. */
export const EVENTS = { own: 1, of_peer: 2 } as const;

export const SERVICE = {
  size: 256,
  flags: 0,
  scheduler: 4,
  members: 8,
  position: 16,
  weight_gcd: 24,
  weight_max: 28,
  persistence_mask: 32,
  persistence_ms: 48,
  port: 52,
  protocol: 54,
  listen: 56,
  retired: 72,
  name: 112,
} as const;

export const SERVER = {
  size: 256,
  flags: 0,
  weight: 4,
  service: 8,
  hop: 12,
  address: 16,
  port: 32,
  method: 34,
  active: 64,
  inactive: 68,
  templates: 72,
  name: 128,
} as const;

export const HOP = {
  size: 64,
  flags: 0,
  interface: 4,
  destination_mac: 8,
  source_mac: 14,
  mtu: 20,
  gateway: 24,
  source: 40,
} as const;

export const TRAFFIC = {
  size: 64,
  connections: 0,
  packets_in: 8,
  packets_out: 16,
  bytes_in: 24,
  bytes_out: 32,
} as const;
export const TOTALS = { size: 256, in: 0, forwarded: 8, local: 16, dropped: 24 } as const;

/** Room for so many attachments in the control record. */
export const ATTACHMENTS_MAX = 64;
export const ATTACHMENT = { size: 8, interface: 0, xdp: 4 } as const;

export const CONTROL = {
  size: 736,
  layout: 0,
  slots_max: 4,
  servers_max: 8,
  cpus: 12,
  hash_key: 16,
  timeouts_ns: 32,
  test_now_ns: 160,
  slots_high: 168,
  slots_used: 172,
  events_on: 176,
  events_lost: 180,
  free_head: 184,
  attachments: 192,
  grace_until_ns: 704,
  admit_until_ns: 712,
} as const;

/** change and flags: u8, CHANGE and EVENT_FLAG of install-layout.ts. */
export const EVENT = { size: 144, change: 0, flags: 1, slot_index: 4, at_ns: 8, slot: 16 } as const;
export const SWEEP = {
  size: 32,
  from: 0,
  count: 4,
  kind: 8,
  service: 12,
  server: 16,
  all: 20,
  freed: 24,
} as const;
export const SERVICE_KEY = { size: 24, address: 0, port: 16, protocol: 18 } as const;
export const BUCKET = { size: 64 } as const;

/** .rodata of the object: what the loader fixes before loading, by name. */
export const CONSTANTS = ['index_mask', 'slots_max', 'servers_max', 'hash_key', 'test_clock'] as const;
