import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEDULERS, type SchedulerName } from '../model/service.ts';
import { choose, clampPosition, type Member, type Position, START } from './scheduler.ts';

const idle = (weights: readonly number[]): Member[] =>
  weights.map((weight) => ({ weight, active: 0, inactive: 0 }));

/** The members chosen in `count` turns, as letters; `-` for none. */
function turns(
  name: SchedulerName,
  weights: readonly number[],
  count: number,
  from: Position = START,
): string {
  let position = from;
  let text = '';
  for (let turn = 0; turn < count; turn++) {
    const choice = choose(name, idle(weights), position);
    position = choice.position;
    text += choice.index === undefined ? '-' : String.fromCharCode(65 + choice.index);
  }
  return text;
}

describe('round robin', () => {
  it('goes round and skips members with weight 0', () => {
    expect(turns('rr', [1, 1, 1], 7)).toBe('ABCABCA');
    expect(turns('rr', [1, 0, 9], 5)).toBe('ACACA');
  });

  it('takes the only member again and again', () => expect(turns('rr', [0, 3], 3)).toBe('BBB'));
});

describe('weighted round robin', () => {
  it('gives the known sequences', () => {
    expect(turns('wrr', [4, 3, 2], 18)).toBe('AABABCABCAABABCABC');
    expect(turns('wrr', [1, 1, 1], 6)).toBe('ABCABC');
    expect(turns('wrr', [200, 100], 6)).toBe('AABAAB');
    expect(turns('wrr', [0, 2, 1], 6)).toBe('BBCBBC');
  });

  it('never takes a member with weight 0, even when the bar fell to 0 while all weights were 0', () => {
    // C passes under the bar at 0; then the bar returns to 5 and falls by 1 a round.
    expect(turns('wrr', [5, 0, 3], 8, { index: 0, current_weight: 0 })).toBe('CAAACACA');
  });

  it('gives each member its share over a period, from wherever the rotation stands', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(weights, fc.nat(40), (list, before) => {
        const total = list.reduce((sum, weight) => sum + weight, 0);
        // A period is the sum of weights divided by their common divisor; the sum itself is whole periods.
        const sequence = turns('wrr', list, before + total)
          .slice(before)
          .replaceAll('-', '');
        for (const [index, weight] of list.entries())
          expect(sequence.split(String.fromCharCode(65 + index)).length - 1).toBe(weight);
        expect(sequence.length).toBe(total);
      }),
    );
  });

  it('chooses none when all weights are 0', () => expect(turns('wrr', [0, 0], 3)).toBe('---'));
});

describe('least connections', () => {
  const loaded = (...members: [weight: number, active: number, inactive: number][]): Member[] =>
    members.map(([weight, active, inactive]) => ({ weight, active, inactive }));

  it('counts an active connection as 256 inactive ones', () => {
    expect(choose('lc', loaded([1, 1, 0], [1, 0, 255]), START).index).toBe(1);
    expect(choose('lc', loaded([1, 1, 0], [1, 0, 257]), START).index).toBe(0);
  });

  it('prefers the earlier member on a tie', () => {
    expect(choose('lc', loaded([1, 1, 0], [1, 0, 256]), START).index).toBe(0);
    expect(choose('wlc', loaded([1, 2, 0], [2, 4, 0]), START).index).toBe(0);
    expect(choose('wlc', loaded([0, 0, 0], [1, 9, 9], [1, 9, 9]), START).index).toBe(1);
  });

  it('weighs load by weight only for wlc', () => {
    const members = loaded([10, 5, 0], [1, 1, 0]);
    expect(choose('lc', members, START).index).toBe(1);
    expect(choose('wlc', members, START).index).toBe(0);
  });

  it('settles at shares proportional to weights while connections only arrive', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(weights, (list) => {
        const active = list.map(() => 0);
        const total = list.reduce((sum, weight) => sum + weight, 0);
        for (let turn = 0; turn < total; turn++) {
          const members = list.map((weight, index) => ({ weight, active: active[index]!, inactive: 0 }));
          const { index } = choose('wlc', members, START);
          active[index!] = active[index!]! + 1;
        }
        expect(active).toEqual(list);
      }),
    );
  });
});

describe('every scheduler', () => {
  const member = fc.record({ weight: fc.nat(6), active: fc.nat(40), inactive: fc.nat(900) });
  const place = fc.record({ index: fc.integer({ min: -1, max: 9 }), current_weight: fc.nat(9) });

  it('takes a member with weight above 0 exactly when there is one, from any position within the members', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SCHEDULERS),
        fc.array(member, { maxLength: 8 }),
        place,
        (name, members, at) => {
          const position = clampPosition(at, members);
          const choice = choose(name, members, position);
          if (members.some(({ weight }) => weight > 0))
            expect(members[choice.index!]!.weight).toBeGreaterThan(0);
          else expect(choice).toEqual({ index: undefined, position });
        },
      ),
    );
  });

  it('leaves its arguments alone and decides alike when asked twice', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SCHEDULERS),
        fc.array(member, { maxLength: 8 }),
        place,
        (name, members, at) => {
          const position = Object.freeze(clampPosition(at, members));
          expect(choose(name, Object.freeze(members), position)).toEqual(choose(name, members, position));
        },
      ),
    );
  });
});

describe('clampPosition', () => {
  it('keeps the rotation inside the members and under the greatest weight', () => {
    expect(clampPosition({ index: 2, current_weight: 4 }, idle([3, 1]))).toEqual({
      index: 1,
      current_weight: 3,
    });
    expect(clampPosition({ index: 0, current_weight: 2 }, idle([3, 1]))).toEqual({
      index: 0,
      current_weight: 2,
    });
    expect(clampPosition({ index: 3, current_weight: 4 }, [])).toEqual({ index: -1, current_weight: 0 });
  });
});
