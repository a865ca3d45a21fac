// What is sampled of the director, its services and its real servers, and at which resolutions it is kept.

export const LEVELS = ['1s', '1m', '1h'] as const;
export type Level = (typeof LEVELS)[number];

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
  /** An index of HEALTH_CODES; the worst of the interval. */
  'health',
  /** An index of ADMIN_CODES; the last of the interval. */
  'admin',
  'weight_effective',
  /** Of the last probe; of a service its slowest server's. */
  'latency_ms',
  /** Director only: 1 while it held the VIPs; the last. */
  'active_role',
  /** Director only: 99th percentile. */
  'sync_lag_ms',
  /** Director only: dropped packets. */
  'dropped_per_s',
] as const;
export type Metric = (typeof METRICS)[number];

export const HEALTH_CODES = ['none', 'unknown', 'down', 'sorry', 'degraded', 'up'] as const;
export const ADMIN_CODES = ['enabled', 'draining', 'disabled'] as const;

/** Metrics whose highest value within an interval is kept beside the mean. */
export const HIGH_METRICS = [
  'connections_per_s',
  'packets_in_per_s',
  'packets_out_per_s',
  'bytes_in_per_s',
  'bytes_out_per_s',
  'latency_ms',
  'sync_lag_ms',
  'dropped_per_s',
] as const satisfies readonly Metric[];

/** The last two minutes of these are in memory, for sparklines. */
export const RECENT_METRICS = [
  'active',
  'connections_per_s',
  'packets_in_per_s',
  'bytes_in_per_s',
  'bytes_out_per_s',
] as const satisfies readonly Metric[];
export type RecentMetric = (typeof RECENT_METRICS)[number];

/** The subject that stands for the director itself. No service is called that: see the sampler. */
export const DIRECTOR_SUBJECT = 'director';
