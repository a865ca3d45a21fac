import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { address } from '../director/model/address.ts';
import type { MonitorSpec, Verdict } from '../director/model/monitor.ts';
import { Nannies } from './nannies.ts';
import { createProbes } from './probe/kinds.ts';
import type { ProbeContext, ProbeOutcome } from './probe/probe.ts';
import type { Check, ToldProbes } from './protocol.ts';
import { turnedClock } from './support/turned-clock.ts';

const monitor: MonitorSpec = {
  probe: { kind: 'tcp' },
  interval_ms: 1000,
  fast_interval_ms: 200,
  timeout_ms: 500,
  rise: 2,
  fall: 3,
  jitter: 0,
};

function check(key: string, more: Partial<Check> = {}): Check {
  return { key, target: { address: address('127.0.0.1'), port: 80 }, service: 'www', monitor, ...more };
}

const good: ProbeOutcome = { ok: true, reason: 'fine', latency_ms: 1 };
const bad: ProbeOutcome = { ok: false, reason: 'broken', latency_ms: 2 };
const noIdea: ProbeOutcome = { ok: false, reason: 'out of sockets', latency_ms: 0, inconclusive: true };

/** Nannies whose clock is turned by hand, with a server that is made to fail: `answer` is what probes find. */
function nursery(inFlight_max = 100) {
  const clock = turnedClock();
  const started: { readonly at_ms: number; readonly context: ProbeContext }[] = [];
  const reports: { readonly verdicts: Verdict[]; readonly complete: boolean }[] = [];
  const told: ToldProbes[] = [];
  const state = { answer: good as ProbeOutcome | 'never' };
  const nannies = new Nannies({
    clock,
    random: () => 0.5,
    inFlight_max,
    probes: {
      ...createProbes(),
      tcp(_target, _spec, context) {
        started.push({ at_ms: clock.monotonic_ms(), context });
        return state.answer === 'never' ? new Promise(() => {}) : Promise.resolve(state.answer);
      },
    },
    report: (verdicts, complete) => reports.push({ verdicts, complete }),
    reportProbes: (probes) => told.push(probes),
  });
  return {
    nannies,
    told,
    state,
    started,
    reports,
    /** In steps, as outcomes come between turns of the event loop. */
    async pass(time_ms: number): Promise<void> {
      for (let passed = 0; passed < time_ms; passed += 50) {
        clock.turn(50);
        await nextTurn();
      }
    },
    changes: () =>
      reports.filter((each) => !each.complete).flatMap((each) => each.verdicts.map((one) => one.health)),
  };
}

describe('nannies', () => {
  it('answer an assignment with a complete report, and tell changes only after that', async () => {
    const { nannies, reports, pass, state, changes } = nursery();
    using _ = nannies;
    nannies.assign([check('a'), check('b')]);
    await pass(50);
    expect(reports).toMatchObject([
      { complete: true, verdicts: [{ key: 'a', health: 'unknown', reason: 'not probed yet' }, { key: 'b' }] },
    ]);
    await pass(3000);
    expect(changes()).toEqual(['up', 'up']);
    state.answer = bad;
    await pass(3000);
    expect(changes()).toEqual(['up', 'up', 'down', 'down']);
    expect(reports.at(-1)?.verdicts[0]).toMatchObject({ reason: 'broken', latency_ms: 2 });
  });

  it('probe at the fast interval while undecided and at the ordinary one otherwise', async () => {
    const { nannies, started, pass, state } = nursery();
    using _ = nannies;
    nannies.assign([check('a')]);
    await pass(3000);
    expect(started.map((each) => each.at_ms)).toEqual([100, 500, 1500, 2500]);
    state.answer = bad;
    await pass(2000);
    expect(started.slice(4).map((each) => each.at_ms)).toEqual([3500, 3700, 3900, 4500]);
  });

  it('keep health and place of a check that stays, and begin anew with one that comes back', async () => {
    const { nannies, started, reports, pass } = nursery();
    using _ = nannies;
    nannies.assign([check('a')]);
    await pass(1000);
    nannies.assign([check('a', { service: 'other' }), check('b')]);
    await pass(50);
    expect(reports.at(-1)).toMatchObject({
      complete: true,
      verdicts: [{ health: 'up' }, { health: 'unknown' }],
    });
    await pass(950);
    expect(started.map((each) => each.at_ms).filter((at_ms) => at_ms % 1000 === 500)).toContain(1500);
    expect(started.at(-1)?.context.service).toMatch(/other|www/);
    nannies.assign([]);
    const count = started.length;
    await pass(5000);
    expect(started.length).toBe(count);
    nannies.assign([check('a')]);
    await pass(50);
    expect(reports.at(-1)?.verdicts).toMatchObject([{ key: 'a', health: 'unknown' }]);
  });

  it('go on from the health that is known', async () => {
    const { nannies, pass, state, changes } = nursery();
    using _ = nannies;
    state.answer = bad;
    nannies.assign([check('a', { health: 'up' })]);
    await pass(700);
    expect(changes()).toEqual([]);
    await pass(1000);
    expect(changes()).toEqual(['down']);
  });

  it('conclude nothing from probes that say nothing about the server', async () => {
    const { nannies, pass, state, changes } = nursery();
    using _ = nannies;
    nannies.assign([check('a')]);
    await pass(1000);
    state.answer = noIdea;
    await pass(20_000);
    expect(changes()).toEqual(['up']);
    expect(nannies.takeStats()).toMatchObject({ failures: 0, inconclusive: 20 });
  });

  it('abort the probe of a check that is dropped', async () => {
    const { nannies, started, pass, state } = nursery();
    using _ = nannies;
    state.answer = 'never';
    nannies.assign([check('a')]);
    await pass(200);
    nannies.assign([]);
    expect(started[0]?.context.signal.aborted).toBe(true);
    expect(nannies.takeStats().inFlight).toBe(0);
  });

  it('have no more than so many probes under way, and measure how late the rest start', async () => {
    const { nannies, started, pass, state } = nursery(2);
    using _ = nannies;
    state.answer = 'never';
    const checks = ['a', 'b', 'c'].map((key) => check(key, { service: key }));
    nannies.assign(checks);
    await pass(1000);
    expect(started.length).toBe(2);
    expect(nannies.takeStats()).toMatchObject({ inFlight: 2, lateness_p99_ms: expect.closeTo(1 / 64) });
    const waiting = checks.filter((each) => !started.some(({ context }) => context.service === each.key));
    nannies.assign(waiting);
    await pass(50);
    expect(started.length).toBe(3);
    expect(nannies.takeStats().lateness_p99_ms).toBeGreaterThan(800);
  });

  it('give up a probe that does not end by itself', async () => {
    const { nannies, pass, state, changes } = nursery();
    using _ = nannies;
    state.answer = 'never';
    nannies.assign([check('a', { monitor: { ...monitor, fall: 1 } })]);
    await pass(3000);
    expect(nannies.takeStats()).toMatchObject({ probes: 0, inFlight: 1 });
    await pass(1000);
    expect(nannies.takeStats()).toMatchObject({ probes: 1, failures: 1, inFlight: 0 });
    state.answer = good;
    await pass(2000);
    expect(changes()).toEqual(['down', 'up']);
  });

  it('tell the outcome of a probe that was asked for, even if it changes nothing', async () => {
    const { nannies, pass, changes, started } = nursery();
    using _ = nannies;
    nannies.assign([check('a')]);
    await pass(1000);
    nannies.probeNow('a');
    nannies.probeNow('unheard of');
    await pass(100);
    expect(changes()).toEqual(['up', 'up']);
    expect(started.at(-1)?.at_ms).toBe(1000);
  });
});

describe('probes one by one', () => {
  it('are told by the places of the assignment that they were made under, and only where it has a number', async () => {
    const { nannies, told, pass, state } = nursery();
    using _ = nannies;
    nannies.assign([check('a'), check('b')]);
    await pass(1000);
    nannies.tellProbes();
    expect(told).toEqual([]);
    nannies.assign([check('b'), check('a')], 7);
    state.answer = bad;
    await pass(1000);
    nannies.assign([check('a')], 8);
    expect(told).toMatchObject([{ assignment: 7, failures: told[0]!.probes, reasons: ['broken'] }]);
    expect([...told[0]!.places].sort()).toEqual([0, 1]);
    state.answer = { ok: true, reason: 'fine', latency_ms: 251 };
    await pass(1000);
    nannies.tellProbes();
    expect(told[1]).toMatchObject({ assignment: 8, places: Uint32Array.of(0), failures: Uint16Array.of(0) });
    expect(told[1]!.outcomes).toContain(1); // slow
  });

  it('are told at once where somebody asked for one, and count only what says something', async () => {
    const { nannies, told, pass, state } = nursery();
    using _ = nannies;
    nannies.assign([check('a')], 1);
    state.answer = noIdea;
    await pass(3000);
    nannies.tellProbes();
    expect(told).toEqual([]);
    state.answer = good;
    nannies.probeNow('a');
    await pass(100);
    expect(told).toMatchObject([{ probes: Uint16Array.of(1), kept: Uint8Array.of(1) }]);
  });
});
