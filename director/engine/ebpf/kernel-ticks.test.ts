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

  it.each([100, 250, 300, 1000])('is not misled on a busy machine: %i Hz', (frequency) => {
    const frequency_hz = BigInt(frequency);
    const tick_ns = (1_000_000_000n + frequency_hz / 2n) / frequency_hz;
    for (let seed = 1; seed <= 200; seed++) {
      let chance = Math.imul(seed, 2_654_435_761) >>> 0;
      const random = () => {
        chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
        return chance / 2 ** 32;
      };
      let now_ns = 5_000_000_000n;
      let shown = 0n;
      let lateUntil_ns = 0n;
      const found = ticksFrom(() => {
        // Kept waiting now and then, for up to three ticks.
        now_ns += random() < 0.01 ? BigInt(Math.floor(random() * 3 * Number(tick_ns))) : 20_000n;
        // The kernel counts late now and then, by up to a tick.
        const ticks = (now_ns + 70_000_123n) / tick_ns;
        if (ticks > shown && now_ns >= lateUntil_ns) {
          if (random() < 0.2 && lateUntil_ns === 0n)
            lateUntil_ns = now_ns + BigInt(Math.floor(random() * Number(tick_ns)));
          else {
            shown = ticks;
            lateUntil_ns = 0n;
          }
        }
        return { ticks: shown, now_ns };
      });
      expect(found.tick_ns).toBe(tick_ns);
      expect(Number(found.began_ns - -70_000_123n)).toBeLessThan(2_000_000);
    }
  });

  it('says so when ticks stand still', () => {
    expect(() => ticksFrom(() => ({ ticks: 7n, now_ns: 1n }))).toThrow(/do not advance/);
  });
});
