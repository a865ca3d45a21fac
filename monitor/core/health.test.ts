import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginHealth, type HealthState, isUndecided, step } from './health.ts';

const rule = { rise: 2, fall: 3 };

/** Plays outcomes (+ and -) one second apart and tells what the health was after each: u, U, D. */
function play(outcomes: string, from: HealthState = beginHealth(0), using = rule): string {
  let state = from;
  let now_ms = from.since_ms;
  return [...outcomes]
    .map((outcome) => {
      now_ms += 1000;
      state = step(state, outcome === '+', using, now_ms).state;
      return state.health === 'unknown' ? 'u' : state.health === 'up' ? 'U' : 'D';
    })
    .join('');
}

describe('rise and fall', () => {
  it('takes an unknown server for up at its first success', () => expect(play('+')).toBe('U'));
  it('takes an unknown server for down only after fall failures', () => expect(play('---')).toBe('uuD'));
  it('lets a success decide for an unknown server that failed before', () => expect(play('--+')).toBe('uuU'));
  it('takes a server down after fall failures in a row', () => expect(play('+---')).toBe('UUUD'));
  it('forgets failures at a success', () => expect(play('+--+--+---')).toBe('UUUUUUUUUD'));
  it('brings a server back after rise successes in a row', () => expect(play('---++')).toBe('uuDDU'));
  it('forgets successes at a failure', () => expect(play('---+-+-++')).toBe('uuDDDDDDU'));
  it('goes on from a health that is known', () => {
    expect(play('--', beginHealth(0, 'up'))).toBe('UU');
    expect(play('+', beginHealth(0, 'down'))).toBe('D');
  });

  it('says what changed and how long the former health lasted', () => {
    const down = beginHealth(1000, 'down');
    const once = step(down, true, rule, 2000);
    expect(once.change).toBeUndefined();
    expect(step(once.state, true, rule, 3500).change).toEqual({ from: 'down', to: 'up', lasted_ms: 2500 });
  });

  it('is undecided exactly while unknown or while outcomes speak against the present health', () => {
    const up = step(beginHealth(0), true, rule, 1).state;
    const doubtful = step(up, false, rule, 2).state;
    expect([beginHealth(0), up, doubtful, step(doubtful, true, rule, 3).state].map(isUndecided)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('never leaves up without fall failures in a row, nor down without rise successes, for any outcomes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 200 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (outcomes, rise, fall) => {
          let state = beginHealth(0);
          const seen: boolean[] = [];
          for (const ok of outcomes) {
            seen.push(ok);
            const { state: next, change } = step(state, ok, { rise, fall }, seen.length);
            expect(change !== undefined).toBe(next.health !== state.health);
            if (change?.to === 'down') expect(seen.slice(-fall)).toEqual(Array(fall).fill(false));
            if (change?.to === 'up' && change.from === 'down')
              expect(seen.slice(-rise)).toEqual(Array(rise).fill(true));
            state = next;
          }
        },
      ),
    );
  });
});
