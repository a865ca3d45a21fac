// What the simulator says: the summary of many schedules, and the story of one.
import { describeFault } from './faults.ts';
import { type Outcome, runSchedule } from './run.ts';
import { NAMES, type Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import { quantile, type Tally } from './tally.ts';

export function summaryOf(tally: Tally, elapsed_ms: number): string {
  const of = (bins: readonly number[]): string =>
    [0.5, 0.9, 0.99, 1].map((share) => `p${share * 100} ${quantile(bins, share).toFixed(2)}`).join('  ');
  const perSecond = Math.round((1_000 * tally.schedules) / Math.max(1, elapsed_ms));
  return [
    `${tally.schedules} schedules, ${tally.steps} steps in ${(elapsed_ms / 1_000).toFixed(1)} s (${perSecond} a second)`,
    `without an owner after one fault, in deadtimes: ${of(tally.gaps)}`,
    `settled after everything works again, in deadtimes: ${of(tally.settling)}`,
    `two owners while a link worked: in ${tally.overlaps} schedules, ${tally.overlap_ms.toFixed(1)} ms all together`,
    `two owners after a link came back: ${tally.healing_ms.toFixed(0)} ms; while frames passed one way, late or in part: ${tally.impaired_ms.toFixed(0)} ms; while none passed: ${tally.parted_ms.toFixed(0)} ms`,
    `longest time with two owners while a link worked: ${tally.longestOverlap_ms.toFixed(1)} ms, after one came back: ${tally.longestHealing_ms.toFixed(1)} ms`,
    `violations: ${tally.failed.length}`,
  ].join('\n');
}

/** The schedule, the time line, what is broken. `brief`: without what is said every interval. */
export function storyOf(schedule: Schedule, brief: boolean): string {
  const outcome = runSchedule(schedule, true);
  const { interval_ms, deadtime_ms, initdead_ms, links, failback, witnesses, probesVips, fence } =
    schedule.settings;
  return [
    `seed ${schedule.seed}`,
    `interval ${interval_ms} ms, deadtime ${deadtime_ms} ms, initdead ${initdead_ms} ms, ${links} links, failback ${failback}, priorities ${schedule.priorities.join(' and ')}` +
      `${witnesses ? ', witnesses' : ''}${probesVips ? ', probes VIPs' : ''}${fence === undefined ? '' : `, fence (${fence.onFailure})`}`,
    ...NAMES.map((name, side) => `${name} starts at ${schedule.starts_ms[side]?.toFixed(1)} ms`),
    ...schedule.faults.map(describeFault),
    '',
    ...outcome.timeline.filter((line) => !brief || !line.includes(' sends ')),
    '',
    ...verdictOf(outcome),
  ].join('\n');
}

function verdictOf(outcome: Outcome): string[] {
  if (outcome.violations.length === 0) return ['nothing is broken'];
  return outcome.violations.map(
    ({ code, at_ms, what }) => `BROKEN at ${at_ms.toFixed(1)} ms, ${code}: ${what}`,
  );
}

export function failureOf(schedule: Schedule, code: string): string {
  const smallest = shrink(schedule, code);
  const left = schedule.faults.length - smallest.faults.length;
  return [
    `---- ${code}${left > 0 ? `, ${left} faults left out` : ''}; whole: npm run simulate -- --seed ${schedule.seed} --trace`,
    storyOf(smallest, true),
  ].join('\n');
}
