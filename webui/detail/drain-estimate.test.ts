import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateEmpty, type Left, WINDOW_MS } from './drain-estimate.ts';

const NOW = 1_790_000_000_000;

/** Once a second for two minutes, until now. */
const watched = (left: (ago_s: number) => number, seconds = 120): Left[] =>
  Array.from({ length: seconds + 1 }, (_, index) => {
    const ago_s = seconds - index;
    return { at: NOW - ago_s * 1_000, left: left(ago_s) };
  });
const ahead_s = (samples: readonly Left[]): number => {
  const estimate = estimateEmpty(samples, NOW);
  expect(estimate.kind).toBe('at');
  return estimate.kind === 'at' ? (estimate.at - NOW) / 1_000 : Number.NaN;
};

describe('when a drained server will be empty', () => {
  it('is told from a steady decline', () => {
    const steady = fc
      .record({ left: fc.integer({ min: 20, max: 100_000 }), last_s: fc.integer({ min: 30, max: 3_000 }) })
      // What falls by less than two in two minutes is honestly not known.
      .filter(({ left, last_s }) => (left / last_s) * 120 >= 2);
    fc.assert(
      fc.property(steady, ({ left, last_s }) => {
        const samples = watched((ago_s) => left + (left / last_s) * ago_s);
        expect(Math.abs(ahead_s(samples) - last_s)).toBeLessThan(last_s * 0.02 + 2);
      }),
    );
  });

  it('is told from a decline by a share, until less than one is left', () => {
    const shares = fc.record({
      left: fc.integer({ min: 20, max: 100_000 }),
      half_s: fc.integer({ min: 10, max: 600 }),
    });
    fc.assert(
      fc.property(shares, ({ left, half_s }) => {
        const samples = watched((ago_s) => left * 2 ** (ago_s / half_s));
        const truth_s = half_s * Math.log2(left / 0.5);
        expect(Math.abs(ahead_s(samples) - truth_s)).toBeLessThan(truth_s * 0.05 + 2);
        expect(estimateEmpty(samples, NOW)).toMatchObject({ by: 'share' });
      }),
    );
  });

  it('is not far off when connections are whole and the decline is ragged', () => {
    const ragged = watched((ago_s) => Math.round(300 + 2 * ago_s) + (ago_s % 3));
    expect(ahead_s(ragged)).toBeGreaterThan(100);
    expect(ahead_s(ragged)).toBeLessThan(300);
  });

  it('is not told while it does not decline', () => {
    const growths = fc.record({
      left: fc.integer({ min: 1, max: 100_000 }),
      growth: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(growths, ({ left, growth }) => {
        const estimate = estimateEmpty(
          watched((ago_s) => left + growth * (120 - ago_s)),
          NOW,
        );
        expect(estimate).toMatchObject({ kind: 'unknown' });
      }),
    );
    expect(
      estimateEmpty(
        watched((ago_s) => 50 + (ago_s % 7)),
        NOW,
      ).kind,
    ).toBe('unknown');
    expect(
      estimateEmpty(
        watched((ago_s) => 1_000_000 + ago_s / 60),
        NOW,
      ).kind,
    ).toBe('unknown');
  });

  it('is not told of what has hardly been watched, or long ago', () => {
    expect(estimateEmpty([], NOW).kind).toBe('unknown');
    expect(
      estimateEmpty(
        watched((ago_s) => 10 + ago_s, 6),
        NOW,
      ).kind,
    ).toBe('unknown');
    const old = watched((ago_s) => 10 + ago_s).map(({ at, left }) => ({ at: at - 2 * WINDOW_MS, left }));
    expect(estimateEmpty(old, NOW).kind).toBe('unknown');
  });

  it('is now once nothing is left', () => {
    expect(
      estimateEmpty(
        watched((ago_s) => ago_s),
        NOW,
      ),
    ).toEqual({ kind: 'empty' });
    expect(estimateEmpty([{ at: NOW, left: 0 }], NOW)).toEqual({ kind: 'empty' });
  });

  it('never lies in the past and never is no number, whatever was sampled', () => {
    const sample = fc.record({
      at: fc.oneof(fc.integer({ min: NOW - 200_000, max: NOW + 10_000 }), fc.double()),
      left: fc.oneof(fc.nat(), fc.double(), fc.constant(Number.NaN)),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 150 }), (samples) => {
        const estimate = estimateEmpty(samples, NOW);
        if (estimate.kind === 'at') expect(estimate.at).toBeGreaterThan(NOW);
      }),
      { numRuns: 500 },
    );
  });

  it('moves with the time', () => {
    const samples = watched((ago_s) => 100 + ago_s);
    const later = samples.map(({ at, left }) => ({ at: at + 5_000_000, left }));
    expect(estimateEmpty(later, NOW + 5_000_000)).toEqual({
      ...estimateEmpty(samples, NOW),
      at: NOW + 5_000_000 + Math.round(ahead_s(samples) * 1_000),
    });
  });
});
