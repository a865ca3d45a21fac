import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.ts';

describe('the histogram', () => {
  it('answers 0 when empty and after being cleared', () => {
    const histogram = new Histogram();
    expect(histogram.quantile(0.99)).toBe(0);
    histogram.record(5);
    histogram.clear();
    expect([histogram.quantile(0.5), histogram.total]).toEqual([0, 0]);
  });

  it('is never too low and at most an eighth too high', () => {
    const value = fc.double({ min: 0.02, max: 400_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.constantFrom(0.01, 0.5, 0.99, 1), (values, part) => {
        const histogram = new Histogram();
        for (const each of values) histogram.record(each);
        const sorted = values.toSorted((one, other) => one - other);
        const exact = sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1]!;
        expect(histogram.quantile(part)).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(histogram.quantile(part)).toBeLessThanOrEqual(exact * 1.126);
      }),
    );
  });

  it('takes impossible and huge durations without failing', () => {
    const histogram = new Histogram();
    for (const each of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]) histogram.record(each);
    expect(histogram.total).toBe(4);
  });
});
