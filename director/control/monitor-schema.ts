// Bodies about monitors: every check, and the latest probes one by one.
import { z } from 'zod';

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');

/** One probe: when, how long, and what came of it. `slow`: passed, but took more than half of its timeout. */
export const probeRecordSchema = z.object({
  at: wallClock,
  result: z.enum(['ok', 'slow', 'fail']),
  latency_ms: z.number(),
  /** Why it failed. */
  detail: z.string().optional(),
});
export type ProbeRecord = z.infer<typeof probeRecordSchema>;

export const checkStatusSchema = z.object({
  /** The same for the same target and recipe, on both directors and after a restart. */
  id: z.string(),
  /** `www/rs1`, for each server that goes by it. */
  servers: z.array(z.string()),
  target: z.string(),
  kind: z.string(),
  /** The recipe in words: `GET /health`. */
  what: z.string(),
  interval_ms: count,
  timeout_ms: count,
  rise: count,
  fall: count,
  health: z.enum(['unknown', 'up', 'down']),
  reason: z.string(),
  since: wallClock.optional(),
  /** Probes in a row that speak against the present health: of `fall` while up, of `rise` while down. */
  against: count,
  last: probeRecordSchema.optional(),
  /** Mean and 99th percentile of the kept probes (120 at most) that passed. */
  latency_mean_ms: z.number().optional(),
  latency_p99_ms: z.number().optional(),
  /** Since this director began. */
  probes: count,
  failures: count,
});
export type CheckStatus = z.infer<typeof checkStatusSchema>;
export const checkListSchema = z.object({ checks: z.array(checkStatusSchema) });

/** Of one server: a list for each of its monitors, the latest probes oldest first. */
export const probeHistorySchema = z.object({
  service: z.string(),
  server: z.string(),
  checks: z.array(checkStatusSchema.extend({ recent: z.array(probeRecordSchema) })),
});
export type ProbeHistory = z.infer<typeof probeHistorySchema>;
