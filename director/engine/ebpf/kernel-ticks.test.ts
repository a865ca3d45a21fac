import { describe, expect, it } from 'vitest';
import { ticksFrom } from './kernel-ticks.ts';

/** A kernel whose tick 0 was at `began_ns`, read every `step_ns`. */
function kernel(tick_ns: bigint, began_ns: bigint, step_ns: bigint) {
  let now_ns = 5_000_000_000n;
  return () => {
    now_ns += step_ns;
    return { ticks: (now_ns - began_ns) / tick_ns, now_ns };
  };
}

describe('ticksFrom', () => {
  it.each([
    [100, 10_000_000n],
    [250, 4_000_000n],
    [300, 3_333_333n],
    [1000, 1_000_000n],
  ])('finds the tick of %i Hz and where it began, though each reading takes a while', (_, tick_ns) => {
    const found = ticksFrom(kernel(tick_ns, -70_000_123n, 30_000n));
    expect(found.tick_ns).toBe(tick_ns);
    expect(Number(found.began_ns - -70_000_123n)).toBeGreaterThanOrEqual(0);
    expect(Number(found.began_ns - -70_000_123n)).toBeLessThanOrEqual(30_000);
  });

  it('says so when ticks stand still', () => {
    expect(() => ticksFrom(() => ({ ticks: 7n, now_ns: 1n }))).toThrow(/do not advance/);
  });
});
