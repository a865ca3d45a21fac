// Gaps between successes: the outage that somebody who tries all the time would see. Pure.
import type { Gap } from './types.ts';

/** Longest gap that ended before the fault, and longest one that ended after it; `times` in order. */
export function gapsAround(
  times: readonly number[],
  fault_at: number,
): { readonly before?: Gap; readonly after?: Gap } {
  let [before, after]: [Gap | undefined, Gap | undefined] = [undefined, undefined];
  for (let index = 1; index < times.length; index++) {
    const gap = { from: times[index - 1]!, to: times[index]! };
    if (gap.to < fault_at) before = longer(before, gap);
    else after = longer(after, gap);
  }
  return { ...(before ? { before } : {}), ...(after ? { after } : {}) };
}

function longer(one: Gap | undefined, other: Gap): Gap {
  return one && length_ms(one) >= length_ms(other) ? one : other;
}

function length_ms(gap: Gap): number {
  return gap.to - gap.from;
}

/** What a gap says of an outage: without the time that would have passed anyway. */
export function outage_ms(gap: Gap | undefined, interval_ms: number): number {
  return gap === undefined ? Infinity : Math.max(0, length_ms(gap) - interval_ms);
}

/** Sorted times of several services as one. */
export function merge(lists: readonly (readonly number[])[]): number[] {
  return lists.flat().sort((one, other) => one - other);
}

export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}
