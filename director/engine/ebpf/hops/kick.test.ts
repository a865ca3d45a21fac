import { describe, expect, it } from 'vitest';
import { NUD } from '../../../native/rtnetlink-codec.ts';
import { type Condition, conditionOf, decideKick, type KickState, STALE_PROBE_MS } from './kick.ts';

/** Plays conditions over time, `[at_ms, condition]`, and returns when what was asked. */
function play(conditions: readonly (readonly [number, Condition])[], end_ms: number): string[] {
  const asked: string[] = [];
  let state: KickState | undefined;
  let due_ms: number | undefined = 0;
  for (let now_ms = 0; now_ms <= end_ms; now_ms += 500) {
    const condition = conditions.findLast(([at_ms]) => at_ms <= now_ms)![1];
    const changed = conditions.some(([at_ms]) => at_ms === now_ms);
    if (!changed && (due_ms === undefined || now_ms < due_ms)) continue; // nobody would look
    const decision = decideKick(state, condition, now_ms);
    if (decision.kick !== undefined) asked.push(`${now_ms} ${decision.kick}`);
    expect(decision.due_ms === undefined || decision.due_ms > now_ms).toBe(true); // no busy loop
    ({ state, due_ms } = decision);
  }
  return asked;
}

describe('a neighbour', () => {
  it('that is missing is asked for at once, then ever more rarely, but always again', () => {
    expect(play([[0, 'missing']], 32_000)).toEqual([
      '0 use',
      '1000 use',
      '3000 use',
      '7000 use',
      '15000 use',
      '23000 use',
      '31000 use',
    ]);
  });

  it('that fails each time is left in peace between attempts', () => {
    const rounds = [
      [0, 'missing'],
      [500, 'asking'],
      [3_500, 'missing'],
      [5_000, 'asking'],
      [8_000, 'missing'],
    ] as const;
    expect(play(rounds, 10_500)).toEqual(['0 use', '4500 use', '10000 use']);
  });

  it('that was known and fails is asked for at once', () => {
    expect(
      play(
        [
          [0, 'resolved'],
          [60_000, 'missing'],
        ],
        60_500,
      ),
    ).toEqual(['60000 use']);
  });

  it('that answers is left alone for ever, and begins anew after', () => {
    const story = [
      [0, 'missing'],
      [500, 'resolved'],
      [90_000, 'missing'],
    ] as const;
    expect(play(story, 91_000)).toEqual(['0 use', '90000 use', '91000 use']);
  });

  it('that went stale is confirmed after a while, and again if it stays so', () => {
    expect(
      play(
        [
          [0, 'resolved'],
          [5_000, 'stale'],
        ],
        26_000,
      ),
    ).toEqual([`${5_000 + STALE_PROBE_MS} probe`, `${5_000 + 2 * STALE_PROBE_MS} probe`]);
  });

  it('whose outcome was never told is asked for again', () => {
    expect(play([[0, 'asking']], 6_000)).toEqual(['5000 use']);
  });
});

describe('conditionOf', () => {
  it('knows every state of the kernel', () => {
    const of = (state: number) =>
      conditionOf({ family: 4, interface_index: 1, address: '10.0.0.1' as never, mac: undefined, state });
    expect(conditionOf(undefined)).toBe('missing');
    expect([NUD.NONE, NUD.FAILED].map(of)).toEqual(['missing', 'missing']);
    expect(of(NUD.INCOMPLETE)).toBe('asking');
    expect(of(NUD.STALE)).toBe('stale');
    const settled = [NUD.REACHABLE, NUD.DELAY, NUD.PROBE, NUD.PERMANENT, NUD.NOARP];
    expect(new Set(settled.map(of))).toEqual(new Set(['resolved']));
  });
});
