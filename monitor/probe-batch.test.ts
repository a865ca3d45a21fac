import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOf, KEPT_MAX, OUTCOME, ProbeBatch, REASONS_MAX, RECORDS_MAX } from './probe-batch.ts';

const pass = { now_ms: 0, latency_ms: 1, slow: false, failure: undefined };

describe('a batch of probes', () => {
  it('keeps the latest of each check and counts all, for any probes', () => {
    const probe = fc.record({
      place: fc.nat(4),
      latency_ms: fc.integer({ min: 0, max: 1_000 }),
      slow: fc.boolean(),
      failure: fc.option(fc.constantFrom('refused', 'no answer'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(probe, { maxLength: 60 }), (probes) => {
        const batch = new ProbeBatch(5);
        for (const [index, each] of probes.entries())
          batch.record(each.place, { ...each, now_ms: index }, index);
        const columns = batch.take(1_000);
        const places = [...new Set(probes.map((each) => each.place))];
        expect([...(columns?.places ?? [])]).toEqual(places);
        let record = 0;
        for (const [index, place] of places.entries()) {
          const own = probes.flatMap((each, at) => (each.place === place ? [{ ...each, at }] : []));
          expect(columns!.probes[index]).toBe(own.length);
          expect(columns!.failures[index]).toBe(own.filter((each) => each.failure !== undefined).length);
          expect(columns!.against[index]).toBe(own.at(-1)!.at);
          expect(columns!.kept[index]).toBe(Math.min(KEPT_MAX, own.length));
          for (const { at, latency_ms, slow, failure } of own.slice(-KEPT_MAX)) {
            expect(columns!.ages_ms[record]).toBe(1_000 - at);
            expect(columns!.latencies_ms[record]).toBe(latency_ms);
            const code = columns!.outcomes[record]!;
            if (failure === undefined) expect(code).toBe(slow ? OUTCOME.slow : OUTCOME.ok);
            else expect(columns!.reasons[code - OUTCOME.reasons]).toBe(failure);
            record++;
          }
        }
        if (columns !== undefined) expect(faultOf({ ...columns })).toBeUndefined();
        expect(batch.take(2_000)).toBeUndefined();
      }),
    );
  });

  it('stays within its limits however many checks are probed how often', () => {
    const checks = 20_000;
    const batch = new ProbeBatch(checks);
    for (let turn = 0; turn < KEPT_MAX + 1; turn++)
      for (let place = 0; place < checks; place++)
        batch.record(place, { ...pass, failure: `reason ${place}` }, 0);
    const columns = batch.take(0)!;
    expect(columns.outcomes.length).toBeLessThanOrEqual(RECORDS_MAX);
    expect(columns.reasons.length).toBe(REASONS_MAX);
    expect(columns.probes[checks - 1]).toBe(KEPT_MAX + 1);
    expect(columns.kept[checks - 1]).toBe(1);
    expect(faultOf({ ...columns })).toBeUndefined();
  });

  it('takes no place that it does not have', () => {
    const batch = new ProbeBatch(1);
    batch.record(1, pass, 0);
    expect(batch.take(0)).toBeUndefined();
  });
});

describe('columns from elsewhere', () => {
  const good = () => {
    const batch = new ProbeBatch(2);
    batch.record(0, pass, 0);
    batch.record(1, { ...pass, failure: 'refused' }, 1);
    return { ...batch.take(5)! } as Record<string, unknown>;
  };

  it.each([
    ['a column that is missing', { kept: undefined }],
    ['a column of another type', { ages_ms: [0, 0] }],
    ['a column that is too short', { probes: new Uint16Array(1) }],
    ['records without a check', { latencies_ms: new Float32Array(3) }],
    ['no duration', { latencies_ms: Float32Array.of(1, Number.NaN) }],
    ['a negative duration', { latencies_ms: Float32Array.of(1, -1) }],
    ['a reason that is not there', { outcomes: Uint16Array.of(0, OUTCOME.reasons + 1) }],
    ['a reason that is no text', { reasons: [7] }],
    ['a reason without end', { reasons: ['x'.repeat(10_000)] }],
    ['reasons without end', { reasons: Array.from({ length: 1_000 }, String) }],
  ])('with %s are refused', (_, more) => {
    expect(faultOf(good())).toBeUndefined();
    expect(faultOf({ ...good(), ...more })).toEqual(expect.any(String));
  });
});
