// What pulse and the heartbeat say to each other: JSON, one message a line, over heartbeat.sock in the runtime folder.
// The heartbeat listens and lives on when pulse goes; the next pulse connects to it. Both ends check what they are told.
import { z } from 'zod';
import { HEALTHS, ROLES } from './core/types.ts';

export const HEARTBEAT_SOCKET = 'heartbeat.sock';
/** The settings that the heartbeat begins with, in the runtime folder; pulse writes the file anew at each change. */
export const SETTINGS_FILE = 'heartbeat.json';
export const LINE_MAX_BYTES = 256 << 10;

const text = z.string().max(4_096);
const count = z.number().int().min(0);
const duration_ms = z.number().min(0).max(86_400_000);
const port = z.number().int().min(1).max(65_535);

const udpLink = z.strictObject({
  kind: z.literal('udp'),
  interface: text,
  port,
  /** This director's address to send from, and its peer's to send to. Undefined: multicast on the interface. */
  own: text.optional(),
  peer: text.optional(),
});
const serialLink = z.strictObject({ kind: z.literal('serial'), device: text, baud: count });
export const linkSettingsSchema = z.discriminatedUnion('kind', [udpLink, serialLink]);
export type LinkSettings = z.infer<typeof linkSettingsSchema>;

const vipSettingsSchema = z.strictObject({
  address: text,
  prefix_bits: z.number().int().min(0).max(128),
  interface: text,
  /** Ask by ARP whether somebody holds it before it is claimed. */
  probe: z.boolean(),
});

/** Everything the heartbeat needs to know, names resolved and paths absolute. */
export const settingsSchema = z.strictObject({
  cluster: text,
  node: text,
  peer: text,
  priority: z.number().int().min(1).max(255),
  interval_ms: duration_ms,
  deadtime_ms: duration_ms,
  initdead_ms: duration_ms,
  failback: z.enum(['manual', 'auto']),
  keyFile: text,
  stateFolder: text,
  links: z.array(linkSettingsSchema).min(1).max(8),
  vips: z.array(vipSettingsSchema).max(1_024),
  /** VIPs of earlier settings, which are released where they are still up. */
  formerVips: z.array(vipSettingsSchema).max(1_024),
  witnesses: z.array(text).max(8),
  fence: z
    .strictObject({
      command: z.array(text).min(1).max(64),
      timeout_ms: duration_ms,
      onFailure: z.enum(['refuse', 'proceed']),
    })
    .optional(),
});
export type HeartbeatSettings = z.infer<typeof settingsSchema>;

export const toHeartbeatSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('settings'), settings: settingsSchema }),
  /** Also a sign of life: without one for 10 s the heartbeat takes itself for impaired. Sent every second. */
  z.strictObject({ kind: z.literal('health'), health: z.enum(HEALTHS), reason: text }),
  z.strictObject({ kind: z.literal('complete'), complete: z.boolean(), reason: text }),
  z.strictObject({ kind: z.literal('position'), syncPosition: count, revision: count, revisionHash: count }),
  z.strictObject({ kind: z.literal('order'), id: count, order: z.enum(['switchover', 'hold', 'release']) }),
  /** Ends the process. `release`: hand over and take the VIPs down first; else they stay up, as after a crash. */
  z.strictObject({ kind: z.literal('stop'), release: z.boolean() }),
]);
export type ToHeartbeat = z.infer<typeof toHeartbeatSchema>;

const linkStatusSchema = z.object({
  name: text,
  kind: z.enum(['udp', 'serial']),
  up: z.boolean(),
  detail: text,
  /** Undefined: never in this boot. */
  heard_age_ms: z.number().optional(),
  /** How long ago the peer last heard us here, by its own word. */
  they_heard_age_ms: z.number().optional(),
  sent: count,
  received: count,
  /** Beats of the peer that did not come, of the last 1 000. */
  lost_permille: z.number(),
  /** Frames that were not acted upon, by reason. */
  rejected: z.record(z.string(), count),
  /** Where authentic beats come from. */
  peer_address: text.optional(),
});
export type LinkStatus = z.infer<typeof linkStatusSchema>;

export const heartbeatStatusSchema = z.object({
  pid: count,
  node: text,
  bootId: count,
  role: z.enum(ROLES),
  because: text,
  /** CLOCK_MONOTONIC, as every time here. */
  since_monotonic_ms: z.number(),
  epoch: count,
  hold: z.boolean(),
  health: z.enum(HEALTHS),
  health_reason: text,
  complete: z.boolean(),
  witness: z.boolean().optional(),
  peer: z.object({
    name: text,
    heard: z.boolean(),
    heard_age_ms: z.number().optional(),
    role: z.enum(ROLES).optional(),
    health: z.enum(HEALTHS).optional(),
    epoch: count.optional(),
    hold: z.boolean().optional(),
    complete: z.boolean().optional(),
    priority: count.optional(),
    revision: count.optional(),
    revisionHash: count.optional(),
    syncPosition: count.optional(),
  }),
  links: z.array(linkStatusSchema),
  vips: z.array(
    z.object({
      address: text,
      interface: text,
      state: z.enum(['up', 'absent', 'failed']),
      detail: text.optional(),
    }),
  ),
  lease: z.object({
    state: z.enum(['held', 'none', 'unguarded']),
    detail: text,
    age_ms: z.number().optional(),
  }),
  announcements: count,
  claimants: count,
  /** How late the loop ran, of its last 10 000 turns. */
  lateness_p99_ms: z.number(),
  lateness_max_ms: z.number(),
  priority_mode: text,
});
export type HeartbeatStatus = z.infer<typeof heartbeatStatusSchema>;

export const fromHeartbeatSchema = z.discriminatedUnion('kind', [
  /** At once on connection, at each change, and every second. */
  z.object({ kind: z.literal('status'), status: heartbeatStatusSchema }),
  /** What happened; those of the time without pulse come when one connects, oldest first, at most 1 000. */
  z.object({
    kind: z.literal('event'),
    at_monotonic_ms: z.number(),
    event: text,
    subject: text,
    reason: text,
    evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  z.object({
    kind: z.literal('order-result'),
    id: count,
    ok: z.boolean(),
    code: text.optional(),
    reason: text,
    /** Phases of a switchover, from the order on. */
    phases_ms: z.record(z.string(), z.number()).optional(),
  }),
]);
export type FromHeartbeat = z.infer<typeof fromHeartbeatSchema>;
