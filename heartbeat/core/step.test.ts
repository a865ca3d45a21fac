import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createState, describe as describeState, type State, step, wakeAt } from './step.ts';
import type { Beat, CoreSettings, Effect, Input } from './types.ts';

const SETTINGS: CoreSettings = {
  node: 'lb1',
  peer: 'lb2',
  priority: 100,
  links: 2,
  interval_ms: 50,
  deadtime_ms: 250,
  initdead_ms: 500,
  failback: 'manual',
  witnesses: false,
  probesVips: false,
};

const BEAT: Beat = {
  director: 'lb2',
  bootId: 7,
  sequence: 1,
  epoch: 0,
  role: 'standby',
  health: 'good',
  hold: false,
  complete: true,
  handover: false,
  asks: false,
  priority: 90,
  revision: 0,
  revisionHash: 0,
  syncPosition: 0,
  heard: [undefined, undefined],
};

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}

/** A director on its own: ticks every interval up to t, and keeps all effects. */
function run(state: State, from: number, to: number): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  for (let t = from; t <= to; t += 50) {
    const done = step(state, { kind: 'tick' }, t);
    state = done.state;
    effects.push(...done.effects);
  }
  return { state, effects };
}

const kinds = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.kind);
const events = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === 'record' ? [effect.event] : []));

const input = (): fc.Arbitrary<Input> => {
  const whole = fc.integer({ min: 0, max: 5 });
  const beat = fc.record({
    director: fc.constantFrom('lb2', 'lb2', 'lb2', 'lb9'),
    bootId: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 1, max: 200 }),
    epoch: fc.constantFrom(0, 1, 2, 3, 0xffff_fffe, 0xffff_ffff),
    role: fc.constantFrom('starting', 'standby', 'active'),
    health: fc.constantFrom('good', 'impaired', 'bad'),
    hold: fc.boolean(),
    complete: fc.boolean(),
    handover: fc.boolean(),
    asks: fc.boolean(),
    priority: fc.integer({ min: 1, max: 255 }),
    revision: whole,
    revisionHash: whole,
    syncPosition: whole,
    heard: fc.array(
      fc.option(
        fc.record({ sequence: fc.integer({ min: 1, max: 300 }), age_ms: fc.integer({ min: 0, max: 2_000 }) }),
        { nil: undefined },
      ),
      { maxLength: 9 },
    ),
  }) as fc.Arbitrary<Beat>;
  const reason = fc.constant('');
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant<Input>({ kind: 'tick' }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('beat' as const),
        link: fc.integer({ min: -1, max: 9 }),
        beat,
      }),
    },
    fc.record({ kind: fc.constant('link' as const), link: whole, up: fc.boolean(), reason }),
    fc.record({
      kind: fc.constant('health' as const),
      health: fc.constantFrom('good' as const, 'impaired' as const, 'bad' as const),
      reason,
    }),
    fc.record({ kind: fc.constant('complete' as const), complete: fc.boolean(), reason }),
    fc.record({ kind: fc.constant('witness' as const), reachable: fc.boolean() }),
    fc.record({
      kind: fc.constant('order' as const),
      id: fc.integer({ min: 1, max: 1_000 }),
      order: fc.constantFrom('switchover' as const, 'hold' as const, 'release' as const),
    }),
    fc.record({ kind: fc.constant('resume' as const), epoch: whole }),
    fc.record({ kind: fc.constant('raised' as const), ok: fc.boolean(), reason }),
    fc.record({ kind: fc.constant('released' as const), ok: fc.boolean(), reason }),
    fc.record({ kind: fc.constant('epoch-stored' as const), epoch: whole, ok: fc.boolean() }),
    fc.record({ kind: fc.constant('fenced' as const), ok: fc.boolean(), reason }),
    fc.constant<Input>({ kind: 'vips-probed' }),
    fc.constant<Input>({ kind: 'vips-probed', holder: '02:00:00:00:00:99' }),
    fc.constant<Input>({ kind: 'claimant', vip: '192.0.2.1', mac: '02:00:00:00:00:99' }),
    fc.record({
      kind: fc.constant('settings' as const),
      settings: fc.record({
        ...Object.fromEntries(Object.entries(SETTINGS).map(([key, value]) => [key, fc.constant(value)])),
        links: fc.integer({ min: 1, max: 8 }),
        deadtime_ms: fc.constantFrom(60, 100, 250, 500),
        failback: fc.constantFrom('manual', 'auto'),
        witnesses: fc.boolean(),
        probesVips: fc.boolean(),
      }) as unknown as fc.Arbitrary<CoreSettings>,
    }),
  );
};

describe('step', () => {
  it('claims alone after initdead, with the lease before the VIPs', () => {
    const { state, effects } = run(createState(SETTINGS, 1, 0, 4), 0, 500);
    expect(state.role).toBe('active');
    expect(state.epoch).toBe(5);
    const claim = effects.findIndex((effect) => effect.kind === 'raise');
    expect(kinds(effects).slice(claim - 3, claim + 1)).toEqual(['record', 'send', 'renew-lease', 'raise']);
    expect(events(effects)).toEqual(['epoch-not-stored', 'takeover']);
  });

  it('reserves the epoch after the known one, and the next when a beat shows a higher one', () => {
    let { state, effects } = step(createState(SETTINGS, 1, 0, 4), { kind: 'tick' }, 0);
    expect(effects).toContainEqual({ kind: 'store-epoch', epoch: 5 });
    ({ state, effects } = step(state, { kind: 'epoch-stored', epoch: 5, ok: true }, 10));
    expect(kinds(effects)).not.toContain('store-epoch');
    const beat = { ...BEAT, role: 'active' as const, epoch: 8 };
    ({ state, effects } = step(state, { kind: 'beat', link: 0, beat }, 20));
    expect(state.role).toBe('standby');
    expect(effects).toContainEqual({ kind: 'store-epoch', epoch: 9 });
  });

  it('goes on with its epoch when the process restarts while the lease is young', () => {
    const { state, effects } = step(createState(SETTINGS, 1, 0, 6), { kind: 'resume', epoch: 5 }, 0);
    expect(state.epoch).toBe(5);
    expect(effects).toContainEqual({ kind: 'raise', epoch: 5 });
    expect(kinds(effects).slice(1, 4)).toEqual(['send', 'renew-lease', 'raise']);
  });

  it('releases instead of resuming when a later claim has been heard', () => {
    const beat = { ...BEAT, role: 'active' as const, epoch: 6 };
    const heard = step(createState(SETTINGS, 1, 0, 6), { kind: 'beat', link: 0, beat }, 0).state;
    const { state, effects } = step(heard, { kind: 'resume', epoch: 5 }, 1);
    expect(state.role).toBe('standby');
    expect(kinds(effects)).toContain('release');
  });

  it('tells when a tick can next matter', () => {
    const beat = { ...BEAT, role: 'active' as const, epoch: 1 };
    let { state } = step(createState(SETTINGS, 1, 0, 0), { kind: 'tick' }, 0);
    ({ state } = step(state, { kind: 'beat', link: 1, beat }, 10));
    for (const t of [50, 100, 150, 200, 250]) ({ state } = step(state, { kind: 'tick' }, t));
    expect(wakeAt(state)).toBe(260);
    expect(step(state, { kind: 'tick' }, 260).state.role).toBe('active');
  });

  it('describes what the status shows', () => {
    const beat = {
      ...BEAT,
      role: 'active' as const,
      epoch: 3,
      heard: [{ sequence: 1, age_ms: 4 }, undefined],
    };
    let { state } = step(createState(SETTINGS, 1, 0, 0), { kind: 'tick' }, 0);
    ({ state } = step(state, { kind: 'beat', link: 1, beat }, 10));
    const shown = describeState(state, 25);
    expect(shown).toMatchObject({ role: 'standby', epoch: 3, hold: false, since_ms: 10 });
    expect(shown.peer).toMatchObject({ name: 'lb2', heard: true, heard_age_ms: 15, role: 'active' });
    expect(shown.links).toEqual([
      { up: true, reason: '', they_heard_age_ms: 19 },
      { up: true, reason: '', heard_age_ms: 15 },
    ]);
  });

  it('keeps its word whatever comes, in any order', () => {
    const inputs = fc.array(fc.tuple(input(), fc.integer({ min: 0, max: 120 })), { maxLength: 80 });
    fc.assert(
      fc.property(inputs, (list) => {
        let state = createState(SETTINGS, 1, 0, 0);
        let now = 0;
        for (const [next, wait_ms] of list) {
          now += wait_ms;
          const before = frozen(state);
          const { state: after, effects } = step(before, frozen(next), now);
          expect(step(structuredClone(before), next, now)).toEqual({
            state: after,
            effects,
          });
          holdsItsWord(next, before, after, effects);
          state = after;
        }
      }),
      { numRuns: 400 },
    );
  });
});

function holdsItsWord(next: Input, before: State, after: State, effects: readonly Effect[]): void {
  for (const [index, effect] of effects.entries()) {
    // A lease is renewed by nothing but a beat that has said so, and by each of those.
    const claims = effect.kind === 'send' && effect.beat.role === 'active' && !effect.beat.asks;
    expect(effects[index + 1]?.kind === 'renew-lease').toBe(claims);
    if (effect.kind === 'send') expect(effect.beat.heard).toHaveLength(after.settings.links);
  }
  if (before.role !== 'active' && after.role === 'active') {
    expect(kinds(effects)).toContain('raise');
    if (before.handover === undefined) expect(after.hold).toBe(false);
  }
  if (before.role === 'active' && after.role !== 'active' && before.handover === undefined)
    expect(kinds(effects)).toContain('release');
  if (next.kind === 'order' && before.handover === undefined && after.handover === undefined)
    expect(effects.filter((effect) => effect.kind === 'order-result')).toHaveLength(1);
  expect(after.epoch).toBeLessThanOrEqual(0xffff_ffff);
  expect(effects.length).toBeLessThan(32);
}
