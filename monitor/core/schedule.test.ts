import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Schedule } from './schedule.ts';

const steady = { interval_ms: 1000, jitter: 0 };

/** Random numbers that come out as told, then 0. */
function told(...values: number[]): () => number {
  return () => values.shift() ?? 0;
}

function open(random: () => number = () => 0, inFlight_max = 100): Schedule<string> {
  return new Schedule<string>({ inFlight_max, random });
}

describe('the schedule', () => {
  it('spreads first starts over the interval', () => {
    const schedule = open(told(0.25, 0, 0.75, 0));
    const early = schedule.add('early', steady, 5000);
    const late = schedule.add('late', steady, 5000);
    expect([early.planned_ms, late.planned_ms]).toEqual([5250, 5750]);
    expect(schedule.next_ms()).toBe(5250);
    expect(schedule.take(5249)).toBeUndefined();
    expect(schedule.take(5260)).toEqual({ entry: early, late_ms: 10 });
  });

  it('does not drift, however late a probe starts or ends', () => {
    const schedule = open(told(0.5));
    const entry = schedule.add('a', steady, 0);
    for (const [start, end, next] of [
      [507, 560, 1500],
      [1501, 2499, 2500],
      [2530, 2531, 3500],
    ] as const) {
      expect(schedule.take(start)?.entry).toBe(entry);
      schedule.finished(entry, 1000, end);
      expect(schedule.next_ms()).toBe(next);
    }
  });

  it('skips starts that were missed instead of making up for them', () => {
    const schedule = open(told(0.5));
    const entry = schedule.add('a', steady, 0);
    schedule.take(500);
    schedule.finished(entry, 1000, 4700);
    expect(schedule.next_ms()).toBe(5500);
  });

  it('never has two probes of one nanny under way', () => {
    const schedule = open();
    const entry = schedule.add('a', steady, 0);
    expect(schedule.take(1000)?.entry).toBe(entry);
    schedule.hurry(entry, 9000);
    expect(schedule.take(10_000)).toBeUndefined();
    expect(schedule.next_ms()).toBeUndefined();
  });

  it('bounds the probes under way and starts the rest late', () => {
    const schedule = open(() => 0, 2);
    const [a] = ['a', 'b', 'c'].map((name) => schedule.add(name, steady, 0));
    expect([schedule.take(1000), schedule.take(1000)].map((start) => start?.late_ms)).toEqual([0, 0]);
    expect(schedule.take(1000)).toBeUndefined();
    expect(schedule.next_ms()).toBeUndefined();
    schedule.finished(a!, 1000, 1300);
    expect(schedule.take(1300)?.late_ms).toBe(300);
  });

  it('counts a shorter interval from the last start and returns to its phase for a longer one', () => {
    const schedule = open(told(0.5));
    const entry = schedule.add('a', steady, 0);
    schedule.take(500);
    schedule.finished(entry, 200, 510);
    expect(schedule.next_ms()).toBe(700);
    schedule.take(700);
    schedule.finished(entry, 1000, 710);
    expect(schedule.next_ms()).toBe(1500);
  });

  it('keeps nannies apart that all were probed fast at the same time', () => {
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed / 0x7fffffff;
    };
    const schedule = new Schedule<number>({ inFlight_max: 10_000, random });
    for (let index = 0; index < 1000; index++) schedule.add(index, { interval_ms: 10, jitter: 0 }, 0);
    for (let start = schedule.take(10); start; start = schedule.take(10)) {
      schedule.finished(start.entry, 10_000, 10);
    }
    const perSecond = Array.from({ length: 10 }, (_, second) => {
      let count = 0;
      while (schedule.take((second + 1) * 1000 + 10)) count++;
      return count;
    });
    expect(Math.max(...perSecond)).toBeLessThan(150);
    expect(perSecond.reduce((sum, count) => sum + count)).toBe(1000);
  });

  it('starts at once when hurried and leaves the grid as it was', () => {
    const schedule = open(told(0.5));
    const entry = schedule.add('a', steady, 0);
    schedule.hurry(entry, 100);
    expect(schedule.take(100)?.late_ms).toBe(0);
    schedule.finished(entry, 1000, 110);
    expect(schedule.next_ms()).toBe(500);
  });

  it('frees the place of a nanny that is removed during its probe', () => {
    const schedule = open(() => 0, 1);
    const entry = schedule.add('a', steady, 0);
    schedule.take(1000);
    schedule.remove(entry);
    expect(schedule.inFlight).toBe(1);
    schedule.finished(entry, 1000, 1100);
    expect(schedule.inFlight).toBe(0);
    expect(schedule.next_ms()).toBeUndefined();
  });

  it('scatters each start by no more than its jitter', () => {
    const schedule = open(told(0, 0.5, 0.999));
    const entry = schedule.add('a', { interval_ms: 1000, jitter: 0.1 }, 0);
    expect(entry.planned_ms).toBe(1050);
    schedule.take(1050);
    schedule.finished(entry, 1000, 1060);
    expect(schedule.next_ms()).toBeCloseTo(2099.9);
  });

  it('takes entries in the order of their planned start after any adds and removals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 60 }),
        fc.nat(),
        (phases, pick) => {
          const schedule = open(told(...phases.flatMap((phase) => [phase, 0])));
          const entries = phases.map((_, index) => schedule.add(String(index), steady, 0));
          const removed = entries.filter((_, index) => (index * 7 + pick) % 3 === 0);
          for (const entry of removed) schedule.remove(entry);
          const taken: number[] = [];
          for (let start = schedule.take(5000); start; start = schedule.take(5000))
            taken.push(start.entry.planned_ms);
          expect(taken).toEqual(taken.toSorted((one, other) => one - other));
          expect(taken.length).toBe(entries.length - removed.length);
        },
      ),
    );
  });
});
