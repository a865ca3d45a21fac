// Roll-ups against a model that is written for reading.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEALTH_CODES, HIGH_METRICS, METRICS } from '../../model/metric.ts';
import { COARSE_COLUMNS, columnOf, highColumnOf, SAMPLES_COLUMN, tidy } from './columns.ts';
import { rollUp } from './roll-up.ts';

type Row = (number | undefined)[];

const there = (values: (number | undefined)[]): number[] => values.filter((value) => value !== undefined);
const WORST_FIRST = ['down', 'sorry', 'degraded', 'unknown', 'up', 'none'];

/** One coarse interval of fine ones; `weights`: seconds behind each. */
function model(rows: Row[], weights: number[], highs: Row[]): Row {
  const values = METRICS.map((metric, column): number | undefined => {
    const own = rows.map((row) => row[column]);
    const found = there(own);
    if (found.length === 0) return undefined;
    if (metric === 'admin' || metric === 'active_role') return found.at(-1);
    if (metric === 'health')
      return found.toSorted(
        (one, other) => WORST_FIRST.indexOf(HEALTH_CODES[one]!) - WORST_FIRST.indexOf(HEALTH_CODES[other]!),
      )[0];
    let total = 0;
    let weight = 0;
    for (const [index, value] of own.entries())
      if (value !== undefined) {
        total += value * weights[index]!;
        weight += weights[index]!;
      }
    return tidy(total / weight);
  });
  const most = HIGH_METRICS.map((_, index): number | undefined => {
    const found = there(highs.map((row) => row[index]));
    return found.length === 0 ? undefined : tidy(Math.max(...found));
  });
  const seconds = weights.reduce((total, weight) => total + weight, 0);
  return [...values, ...most, seconds === 0 ? undefined : seconds];
}

const columnsOf = (rows: Row[], width: number): Float64Array[] =>
  Array.from({ length: width }, (_, column) => Float64Array.from(rows, (row) => row[column] ?? Number.NaN));

const shown = (out: Float64Array): Row => [...out].map((value) => (Number.isNaN(value) ? undefined : value));

const cell = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }).map(tidy), { nil: undefined, freq: 4 });
const second: fc.Arbitrary<Row> = fc.oneof(
  fc.constant<Row>(METRICS.map(() => undefined)),
  fc.tuple(
    ...METRICS.map((metric) =>
      metric === 'health'
        ? fc.option(fc.nat(5), { nil: undefined })
        : metric === 'admin'
          ? fc.option(fc.nat(2), { nil: undefined })
          : cell,
    ),
  ),
);

describe('rolling up', () => {
  it('makes minutes of seconds and hours of minutes as the model does', () => {
    const minute = fc.array(second, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(minute, { minLength: 1, maxLength: 5 }), (minutes) => {
        const out = new Float64Array(COARSE_COLUMNS.length);
        const rolled = minutes.map((seconds) => {
          rollUp('1s', columnsOf(seconds, METRICS.length), 0, seconds.length, out);
          const weights = seconds.map((row) => (there(row).length > 0 ? 1 : 0));
          const highs = seconds.map((row) => HIGH_METRICS.map((metric) => row[columnOf(metric)]));
          expect(shown(out)).toEqual(model(seconds, weights, highs));
          return shown(out);
        });
        rollUp('1m', columnsOf(rolled, COARSE_COLUMNS.length), 0, rolled.length, out);
        const weights = rolled.map((row) => row[SAMPLES_COLUMN] ?? 0);
        const highs = rolled.map((row) => HIGH_METRICS.map((metric) => row[highColumnOf('1m', metric)!]));
        expect(shown(out)).toEqual(model(rolled, weights, highs));
      }),
      { numRuns: 200 },
    );
  });

  it('takes only the intervals that it is given', () => {
    const seconds: Row[] = [[1], [2], [3], [4]];
    const out = new Float64Array(COARSE_COLUMNS.length);
    rollUp('1s', columnsOf(seconds, METRICS.length), 1, 3, out);
    expect(shown(out)[0]).toBe(2.5);
    expect(out[SAMPLES_COLUMN]).toBe(2);
  });
});
