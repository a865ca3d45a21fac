import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Numbers } from './numbers.ts';

const takeAll = (numbers: Numbers): number[] => {
  const taken: number[] = [];
  for (let number = numbers.take(); number !== undefined; number = numbers.take()) taken.push(number);
  return taken;
};

describe('numbers of records', () => {
  it('are given out from 0 up to the limit, and then no more', () => {
    expect(takeAll(new Numbers(3))).toEqual([0, 1, 2]);
    expect(new Numbers(0).take()).toBeUndefined();
  });

  it('rest after they were given back, until the next turn', () => {
    const numbers = new Numbers(2);
    numbers.take();
    numbers.take();
    numbers.give(0);
    expect(numbers.take()).toBeUndefined();
    numbers.turn();
    expect(numbers.take()).toBe(0);
    expect(numbers.take()).toBeUndefined();
  });

  it('fill the gaps of an earlier process, lowest first, before they go beyond', () => {
    const numbers = new Numbers(7);
    numbers.adopt([5, 1, 3]);
    expect(takeAll(numbers)).toEqual([0, 2, 4, 6]);
  });

  it('begin at 0 when an earlier process left none', () => {
    const numbers = new Numbers(2);
    numbers.adopt([]);
    expect(takeAll(numbers)).toEqual([0, 1]);
  });

  it('are never held twice and never lost, whatever is taken and given back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.uniqueArray(fc.nat(19)),
        fc.array(fc.constantFrom('take' as const, 'give' as const, 'turn' as const)),
        (limit, adopted, actions) => {
          const numbers = new Numbers(limit);
          const held = new Set(adopted.filter((number) => number < limit));
          numbers.adopt([...held]);
          for (const action of actions) {
            if (action === 'turn') numbers.turn();
            if (action === 'give') {
              const [number] = held;
              if (number === undefined) continue;
              held.delete(number);
              numbers.give(number);
            }
            if (action === 'take') {
              const number = numbers.take();
              if (number === undefined) continue;
              expect(held.has(number)).toBe(false);
              expect(number).toBeLessThan(limit);
              held.add(number);
            }
          }
          numbers.turn();
          expect(takeAll(numbers).length + held.size).toBe(limit);
        },
      ),
    );
  });
});
