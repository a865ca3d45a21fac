import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEVELS, type Level } from '../../model/metric.ts';
import { SHAPES } from './levels.ts';
import { chooseShape, type Extent, planSeries } from './question.ts';

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const full = new Map<Level, Extent>([
  ['1s', { oldest: NOW - HOUR, newest: NOW }],
  ['1m', { oldest: NOW - 168 * HOUR, newest: NOW }],
  ['1h', { oldest: NOW - 8_760 * HOUR, newest: NOW }],
]);

describe('the level of an answer', () => {
  it.each<[string, number, Level]>([
    ['half an hour', 0.5, '1s'],
    ['an hour', 1, '1s'],
    ['two hours', 2, '1m'],
    ['a week', 168, '1m'],
    ['a month', 720, '1h'],
    ['ten years, which nobody has', 87_600, '1h'],
  ])('for %s is the finest that has it', (_name, hours, level) => {
    expect(chooseShape(NOW - hours * HOUR, full, undefined).level).toBe(level);
  });

  it('is the finest that reaches as far as any, where none has the whole', () => {
    const fresh = new Map<Level, Extent>([
      ['1s', { oldest: NOW - 10 * MINUTE, newest: NOW }],
      ['1m', { oldest: NOW - 10 * MINUTE - 30_000, newest: NOW }],
    ]);
    expect(chooseShape(NOW - 24 * HOUR, fresh, undefined).level).toBe('1s');
    expect(chooseShape(0, new Map(), undefined).level).toBe('1s');
    expect(chooseShape(0, fresh, '1h').level).toBe('1h');
  });
});

describe('the points of an answer', () => {
  it('are no more than asked for, cover the span, and begin at multiples of their length', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SHAPES),
        fc.nat(2 ** 41),
        fc.nat(400 * 24 * HOUR),
        fc.integer({ min: 2, max: 10_000 }),
        (shape, from, span, points) => {
          const to = from + span;
          const plan = planSeries({ subject: 'www', from, to, points }, shape);
          const step_ms = plan.group * shape.step_ms;
          expect(plan.points).toBeLessThanOrEqual(points);
          expect(plan.start).toBeLessThanOrEqual(from);
          expect(plan.start + step_ms).toBeGreaterThan(from);
          expect(plan.start + plan.points * step_ms).toBeGreaterThan(to);
          expect(plan.start % step_ms).toBe(0);
        },
      ),
    );
    expect(LEVELS).toEqual(SHAPES.map(({ level }) => level));
  });

  it('are the intervals themselves where those are few enough', () => {
    const plan = planSeries({ subject: 'www', from: NOW, to: NOW + 59_000, points: 60 }, SHAPES[0]!);
    expect(plan).toEqual({ shape: SHAPES[0], start: NOW, points: 60, group: 1 });
  });
});
