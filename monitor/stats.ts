// What monitor processes count, and how the counts of several (or of one and its predecessors) add up.

export interface MonitorStats {
  /** Since the beginning. Inconclusive ones are neither success nor failure. */
  readonly probes: number;
  readonly failures: number;
  readonly inconclusive: number;
  /** How late probes started, over the last second. */
  readonly lateness_p50_ms: number;
  readonly lateness_p99_ms: number;
  readonly inFlight: number;
  /** CPU time since the beginning. */
  readonly cpu_ms: number;
}

export const NO_STATS: MonitorStats = {
  probes: 0,
  failures: 0,
  inconclusive: 0,
  lateness_p50_ms: 0,
  lateness_p99_ms: 0,
  inFlight: 0,
  cpu_ms: 0,
};

/** Lateness: the worse of the two, as quantiles cannot be added. */
export function addStats(one: MonitorStats, other: MonitorStats): MonitorStats {
  return {
    probes: one.probes + other.probes,
    failures: one.failures + other.failures,
    inconclusive: one.inconclusive + other.inconclusive,
    lateness_p50_ms: Math.max(one.lateness_p50_ms, other.lateness_p50_ms),
    lateness_p99_ms: Math.max(one.lateness_p99_ms, other.lateness_p99_ms),
    inFlight: one.inFlight + other.inFlight,
    cpu_ms: one.cpu_ms + other.cpu_ms,
  };
}

/** What remains of a process that is gone: its counts, not its present. */
export function asPast(stats: MonitorStats): MonitorStats {
  return { ...stats, lateness_p50_ms: 0, lateness_p99_ms: 0, inFlight: 0 };
}
