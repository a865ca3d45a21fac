// The monitor processes as pulse uses them: checks are spread over them, verdicts come back.
// Guarantees: onVerdict is called only when a server's health changes; while a process is away its last verdicts stand
// (a monitor that was killed takes no server down), and its successor goes on from them.
import type { Clock } from '../director/model/clock.ts';
import type { Verdict } from '../director/model/monitor.ts';
import type { Check, ToldProbes } from './protocol.ts';
import { addStats, type MonitorStats, NO_STATS } from './stats.ts';
import { type Log, Worker } from './worker.ts';

export type { Check, ToldProbes } from './protocol.ts';

export interface MonitorPoolOptions {
  readonly workers: number;
  readonly onVerdict: (verdict: Verdict) => void;
  readonly onStats?: (stats: PoolStats) => void;
  /** Outcomes one by one, about once a second from each process; places are those in `checks`. */
  readonly onProbes?: (checks: readonly Check[], probes: ToldProbes) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sums over the processes (counts go on over restarts); lateness and restarts: the worst and the sum. */
export interface PoolStats extends MonitorStats {
  readonly checks: number;
  readonly restarts: number;
  readonly pids: readonly number[];
}

export interface MonitorPool extends Disposable {
  /** Every check there shall be; unchanged ones go on undisturbed. */
  assign(checks: readonly Check[]): void;
  /** The outcome becomes the check's verdict() soon, whether it changes anything or not. */
  probeNow(key: string): void;
  /** Brings reasons and latencies of all verdict()s up to date soon; they are otherwise those of the last change. */
  refresh(): void;
  /** The latest verdict of a check; undefined before the first. */
  verdict(key: string): Verdict | undefined;
  stats(): PoolStats;
}

export function createMonitorPool(options: MonitorPoolOptions): MonitorPool {
  const verdicts = new Map<string, Verdict>();
  const assigned = new Set<string>();

  const hear = (verdict: Verdict): void => {
    // Unknown is what a nanny begins with: it takes back nothing that is known. A key that is not assigned
    // comes from a message that was under way when its check was dropped.
    if (verdict.health === 'unknown' || !assigned.has(verdict.key)) return;
    const former = verdicts.get(verdict.key)?.health;
    verdicts.set(verdict.key, verdict);
    if (former !== verdict.health) options.onVerdict(verdict);
  };

  const stats = (): PoolStats => ({
    ...workers.map((worker) => worker.stats).reduce(addStats, NO_STATS),
    checks: assigned.size,
    restarts: workers.reduce((sum, worker) => sum + worker.restarts, 0),
    pids: workers.flatMap((worker) => worker.pid ?? []),
  });

  const workers = Array.from(
    { length: Math.max(1, options.workers) },
    (_, index) =>
      new Worker({
        index,
        clock: options.clock,
        log: options.log,
        known: (key) => verdicts.get(key)?.health,
        onVerdicts: (heard) => heard.forEach(hear),
        onStats: () => options.onStats?.(stats()),
        onProbes: (checks, probes) => options.onProbes?.(checks, probes),
      }),
  );

  return {
    assign(checks) {
      const parts: Check[][] = workers.map(() => []);
      assigned.clear();
      for (const check of checks) {
        if (assigned.has(check.key)) continue;
        assigned.add(check.key);
        parts[placeOf(check.key, workers.length)]!.push(check);
      }
      for (const key of verdicts.keys()) if (!assigned.has(key)) verdicts.delete(key);
      for (const [index, worker] of workers.entries()) worker.assign(parts[index]!);
    },
    probeNow(key) {
      if (assigned.has(key)) workers[placeOf(key, workers.length)]!.send({ kind: 'probe-now', key });
    },
    refresh() {
      for (const worker of workers) worker.send({ kind: 'report' });
    },
    verdict: (key) => verdicts.get(key),
    stats,
    [Symbol.dispose]() {
      for (const worker of workers) worker[Symbol.dispose]();
    },
  };
}

/** FNV-1a: the same key goes to the same process as long as their number stays. */
function placeOf(key: string, places: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash % places;
}
