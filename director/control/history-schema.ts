// Bodies about the past: what was sampled, in three resolutions, as series of one subject and as the picture of one moment.
import { z } from 'zod';
import { LEVELS, METRICS, RECENT_METRICS } from '../model/metric.ts';

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');

export { ADMIN_CODES, HEALTH_CODES, type Metric } from '../model/metric.ts';
export const levelSchema = z.enum(LEVELS);
const metricSchema = z.enum(METRICS);

export const seriesSchema = z.object({
  subject: z.string(),
  /** The resolution that it was read from. */
  level: levelSchema,
  /** From one time to the next: of the level, or several intervals of it joined, so that there are no more than `points`. */
  step_ms: count,
  /** Start of each interval. */
  times: z.array(wallClock),
  /** As long as times; null where nothing was sampled. Means; of health the worst, of admin and role the last. */
  values: z.record(z.string(), z.array(z.number().nullable())),
  /** The highest within each interval, for rates and latency; the same as values at level 1s. */
  highs: z.record(z.string(), z.array(z.number().nullable())),
});
export type Series = z.infer<typeof seriesSchema>;

export const momentSchema = z.object({
  /** Start of the interval that was found. */
  at: wallClock,
  level: levelSchema,
  /** Subject -> metric -> value. */
  subjects: z.record(z.string(), z.partialRecord(metricSchema, z.number())),
});
export type Moment = z.infer<typeof momentSchema>;

export const recentMetricSchema = z.enum(RECENT_METRICS);

/** The last two minutes of some subjects, for sparklines: one metric, oldest first, null where nothing was sampled. */
export const recentSchema = z.object({
  step_ms: count,
  metric: recentMetricSchema,
  series: z.record(z.string(), z.array(z.number().nullable())),
});
export type Recent = z.infer<typeof recentSchema>;

export const historyStatusSchema = z.object({
  state: z.enum(['ok', 'behind', 'memory', 'off']),
  detail: z.string().optional(),
  /** Of the disk. */
  bytes: count,
  bytes_max: count,
  /** How many are sampled, and how many are not because there are too many. */
  subjects: count,
  subjects_max: count,
  left_out: count,
  levels: z.array(
    z.object({
      level: levelSchema,
      keep_ms: count,
      /** Of the packed numbers alone. */
      bytes: count,
      oldest: wallClock.optional(),
      newest: wallClock.optional(),
    }),
  ),
  /** Samples that found no room, each of one subject. */
  dropped: count,
});
export type HistoryStatus = z.infer<typeof historyStatusSchema>;
