import { describe, expect, it } from 'vitest';
import type { ClientReport, Failure, ServiceReport } from './client/traffic.ts';
import { addReport, createTally, isExplained, judge, type Outage, phaseOf } from './tally.ts';

const SERVERS = ['rs1', 'rs2', 'rs3'];
const OUTAGE: Outage = {
  server: 'rs2',
  killed_at: 10_000,
  detected_at: 10_600,
  revived_at: 20_000,
  back_at: 21_000,
  full_at: 23_000,
};

function report(at: number, answered: Record<string, number>, failures: Failure[] = []): ClientReport {
  const service: ServiceReport = {
    answered,
    latencies_ms: [1, 2],
    verified_bytes: 100,
    bulks: 1,
    held: { rs1: 1 },
    stall_ms: 3,
  };
  return { at, services: { www: service }, failures, failuresMore: 0 };
}

function failure(change: Partial<Failure> = {}): Failure {
  return {
    service: 'www',
    what: 'request',
    kind: 'refused',
    began: 10_100,
    at: 10_101,
    detail: 'connection refused',
    ...change,
  };
}

function judged(reports: readonly (readonly [number, ClientReport])[], outages: readonly Outage[]) {
  const tally = createTally(['www']);
  tally.reports = 100; // of a run that was long enough to be judged
  for (const [since, item] of reports) addReport(tally, item, since, outages);
  return judge(tally, { outages, servers: SERVERS });
}

const EVEN = { rs1: 20, rs2: 20, rs3: 20 };
const REST = { rs1: 30, rs3: 30 };
const GOOD_RUN = [
  [9_000, report(9_250, EVEN)],
  [11_000, report(11_250, REST)],
  [24_000, report(24_250, EVEN)],
] as const;

describe('phaseOf', () => {
  it('tells times with every server, times with a known dead one, and what lies between', () => {
    const expected = [
      [9_000, 'whole'],
      [9_900, 'turning'],
      [10_700, 'turning'],
      [11_000, 'degraded'],
      [19_900, 'turning'],
      [20_500, 'turning'],
      [22_000, 'turning'],
      [23_300, 'whole'],
    ] as const;
    for (const [since, phase] of expected)
      expect([since, phaseOf(since, since + 250, [OUTAGE])]).toEqual([since, phase]);
  });

  it('takes an outage that nobody has noticed for turning', () => {
    expect(phaseOf(50_000, 50_250, [{ server: 'rs2', killed_at: 10_000 }])).toBe('turning');
  });
});

describe('isExplained', () => {
  it('allows refusals between the kill and its detection', () => {
    expect(isExplained(failure(), { outages: [OUTAGE] })).toBe(true);
    expect(
      isExplained(failure({ began: 9_900, what: 'held', kind: 'reset', server: 'rs2' }), {
        outages: [OUTAGE],
      }),
    ).toBe(true);
  });

  it('allows no failure before, long after, of another server, or of a wrong byte', () => {
    expect(isExplained(failure({ began: 9_000, at: 9_001 }), { outages: [OUTAGE] })).toBe(false);
    expect(isExplained(failure({ began: 12_000, at: 12_001 }), { outages: [OUTAGE] })).toBe(false);
    expect(isExplained(failure({ server: 'rs1' }), { outages: [OUTAGE] })).toBe(false);
    expect(isExplained(failure({ kind: 'corrupt' }), { outages: [OUTAGE] })).toBe(false);
    expect(isExplained(failure(), { outages: [] })).toBe(false);
  });
});

describe('judge', () => {
  it('finds a balanced run with one outage well', () => {
    const summary = judged(GOOD_RUN, [OUTAGE]);
    expect(summary.complaints).toEqual([]);
    expect(summary.ok).toBe(true);
    expect(summary.outages[0]?.detection_ms).toBe(600);
    expect(summary.services[0]).toMatchObject({
      connections: { rs1: 70, rs2: 40, rs3: 70 },
      verified_bytes: 300,
      held: 1,
      held_lost: 0,
    });
  });

  it('counts failures of the killed server apart', () => {
    const reports = [...GOOD_RUN, [10_000, report(10_250, REST, [failure()])] as const];
    expect(judged(reports, [OUTAGE])).toMatchObject({ ok: true, errors: 0, errors_during_detection: 1 });
  });

  it('complains of a failure that nothing explains, and shows it', () => {
    const lost = failure({ what: 'held', kind: 'reset', server: 'rs1' });
    const summary = judged([...GOOD_RUN, [10_000, report(10_250, REST, [lost])]], [OUTAGE]);
    expect(summary.complaints).toEqual(['www: held reset (1 times)']);
    expect(summary.examples).toEqual([lost]);
    expect(summary.services[0]?.held_lost).toBe(1);
  });

  it('complains of a server that gets next to nothing', () => {
    const summary = judged([[9_000, report(9_250, { rs1: 30, rs2: 30, rs3: 1 })]], []);
    expect(summary.complaints).toEqual(['www: rs3 had 2 % while every real server was up']);
  });

  it('complains of a kill that was not detected, of connections to the dead, and of a return without any', () => {
    expect(judged([GOOD_RUN[0]], [{ server: 'rs2', killed_at: 10_000 }]).complaints).toEqual([
      'rs2 was killed and never found dead',
    ]);
    expect(judged([GOOD_RUN[0], [11_000, report(11_250, EVEN)], GOOD_RUN[2]], [OUTAGE]).complaints).toEqual([
      'www: rs2 got connections after it was found dead',
    ]);
    expect(judged([GOOD_RUN[0], GOOD_RUN[1], [24_000, report(24_250, REST)]], [OUTAGE]).complaints).toContain(
      'www: rs2 got nothing after it came back',
    );
  });

  it('complains of silence, but not of a run that was ended at once', () => {
    expect(judged([], []).complaints).toEqual(['www: no answer while every real server was up']);
    const tally = createTally(['www']);
    expect(judge(tally, { outages: [], servers: SERVERS }).complaints).toEqual([
      'the client reported nothing',
    ]);
    addReport(tally, report(250, {}), 0, []);
    expect(judge(tally, { outages: [], servers: SERVERS }).complaints).toEqual([]);
  });
});
