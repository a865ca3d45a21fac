import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ProbeBatch } from '../../monitor/probe-batch.ts';
import type { Check, ToldProbes } from '../../monitor/protocol.ts';
import { address } from '../model/address.ts';
import { KEPT_PROBES, ProbeLog } from './probe-log.ts';

const NOW = 1_700_000_000_000;
const checks = ['a', 'b', 'c'].map(
  (key): Check => ({
    key,
    target: { address: address('127.0.0.1'), port: 80 },
    service: 'www',
    monitor: {
      probe: { kind: 'tcp' },
      ...{ interval_ms: 1_000, fast_interval_ms: 1_000, timeout_ms: 500, rise: 2, fall: 3, jitter: 0 },
    },
  }),
);

/** What a monitor tells: latencies of probes, negative ones failed. */
function told(latencies: readonly (readonly number[])[], against = 0, at = NOW): ToldProbes {
  const batch = new ProbeBatch(latencies.length);
  for (const [place, probes] of latencies.entries())
    for (const value of probes) {
      const latency_ms = Math.abs(value);
      const failure = value < 0 ? `failed after ${latency_ms}` : undefined;
      batch.record(place, { now_ms: 0, latency_ms, slow: latency_ms > 250, failure }, against);
    }
  return { assignment: 1, at, ...batch.take(0)! };
}

let log: ProbeLog;
beforeEach(() => {
  log = new ProbeLog();
  log.configure(['a', 'b', 'c']);
});

const latencies = (key: string) => log.recent(key).map((each) => each.latency_ms);

describe('the probe log', () => {
  it('shows each probe with its time, its result and why it failed', () => {
    log.hear(checks, told([[10, 300, -5], [], [7]], 1));
    expect(log.recent('a')).toEqual([
      { at: NOW, result: 'ok', latency_ms: 10 },
      { at: NOW, result: 'slow', latency_ms: 300 },
      { at: NOW, result: 'fail', latency_ms: 5, detail: 'failed after 5' },
    ]);
    expect(log.summary('a')).toEqual({
      ...{ probes: 3, failures: 1, against: 1, mean_ms: 155, p99_ms: 300 },
      last: { at: NOW, result: 'fail', latency_ms: 5, detail: 'failed after 5' },
    });
    expect(['a', 'b', 'c'].map((key) => log.latest_ms(log.placeOf(key)))).toEqual([undefined, undefined, 7]);
  });

  it('keeps the latest probes of each check, and words of the last failures, for any telling', () => {
    const telling = fc.tuple(
      ...checks.map(() => fc.array(fc.integer({ min: -9, max: 400 }), { maxLength: 8 })),
    );
    fc.assert(
      fc.property(fc.array(telling, { maxLength: 60 }), (tellings) => {
        log.configure([]);
        log.configure(['a', 'b', 'c']);
        const all: number[][] = [[], [], []];
        for (const each of tellings) {
          if (each.every((probes) => probes.length === 0)) continue;
          log.hear(checks, told(each));
          for (const [place, probes] of each.entries()) all[place]!.push(...probes);
        }
        for (const [place, probes] of all.entries()) {
          const { key } = checks[place]!;
          expect(latencies(key)).toEqual(probes.slice(-KEPT_PROBES).map(Math.abs));
          const { probes: count, failures } = log.summary(key);
          expect([count, failures]).toEqual([probes.length, probes.filter((each) => each < 0).length]);
          const worded = log.recent(key).filter((each) => each.detail !== undefined);
          expect(worded.length).toBeLessThanOrEqual(4);
          for (const each of worded) expect(each.detail).toBe(`failed after ${each.latency_ms}`);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the probes of a check that stays, wherever it stands from then on, and forgets the others', () => {
    log.hear(checks, told([[1], [2, -3], [4]]));
    log.configure(['d', 'b']);
    expect(log.recent('b').at(-1)).toMatchObject({ result: 'fail', detail: 'failed after 3' });
    expect(log.summary('b')).toMatchObject({ probes: 2, failures: 1 });
    expect([latencies('a'), latencies('d')]).toEqual([[], []]);
    log.configure(['a', 'b', 'c']);
    expect([latencies('a'), latencies('b'), latencies('c')]).toEqual([[], [2, 3], []]);
  });

  it('puts probes of an older assignment where they belong, and those of checks that are gone nowhere', () => {
    const reversed = checks.toReversed();
    log.configure(['b', 'c']);
    log.hear(checks, told([[1], [2], [3]]));
    log.hear(reversed, told([[30], [20], [10]]));
    expect([latencies('a'), latencies('b'), latencies('c')]).toEqual([[], [2, 20], [3, 30]]);
  });
});
