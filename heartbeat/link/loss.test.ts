import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LossWindow } from './loss.ts';

describe('losses', () => {
  it('are counted over the last 1 000 that should have come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 60 }), (steps) => {
        const window = new LossWindow();
        const came: boolean[] = [];
        for (const step of steps) {
          window.arrived(step);
          came.push(...Array.from({ length: step - 1 }, () => false), true);
        }
        const last = came.slice(-1_000);
        const lost = last.filter((one) => !one).length;
        expect(window.lost_permille(0)).toBe(Math.round((1_000 * lost) / last.length));
      }),
    );
  });

  it('are none where what was missed came late, and all when nothing comes any more', () => {
    const window = new LossWindow();
    window.arrived(1);
    window.arrived(3);
    expect(window.lost_permille(0)).toBe(500);
    window.arrivedLate(2);
    window.arrivedLate(2);
    window.arrivedLate(1);
    window.arrivedLate(5_000);
    expect(window.lost_permille(0)).toBe(0);
    expect(window.lost_permille(5_000)).toBe(1_000);
  });
});
