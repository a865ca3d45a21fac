// Bodies of the control API about the pair: heartbeat, peer, links, lease, sync, and the orders that move the VIPs.
import { z } from 'zod';

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');
const counts = z.record(z.string(), count);

const roleSchema = z.enum(['starting', 'standby', 'active']);
const haHealthSchema = z.enum(['good', 'impaired', 'bad']);

const heartbeatSchema = z.object({
  /** false: it does not answer; the rest is what it said last. */
  running: z.boolean(),
  detail: z.string().optional().describe('why it is not running'),
  restarts: count,
  pid: count.optional(),
  role: roleSchema.optional(),
  because: z.string().optional(),
  since: wallClock.optional(),
  epoch: count.optional(),
  hold: z.boolean().optional(),
  health: haHealthSchema.optional(),
  health_reason: z.string().optional(),
  complete: z.boolean().optional(),
  witness: z.boolean().optional(),
  announcements: count.optional(),
  claimants: count.optional(),
  lateness_p99_ms: z.number().optional(),
  lateness_max_ms: z.number().optional(),
  priority_mode: z.string().optional(),
  /** Of the configuration that the heartbeat runs with. */
  priority: count.optional(),
  interval_ms: z.number().optional(),
  deadtime_ms: z.number().optional(),
  initdead_ms: z.number().optional(),
  failback: z.enum(['manual', 'auto']).optional(),
  witnesses: z.array(z.string()).optional(),
  /** Whether a command makes sure of the peer before a takeover. */
  fence: z.boolean().optional(),
});

const peerSchema = z.object({
  name: z.string(),
  heard: z.boolean(),
  heard_age_ms: z.number().optional(),
  role: roleSchema.optional(),
  health: haHealthSchema.optional(),
  hold: z.boolean().optional(),
  complete: z.boolean().optional(),
  epoch: count.optional(),
  priority: count.optional(),
  revision: count.optional(),
});

const linkSchema = z.object({
  name: z.string(),
  kind: z.enum(['udp', 'serial']),
  up: z.boolean(),
  detail: z.string(),
  heard_age_ms: z.number().optional(),
  they_heard_age_ms: z.number().optional(),
  sent: count,
  received: count,
  lost_permille: z.number(),
  rejected: counts,
  peer_address: z.string().optional(),
});

const haSyncSchema = z.object({
  running: z.boolean(),
  detail: z.string().optional().describe('why it is not running'),
  restarts: count,
  state: z.enum(['alone', 'joining', 'steady']).optional(),
  because: z.string().optional(),
  complete: z.boolean(),
  progress: z.number().optional(),
  position: count.optional(),
  acknowledged: count.optional(),
  lag_p50_ms: z.number().optional(),
  lag_p99_ms: z.number().optional(),
  lag_max_ms: z.number().optional(),
  events_lost: count.optional(),
  sent: counts.optional(),
  received: counts.optional(),
  applied: counts.optional(),
  /** Datagrams and entries that were not taken, by reason. */
  refused: counts.optional(),
  digests: counts.optional(),
  cpu_ms: z.number().optional(),
});

const channelSchema = z.object({
  connected: z.boolean(),
  because: z.string(),
  listening: z.boolean(),
  heard_age_ms: z.number().optional(),
  /** The peer has acknowledged our newest state. */
  up_to_date: z.boolean(),
  /** What became of the peer's last state: `adopted`, `same`, or why it was refused. */
  last_state: z.string(),
  refused: counts,
});

export const haSchema = z.object({
  /** false: this director has no peer, and nothing below is there. */
  pair: z.boolean(),
  node: z.string(),
  role: z.enum(['active', 'standby']),
  because: z.string(),
  heartbeat: heartbeatSchema.optional(),
  peer: peerSchema.optional(),
  links: z.array(linkSchema).optional(),
  lease: z
    .object({
      state: z.enum(['held', 'none', 'unguarded']),
      detail: z.string(),
      age_ms: z.number().optional(),
    })
    .optional(),
  sync: haSyncSchema.optional(),
  channel: channelSchema.optional(),
});
export type Ha = z.infer<typeof haSchema>;

export const switchoverBodySchema = z.strictObject({
  /** Only the checks. */
  dry_run: z.boolean().default(false),
  /** In spite of failed checks that may be skipped. */
  force: z.boolean().default(false),
  /** Why, in the operator's words; kept with the event. */
  reason: z.string().trim().max(500).optional(),
});

const preflightSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  /** Whether `force` goes on without it. */
  skippable: z.boolean(),
  /** Of one that failed: what to do about it. */
  remedy: z.string().optional(),
});
export type PreflightCheck = z.infer<typeof preflightSchema>;

export const switchoverSchema = z.object({
  done: z.boolean(),
  dry_run: z.boolean(),
  from: z.string(),
  to: z.string(),
  checks: z.array(preflightSchema),
  /** From the order on: flush, release, claim seen, … */
  phases_ms: z.record(z.string(), z.number()),
  reason: z.string(),
});
export type SwitchoverReply = z.infer<typeof switchoverSchema>;

export const haOrderSchema = z.object({
  node: z.string(),
  role: z.enum(['active', 'standby']),
  hold: z.boolean(),
  reason: z.string(),
  phases_ms: z.record(z.string(), z.number()),
});
export type HaOrderReply = z.infer<typeof haOrderSchema>;
