import { describe, expect, it } from 'vitest';
import { interleave, ratios, Samples } from './samples.ts';

function samples(...values: number[]): Samples {
  const result = new Samples();
  for (const value of values) result.add(value);
  return result;
}

describe('Samples', () => {
  it('knows its least, its greatest and its middle value', () => {
    expect(samples(5, 1, 9)).toMatchObject({ min: 1, max: 9, median: 5, count: 3 });
    expect(samples(4, 1, 3, 2).median).toBe(2.5);
  });

  it('is paired round by round', () => {
    expect(ratios(samples(1, 6), samples(2, 3)).values).toEqual([0.5, 2]);
  });
});

describe('interleave', () => {
  it('measures every case in every round, each round beginning with another one', async () => {
    const order: string[] = [];
    const taken = await interleave(
      3,
      ['a', 'b', 'c'],
      async () => {},
      (one) => order.push(one),
    );
    expect(order.join('')).toBe('abcbcacab');
    expect(taken.get('b')!.values).toEqual([2, 4, 9]);
  });

  it('gives up between two measurements', async () => {
    let left = 2;
    const turn = async () => {
      if (left-- === 0) throw new Error('enough');
    };
    await expect(interleave(9, ['a'], turn, () => 1)).rejects.toThrow('enough');
  });
});
