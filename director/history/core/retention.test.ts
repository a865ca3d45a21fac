import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEVELS, type Level } from '../../model/metric.ts';
import { shapeOf, timeOf } from './levels.ts';
import { planRetention, type StoredBlock } from './retention.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

/** Blocks of a level that end at or before now. */
const blocks = (level: Level, count: number, bytes: number): StoredBlock[] =>
  Array.from({ length: count }, (_, index) => ({
    level,
    block: Math.floor(NOW / shapeOf(level).block_ms) - 1 - index,
    bytes,
  }));
const named = (list: readonly StoredBlock[]): string[] => list.map(({ level, block }) => `${level} ${block}`);
const plenty = { used_bytes: 0, limit_bytes: 1e9 };

describe('retention', () => {
  it('gives up what is older than its level is kept, and nothing else', () => {
    const all = [...blocks('1s', 90, 1), ...blocks('1m', 200, 1), ...blocks('1h', 400, 1)];
    const dropped = planRetention({ blocks: all, now: NOW, ...plenty });
    for (const block of all) {
      const { keep_ms } = shapeOf(block.level);
      const ended = timeOf(shapeOf(block.level), block.block + 1);
      expect(dropped.includes(block)).toBe(ended <= NOW - keep_ms);
    }
    expect(planRetention({ blocks: all, now: undefined, ...plenty })).toEqual([]);
    expect(planRetention({ blocks: all, now: NOW - 400 * 24 * HOUR, ...plenty })).toEqual([]);
  });

  it('makes room from the oldest of the finest level that has more than its share', () => {
    const seconds = blocks('1s', 50, 10);
    const minutes = blocks('1m', 100, 10);
    const dropped = planRetention({
      blocks: [...seconds, ...minutes],
      now: NOW,
      used_bytes: 1_500,
      limit_bytes: 1_400,
    });
    // 0.4 of 1400 x 0.9 is 504: the seconds are within their share, the minutes are not.
    expect(named(dropped)).toEqual(named(minutes.slice(-24).reverse()));
    const fine = planRetention({ blocks: seconds, now: NOW, used_bytes: 500, limit_bytes: 450 });
    expect(named(fine)).toEqual(named(seconds.slice(-10).reverse()));
  });

  it('always gets below the limit, and what is left of a level is its newest', () => {
    const block = fc.record({
      level: fc.constantFrom(...LEVELS),
      block: fc.integer({ min: 0, max: 500 }),
      bytes: fc.integer({ min: 1, max: 1_000 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(block, { maxLength: 300, selector: (each) => `${each.level} ${each.block}` }),
        fc.integer({ min: 1, max: 200_000 }),
        (all, limit_bytes) => {
          const used_bytes = all.reduce((total, { bytes }) => total + bytes, 0);
          const dropped = planRetention({ blocks: all, now: undefined, used_bytes, limit_bytes });
          const left = all.filter((each) => !dropped.includes(each));
          const left_bytes = left.reduce((total, { bytes }) => total + bytes, 0);
          expect(left_bytes).toBeLessThanOrEqual(limit_bytes);
          if (used_bytes <= limit_bytes) expect(dropped).toEqual([]);
          for (const { level } of dropped)
            expect(
              Math.min(...left.filter((each) => each.level === level).map((each) => each.block), Infinity),
            ).toBeGreaterThan(
              Math.max(...dropped.filter((each) => each.level === level).map((each) => each.block)),
            );
        },
      ),
    );
  });
});
