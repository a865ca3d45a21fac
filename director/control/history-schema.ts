// Bodies about the past: what was sampled, in three resolutions, as series of one subject and as the picture of one moment.
import { z } from 'zod';

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');

export const LEVELS = ['1s', '1m', '1h'] as const;
export type Level = (typeof LEVELS)[number];
export const levelSchema = z.enum(LEVELS);

/** Of a server (`www/rs1`), a service (`www`), the director (`director`). Absent where it has no meaning. */
export const METRICS = [
  'active',
  'inactive',
  'templates',
  'connections_per_s',
  'packets_in_per_s',
  'packets_out_per_s',
  'bytes_in_per_s',
  'bytes_out_per_s',
  /** 0 none, 1 unknown, 2 down, 3 sorry, 4 degraded, 5 up; the worst of the interval. */
  'health',
  /** 0 enabled, 1 draining, 2 disabled; the last of the interval. */
  'admin',
  'weight_effective',
  /** Of the last probe; the worst of the interval. */
  'latency_ms',
  /** Director only: 1 while it held the VIPs; the last. */
  'active_role',
  /** Director only: 99th percentile. */
  'sync_lag_ms',
  /** Director only: dropped packets. */
  'dropped_per_s',
] as const;
export type Metric = (typeof METRICS)[number];
export const metricSchema = z.enum(METRICS);
export const HEALTH_CODES = ['none', 'unknown', 'down', 'sorry', 'degraded', 'up'] as const;
export const ADMIN_CODES = ['enabled', 'draining', 'disabled'] as const;

export const seriesSchema = z.object({
  subject: z.string(),
  level: levelSchema,
  /** Start of each interval. */
  times: z.array(wallClock),
  /** As long as times; null where nothing was sampled. Means, but see METRICS. */
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

/** The last two minutes of some subjects, for sparklines: one metric, oldest first, null where nothing was sampled. */
export const recentSchema = z.object({
  step_ms: count,
  metric: metricSchema,
  series: z.record(z.string(), z.array(z.number().nullable())),
});
export type Recent = z.infer<typeof recentSchema>;

export const historyStatusSchema = z.object({
  state: z.enum(['ok', 'behind', 'memory', 'off']),
  detail: z.string().optional(),
  bytes: count,
  bytes_max: count,
  subjects: count,
  levels: z.array(
    z.object({
      level: levelSchema,
      keep_ms: count,
      oldest: wallClock.optional(),
      newest: wallClock.optional(),
    }),
  ),
  /** Samples that found no room. */
  dropped: count,
});
export type HistoryStatus = z.infer<typeof historyStatusSchema>;
