import { expect, it } from 'vitest';
import { gapsAround, merge, outage_ms, quantile } from './gaps.ts';

it('finds the longest gap on each side of the fault; one that contains it is after', () => {
  expect(gapsAround([0, 10, 25, 35, 335, 345], 40)).toEqual({
    before: { from: 10, to: 25 },
    after: { from: 35, to: 335 },
  });
});

it('takes off what would have passed anyway', () => {
  expect(outage_ms({ from: 35, to: 335 }, 10)).toBe(290);
  expect(outage_ms({ from: 35, to: 40 }, 10)).toBe(0);
});

it('is an endless outage where nothing succeeded', () => {
  expect(gapsAround([5], 40)).toEqual({});
  expect(outage_ms(undefined, 10)).toBe(Infinity);
});

it('merges several services into one', () => {
  expect(merge([[1, 4], [2, 3], []])).toEqual([1, 2, 3, 4]);
});

it('takes quantiles of what there is', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([3, 1, 2], 0.99)).toBe(3);
  expect(quantile([], 0.5)).toBe(0);
});
