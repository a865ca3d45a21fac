import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

const RULE = { burst: 3, refill_ms: 1_000, keys_max: 64 };

describe('a limit of attempts', () => {
  it('lets a few through at once, then one for each interval', () => {
    const limit = new RateLimit(RULE);
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(limit.wait_ms('a', 0)).toBe(0);
      limit.take('a', 0);
    }
    expect(limit.wait_ms('a', 0)).toBe(1_000);
    expect(limit.wait_ms('a', 400)).toBe(600);
    expect(limit.wait_ms('b', 0)).toBe(0);
    expect(limit.wait_ms('a', 1_000)).toBe(0);
    limit.take('a', 1_000);
    expect(limit.wait_ms('a', 1_000)).toBe(1_000);
    expect(limit.wait_ms('a', 9_000)).toBe(0);
  });

  it('never asks to wait longer than for one attempt, however many there were', () => {
    const limit = new RateLimit(RULE);
    for (let attempt = 0; attempt < 1_000; attempt++) limit.take('a', 0);
    expect(limit.wait_ms('a', 0)).toBe(1_000);
  });

  it('forgets an attempt that was none', () => {
    const limit = new RateLimit(RULE);
    for (let attempt = 0; attempt < 3; attempt++) limit.take('a', 0);
    limit.giveBack('a', 0);
    expect(limit.wait_ms('a', 0)).toBe(0);
    for (let time = 0; time < 5; time++) limit.giveBack('a', 0);
    expect(limit.size).toBe(0);
  });

  it('is not confused by a clock that goes backwards', () => {
    const limit = new RateLimit(RULE);
    for (let attempt = 0; attempt < 3; attempt++) limit.take('a', 5_000);
    expect(limit.wait_ms('a', 0)).toBe(1_000);
  });

  it('keeps the key that somebody works on through a flood of others', () => {
    const limit = new RateLimit(RULE);
    for (let attempt = 0; attempt < 3; attempt++) limit.take('target', 0);
    for (let key = 0; key < 100_000; key++) limit.take(`flood ${key}`, 0);
    expect(limit.size).toBeLessThanOrEqual(RULE.keys_max);
    expect(limit.wait_ms('target', 0)).toBe(1_000);
  });

  it('stays within its table and lets no key try more than the rule allows, whatever happens', () => {
    const step = fc.record({ key: fc.nat({ max: 8 }), wait: fc.nat({ max: 700 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const limit = new RateLimit({ ...RULE, keys_max: 16 });
        const done = new Map<number, number>();
        let now = 0;
        for (const { key, wait } of steps) {
          now += wait;
          if (limit.wait_ms(String(key), now) > 0) continue;
          limit.take(String(key), now);
          done.set(key, (done.get(key) ?? 0) + 1);
        }
        expect(limit.size).toBeLessThanOrEqual(16);
        for (const count of done.values())
          expect(count).toBeLessThanOrEqual(RULE.burst + Math.ceil(now / RULE.refill_ms));
      }),
    );
  });
});
