// Runs one schedule and judges it. Guarantees: what is broken is named by a stable code with the time it showed.
import { stable_ms } from '../../heartbeat/core/timing.ts';
import type { Role } from '../../heartbeat/core/types.ts';
import { arrange } from './faults.ts';
import type { Fault, Schedule, Side } from './schedule.ts';
import { World } from './world.ts';

export interface Violation {
  readonly code:
    | 'two-owners'
    | 'no-owner'
    | 'late-start'
    | 'flapping'
    | 'needless'
    | 'unsettled'
    | 'unannounced'
    | 'unanswered';
  readonly at_ms: number;
  readonly what: string;
}

export interface Outcome {
  readonly violations: readonly Violation[];
  readonly timeline: readonly string[];
  readonly steps: number;
  /** Two owners while a link worked, and while none did. */
  readonly overlap_ms: number;
  readonly longestOverlap_ms: number;
  readonly longestHealing_ms: number;
  readonly partedOverlap_ms: number;
  readonly healingOverlap_ms: number;
  readonly impairedOverlap_ms: number;
  /** Longest time without an owner after the first one, as a share of the deadtime. */
  readonly longestGap_ms: number;
  readonly gaps_ms: readonly number[];
  /** From the calm to a settled pair. */
  readonly settled_ms: number;
}

export function runSchedule(schedule: Schedule, tracing = false): Outcome {
  const world = new World(schedule, tracing);
  const { settings } = schedule;
  schedule.starts_ms.forEach((t, side) => {
    world.queue.at(t, () => world.directors[side as Side].start());
  });
  for (const fault of schedule.faults) arrange(world, fault);
  const violations: Violation[] = [];
  const calm = Math.max(schedule.calm_ms, ...schedule.starts_ms);
  world.run(calm);
  const settled_ms = settle(world, calm, violations);
  if (schedule.linger_ms > 0) {
    world.run(world.now + schedule.linger_ms);
    settle(world, world.now, violations);
  }
  world.ledger.account(world.now);
  judge(world, violations);
  const { ledger } = world;
  return {
    violations,
    timeline: world.timeline,
    steps: world.steps,
    overlap_ms: ledger.overlap_ms,
    longestOverlap_ms: ledger.longestOverlap.for_ms,
    longestHealing_ms: ledger.longestHealing.for_ms,
    partedOverlap_ms: ledger.partedOverlap_ms,
    healingOverlap_ms: ledger.healingOverlap_ms,
    impairedOverlap_ms: ledger.impairedOverlap_ms,
    longestGap_ms: ledger.longestGap_ms,
    gaps_ms: ledger.gaps.map((gap) => gap.for_ms),
    settled_ms: settled_ms / settings.deadtime_ms,
  };
}

/** Goes on until exactly one owns, both agree, and it has stayed so for two deadtimes. */
function settle(world: World, from: number, violations: Violation[]): number {
  const { settings, faults, disk_ms } = world.schedule;
  const had = (kind: string): boolean => faults.some((fault) => fault.kind === kind);
  const deadtime = Math.max(world.directors[0].settings.deadtime_ms, world.directors[1].settings.deadtime_ms);
  const allowed =
    settings.initdead_ms +
    7 * deadtime +
    10 * settings.interval_ms +
    10 +
    disk_ms +
    (settings.probesVips ? 1_300 : 0) +
    (settings.fence === undefined
      ? 0
      : 6 * stable_ms({ ...world.directors[0].settings, deadtime_ms: deadtime })) +
    (had('raise-fails') || had('release-fails') ? 2_500 : 0) +
    (had('settings') ? 2_000 + deadtime : 0);
  let since = -1;
  const stays_ms = 2 * deadtime;
  const over = world.run(from + allowed + stays_ms, () => {
    if (!isSettled(world)) since = -1;
    else if (since < 0) since = world.now;
    return since >= 0 && world.now - since >= stays_ms;
  });
  if (!over || since >= 0) return Math.max(0, since - from);
  violations.push({
    code: 'unsettled',
    at_ms: world.now,
    what: `${Math.round(allowed)} ms after everything works again, the pair has not settled: ${world.directors
      .map((d) => `${d.name} ${d.state?.role} epoch ${d.state?.epoch}`)
      .join(', ')}`,
  });
  return allowed;
}

function isSettled(world: World): boolean {
  const [a, b] = world.directors;
  if (a.state === undefined || b.state === undefined || a.state.epoch !== b.state.epoch) return false;
  const active: Side | undefined =
    a.state.role === 'active' && b.state.role === 'standby'
      ? 0
      : b.state.role === 'active' && a.state.role === 'standby'
        ? 1
        : undefined;
  if (active === undefined) return false;
  const { owners } = world.ledger;
  const other: Side = active === 0 ? 1 : 0;
  if (!owners[active].up || world.now >= owners[active].lease_ms) return false;
  if (owners[other].up && world.now < owners[other].lease_ms) return false;
  const { state } = world.directors[active];
  return state?.handover === undefined && state?.asking === undefined && state?.conflict_ms === -1e15;
}

function judge(world: World, violations: Violation[]): void {
  const { ledger, schedule } = world;
  const { settings } = schedule;
  judgeNeed(world, violations);
  const midStep = schedule.faults.some((fault) => fault.kind === 'pause' && fault.midStep);
  const loses = schedule.faults.some((fault) => fault.kind === 'pause' && fault.loses);
  const pushed = schedule.faults.some((fault) => fault.kind === 'settings');
  const leases = [
    settings.deadtime_ms,
    ...schedule.faults.map((f) => (f.kind === 'settings' ? f.deadtime_ms : 0)),
  ];
  // After a link is back the next beat is at most an interval away, and a process may stop before it has sent it.
  const lease_ms = Math.max(...leases);
  const beat_ms = 1.1 * settings.interval_ms + 2 * schedule.delay_ms;
  for (const [longest, limit_ms] of [
    // None at all, but for a process that stops between its lease and its beat, for unlike deadtimes, and where beats
    // were lost to a suspended machine.
    [ledger.longestOverlap, pushed || loses ? lease_ms : midStep ? beat_ms : 0.001],
    // Both may have crashed: who resumes meets the other's lease, of which nobody is left to tell.
    [ledger.longestHealing, lease_ms * (1 + world.resumes) + beat_ms],
  ] as const)
    if (longest.for_ms > limit_ms)
      violations.push({
        code: 'two-owners',
        at_ms: longest.at_ms,
        what: `two owners for ${longest.for_ms.toFixed(1)} ms while a link worked`,
      });
  judgeGaps(world, violations);
  judgeMoves(world, violations);
  const [a, b] = world.directors;
  for (const [director, other] of [
    [a, b],
    [b, a],
  ] as const) {
    if (director.ordersOpen.size > 0)
      violations.push({
        code: 'unanswered',
        at_ms: world.now,
        what: `${director.name} has not answered ${director.ordersOpen.size} orders`,
      });
    if (director.state?.role !== 'active') continue;
    // Nobody can tell of a claim whose every beat was lost; the timetable has to do then.
    if (
      ledger.owners[other.side].last_ms < schedule.calm_ms &&
      schedule.faults.some((f) => f.kind === 'loss')
    )
      continue;
    const last = ledger.owners[other.side].last_ms;
    const after = director.announcesAfter(last) - Math.max(last, schedule.calm_ms);
    if (last >= 0 && after > Math.max(250, 3 * settings.interval_ms))
      violations.push({
        code: 'unannounced',
        at_ms: world.now,
        what: `${director.name} announces only ${Math.round(after)} ms after ${other.name} was last on the wire`,
      });
  }
}

/** What leaves the active and a way to hear it alone is no reason for a claim. */
function judgeNeed(world: World, violations: Violation[]): void {
  const { schedule, claims, rolesAtFaults, ledger } = world;
  const [fault] = schedule.faults;
  if (
    !schedule.single ||
    fault === undefined ||
    !isHarmless(fault, schedule.settings.links, rolesAtFaults[0])
  )
    return;
  if (claims === 1 && ledger.gaps.length === 0) return;
  // With a deadtime of two intervals one lost beat is enough; the configuration warns of that.
  const { deadtime_ms, interval_ms } = schedule.settings;
  if (fault.kind === 'pause' && fault.loses && deadtime_ms <= 2 * interval_ms) return;
  violations.push({
    code: 'needless',
    at_ms: world.now,
    what: `${fault.kind} has led to ${claims - 1} claims and ${ledger.gaps.length} times without an owner`,
  });
}

function isHarmless(fault: Fault, links: number, role: Role | undefined): boolean {
  if ('link' in fault) return fault.kind === 'duplicates' || (links > 1 && fault.link !== 'all');
  if (fault.kind === 'disk' || fault.kind === 'claimant' || fault.kind === 'no-witness') return true;
  return role === 'standby';
}

/** The promised times: after one fault to a settled pair, and from the start. */
function judgeGaps(world: World, violations: Violation[]): void {
  const { ledger, schedule } = world;
  const { settings } = schedule;
  const slack_ms = 0.2 * settings.interval_ms + 2 * schedule.delay_ms + 4;
  const asks_ms = settings.probesVips ? 25 + 25 + settings.interval_ms : 0; // a stopped peer's lease may be found
  const fences_ms = settings.fence === undefined ? 0 : 25;
  const start_ms = Math.max(...schedule.starts_ms);
  const promised_ms = settings.initdead_ms + 2 * settings.interval_ms + slack_ms + asks_ms + fences_ms;
  const mayRefuse = settings.fence?.onFailure === 'refuse';
  if (!schedule.single) return;
  if (ledger.firstOwned_ms > start_ms + promised_ms && !mayRefuse)
    violations.push({
      code: 'late-start',
      at_ms: ledger.firstOwned_ms,
      what: `nobody owned before ${ledger.firstOwned_ms.toFixed(1)} ms`,
    });
  const limit_ms = settings.deadtime_ms + 2 * settings.interval_ms + slack_ms + asks_ms + fences_ms;
  if (ledger.longestGap_ms > limit_ms && !mayRefuse)
    violations.push({
      code: 'no-owner',
      at_ms: ledger.longestGapAt_ms,
      what: `nobody owned for ${ledger.longestGap_ms.toFixed(1)} ms, promised are ${limit_ms.toFixed(1)} ms`,
    });
}

/** Automatic moves: after the first one of a pair that has not restarted, none before the hold-down is over. */
function judgeMoves(world: World, violations: Violation[]): void {
  const deaf = /does not hear this director/;
  const free = /ordered|no VIP could be raised|does not hear this director/;
  const least_ms = stable_ms({
    ...world.directors[0].settings,
    deadtime_ms: Math.min(world.schedule.settings.deadtime_ms, world.directors[0].settings.deadtime_ms),
  });
  for (let i = 1; i < world.moves.length; i++) {
    const before = world.moves[i - 1];
    const move = world.moves[i];
    if (before === undefined || move === undefined || free.test(move.because) || before.boots !== move.boots)
      continue;
    if (deaf.test(before.because)) continue; // who took over then cannot know of a move
    if (before.side === move.side || move.at_ms - before.at_ms >= least_ms) continue;
    violations.push({
      code: 'flapping',
      at_ms: move.at_ms,
      what: `a move ${Math.round(move.at_ms - before.at_ms)} ms after the last one: ${move.because}`,
    });
  }
}
