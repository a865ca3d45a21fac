// What pulse and the sync process say to each other over the child's IPC channel. Both ends check what they are told.
import { z } from 'zod';

const text = z.string().max(4_096);
const count = z.number().int().min(0);

export const syncSettingsSchema = z.strictObject({
  /** Where the engine's tables are pinned. */
  pinFolder: text,
  cluster: text,
  node: text,
  peer: text,
  /** The heartbeat's key file: absolute. */
  keyFile: text,
  interface: text,
  own: z.strictObject({ address: text, port: count }),
  remote: z.strictObject({ address: text, port: count }),
});
export type SyncSettings = z.infer<typeof syncSettingsSchema>;

export const toSyncSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('settings'), settings: syncSettingsSchema }),
  /** Of two words about one connection that of the active, then that of the higher epoch, counts. */
  z.strictObject({ kind: z.literal('role'), active: z.boolean(), epoch: count }),
  /** Services or servers of the engine have changed: names are to be looked up anew. */
  z.strictObject({ kind: z.literal('registry') }),
  /** Everything that has happened until now to the peer, at once; answered when it has acknowledged it. */
  z.strictObject({ kind: z.literal('flush'), id: count }),
]);
export type ToSync = z.infer<typeof toSyncSchema>;

export const syncStatusSchema = z.object({
  /** alone: no peer answers. joining: the table is on its way. steady: both tables are the same but for what is under way. */
  state: z.enum(['alone', 'joining', 'steady']),
  because: text,
  /** The peer has acknowledged our whole table, and we have theirs. */
  complete: z.boolean(),
  /** Of the bulk under way, 0 to 1. */
  progress: z.number().optional(),
  position: count,
  acknowledged: count,
  /** From the event in the kernel to the peer's acknowledgement. */
  lag_p50_ms: z.number(),
  lag_p99_ms: z.number(),
  lag_max_ms: z.number(),
  sent: z.object({ events: count, datagrams: count, bytes: count, repaired: count, bulk_entries: count }),
  received: z.object({
    events: count,
    datagrams: count,
    bytes: count,
    /** Datagrams that did not come in order at first. */
    missed: count,
    duplicates: count,
    bulk_entries: count,
    /** Not acted upon, by reason. */
    rejected: z.record(z.string(), count),
  }),
  applied: z.object({
    created: count,
    updated: count,
    closed: count,
    /** Entries that found no place here, by reason: unknown-server, table-full, … */
    refused: z.record(z.string(), count),
  }),
  /** Events that the kernel found no room for; each time the whole table goes out again. */
  events_lost: count,
  digests: z.object({ compared: count, differing: count, repaired_entries: count }),
  cpu_ms: z.number(),
});
export type SyncStatus = z.infer<typeof syncStatusSchema>;

export const fromSyncSchema = z.discriminatedUnion('kind', [
  /** At each change of state, and every second. */
  z.object({ kind: z.literal('status'), status: syncStatusSchema }),
  z.object({
    kind: z.literal('flushed'),
    id: count,
    ok: z.boolean(),
    reason: text,
    took_ms: z.number(),
    events: count,
  }),
  z.object({
    kind: z.literal('event'),
    event: text,
    reason: text,
    evidence: z.record(z.string(), z.unknown()),
  }),
]);
export type FromSync = z.infer<typeof fromSyncSchema>;
