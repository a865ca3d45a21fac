// Runs many schedules and adds up what they show. Guarantees: plain numbers, so that workers can send their tallies home.
import { runSchedule } from './run.ts';
import { scheduleOf } from './schedule.ts';

export interface Tally {
  schedules: number;
  steps: number;
  /** Times without an owner, as shares of the deadtime in steps of 1/20; those of single faults alone. */
  gaps: number[];
  /** From the calm to a settled pair, in deadtimes, likewise. */
  settling: number[];
  overlaps: number;
  overlap_ms: number;
  longestOverlap_ms: number;
  longestHealing_ms: number;
  healing_ms: number;
  parted_ms: number;
  impaired_ms: number;
  failed: { seed: number; code: string }[];
}

const FAILED_MAX = 100;
const BINS_PER_DEADTIME = 20;
const BINS = 200;

export function emptyTally(): Tally {
  return {
    schedules: 0,
    steps: 0,
    gaps: new Array<number>(BINS).fill(0),
    settling: new Array<number>(BINS).fill(0),
    overlaps: 0,
    overlap_ms: 0,
    longestOverlap_ms: 0,
    longestHealing_ms: 0,
    healing_ms: 0,
    parted_ms: 0,
    impaired_ms: 0,
    failed: [],
  };
}

export function runSeed(tally: Tally, seed: number): void {
  const schedule = scheduleOf(seed);
  const outcome = runSchedule(schedule);
  tally.schedules++;
  tally.steps += outcome.steps;
  if (schedule.single)
    for (const gap of outcome.gaps_ms) enter(tally.gaps, gap / schedule.settings.deadtime_ms);
  enter(tally.settling, outcome.settled_ms);
  if (outcome.overlap_ms > 0) tally.overlaps++;
  tally.overlap_ms += outcome.overlap_ms;
  tally.healing_ms += outcome.healingOverlap_ms;
  tally.impaired_ms += outcome.impairedOverlap_ms;
  tally.parted_ms += outcome.partedOverlap_ms;
  tally.longestHealing_ms = Math.max(tally.longestHealing_ms, outcome.longestHealing_ms);
  tally.longestOverlap_ms = Math.max(tally.longestOverlap_ms, outcome.longestOverlap_ms);
  for (const { code } of outcome.violations)
    if (tally.failed.length < FAILED_MAX) tally.failed.push({ seed, code });
}

function enter(bins: number[], deadtimes: number): void {
  const bin = Math.min(BINS - 1, Math.floor(deadtimes * BINS_PER_DEADTIME));
  bins[bin] = (bins[bin] ?? 0) + 1;
}

export function addTally(to: Tally, more: Tally): void {
  to.schedules += more.schedules;
  to.steps += more.steps;
  to.gaps = to.gaps.map((count, i) => count + (more.gaps[i] ?? 0));
  to.settling = to.settling.map((count, i) => count + (more.settling[i] ?? 0));
  to.overlaps += more.overlaps;
  to.overlap_ms += more.overlap_ms;
  to.longestHealing_ms = Math.max(to.longestHealing_ms, more.longestHealing_ms);
  to.longestOverlap_ms = Math.max(to.longestOverlap_ms, more.longestOverlap_ms);
  to.healing_ms += more.healing_ms;
  to.impaired_ms += more.impaired_ms;
  to.parted_ms += more.parted_ms;
  to.failed = [...to.failed, ...more.failed].slice(0, FAILED_MAX);
}

/** In deadtimes: the end of the bin in which the share is reached. */
export function quantile(bins: readonly number[], share: number): number {
  const total = bins.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  for (let i = 0; i < bins.length; i++) {
    sum += bins[i] ?? 0;
    if (total > 0 && sum >= share * total) return (i + 1) / BINS_PER_DEADTIME;
  }
  return 0;
}
