import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAmount, runsOf, SPARK_HEIGHT, SPARK_LENGTH, valuesOf } from './spark.ts';

describe('the line of a sparkline', () => {
  it('goes from the highest value at the top to nothing at the bottom, the newest at the right', () => {
    expect(runsOf([0, 5, 10])).toEqual([
      `${SPARK_LENGTH - 3},${SPARK_HEIGHT} ${SPARK_LENGTH - 2},${SPARK_HEIGHT / 2} ${SPARK_LENGTH - 1},0`,
    ]);
  });

  it('has gaps where nothing was sampled, and shows a value that stands alone', () => {
    const runs = runsOf([1, null, 1, 1]);
    expect(runs).toHaveLength(2);
    expect(runs[0]!.split(' ')).toHaveLength(2);
  });

  it('can be taken apart again, about', () => {
    const values = fc.array(fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: null }), {
      minLength: SPARK_LENGTH,
      maxLength: SPARK_LENGTH,
    });
    fc.assert(
      fc.property(values, (given) => {
        const high = Math.max(1, ...given.map((value) => value ?? 0));
        // A value alone is drawn to its neighbour's place, which held none.
        for (const [index, value] of valuesOf(runsOf(given), high).entries())
          if (given[index] !== null)
            expect(Math.abs((value ?? Number.NaN) - given[index]!)).toBeLessThanOrEqual(high / SPARK_HEIGHT);
      }),
    );
  });

  it('reads amounts as they are shown, and nothing else', () => {
    expect(['0', '12.5', '3.4k', '12M', '1G'].map(readAmount)).toEqual([0, 12.5, 3_400, 12e6, 1e9]);
    expect(['', 'x', '1.2.3', '-1', '1e9'].map(readAmount)).toEqual([null, null, null, null, null]);
  });
});
