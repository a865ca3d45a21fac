// What holds whatever happens, in whatever order, and however often the process starts again.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { step } from './step.ts';
import { decode, encode } from './stored.ts';
import { Player, SETTINGS, type Sent, START, target } from './support/play.ts';
import { EVENTS_MAX, ITEMS_MAX, LINES_MAX, OUTBOX_MAX, SUBJECT_CHARS_MAX, SUBJECTS_MAX } from './tuning.ts';

type Act =
  | readonly ['wait', number]
  | readonly ['event', string, string, unknown?]
  | readonly ['role', 'active' | 'standby']
  | readonly ['delivery', Player['delivery']]
  | readonly ['restart'];

const servers = ['www/rs1', 'www/rs2', 'www/rs3', 'dns/rs1', 'dns/rs4'];
const event = fc.oneof(
  fc.tuple(
    fc.constant('event' as const),
    fc.constantFrom('server-up', 'server-down'),
    fc.constantFrom(...servers),
  ),
  fc.tuple(
    fc.constant('event' as const),
    fc.constantFrom('service-up', 'service-down', 'service-degraded', 'service-sorry', 'service-unknown'),
    fc.constantFrom('www', 'dns'),
  ),
  fc.tuple(
    fc.constant('event' as const),
    fc.constantFrom(
      ...['peer-silent', 'peer-heard', 'became-active', 'became-standby', 'takeover', 'cut-off'],
      ...['both-active', 'conflict-ended', 'sync-silent', 'sync-up', 'switchover-ordered', 'applied'],
      ...['store-damaged', 'drained', 'reload-refused', 'no-such-kind', 'claimant'],
    ),
    fc.constantFrom('lb1', 'director', 'www/rs1', '10.0.0.100'),
  ),
  fc.tuple(
    fc.constant('event' as const),
    fc.constantFrom('link-up', 'link-down', 'link-heard', 'link-silent'),
    fc.constant('lb1'),
    fc.record({ link: fc.integer({ min: 0, max: 2 }) }),
  ),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: event },
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constant('wait' as const), fc.constantFrom(10, 400, 3_000, 20_000, 400_000)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('role' as const), fc.constantFrom('active' as const, 'standby' as const)),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('restart' as const)) },
);
const troubled: fc.Arbitrary<Act> = fc.oneof(
  { weight: 10, arbitrary: act },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('delivery' as const),
      fc.constantFrom('working' as const, 'failing' as const, 'refusing' as const, 'hanging' as const),
    ),
  },
);

const TARGETS = [
  target(),
  target({ key: 'b', on: ['critical', 'recovery'], group_ms: 30_000, remind_ms: 60_000 }),
  target({ key: 'c', services: ['dns'], group_ms: 0 }),
];

function perform(player: Player, each: Act): void {
  if (each[0] === 'wait') player.until(player.now + each[1]);
  else if (each[0] === 'event') player.event(each[1], each[2], 'so', each[3]);
  else if (each[0] === 'delivery') player.delivery = each[1];
  else if (each[0] === 'restart') {
    const { settings } = player.state;
    player.state = decode(JSON.parse(JSON.stringify(encode(player.state))), player.now)!;
    player.input({ kind: 'settings', settings: settings! });
  } else
    player.input({
      kind: 'facts',
      facts: { at: player.now, role: each[1], because: 'so it is', news: [], complete: [] },
    });
}

function run(acts: readonly Act[]): Player {
  const player = new Player({ peer: 'lb2', targets: TARGETS });
  for (const each of acts) perform(player, each);
  return player;
}

/** Subjects whose last word was a bad one. */
function badInTheEnd(sent: readonly Sent[]): string[] {
  const bad = new Set<string>();
  for (const item of sent
    .filter(({ message }) => message.kind !== 'reminder')
    .flatMap((each) => each.message.items)) {
    const blip = item.severity === 'warning' && /^(?:up|heard|claimed by one)$/.test(item.state);
    if (item.severity === 'recovery' || blip) bad.delete(item.subject);
    else bad.add(item.subject);
  }
  return [...bad];
}

const causeOf = ({ message }: Sent): string => (message.kind === 'takeover' ? 'pair' : message.kind);

it('two messages for one cause are never made within one window', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const { sent } = run(acts);
      for (const { key, group_ms } of TARGETS) {
        const made = new Map<string, number>();
        for (const each of sent) {
          if (each.target !== key || /^(?:digest|reminder)$/.test(each.message.kind)) continue;
          const before = made.get(causeOf(each));
          if (before !== undefined) expect(each.message.at - before).toBeGreaterThanOrEqual(group_ms);
          made.set(causeOf(each), each.message.at);
        }
      }
    }),
    { numRuns: 150 },
  );
});

it('what was told as bad is told as over in the end, or is still bad', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 100 }), (acts) => {
      // Of one director that stays active: whoever stands by leaves servers to the other one.
      const player = new Player({ targets: TARGETS });
      perform(player, ['role', 'active']);
      for (const each of acts)
        if (each[0] !== 'role' && !(each[0] === 'event' && each[1].startsWith('became-')))
          perform(player, each);
      player.until(player.now + 4 * 3_600_000);
      const open = new Set(
        [...player.state.subjects.values()].filter(({ level }) => level !== 'ok').map(({ name }) => name),
      );
      for (const { key } of TARGETS) {
        const sent = player.sent.filter((each) => each.target === key);
        // A digest names subjects, not items.
        if (sent.some(({ message }) => message.kind === 'digest')) continue;
        expect(badInTheEnd(sent).filter((name) => !open.has(name))).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
});

it('everything is bounded, whatever becomes of deliveries', () => {
  fc.assert(
    fc.property(fc.array(troubled, { maxLength: 150 }), (acts) => {
      const player = run(acts);
      for (const each of player.state.targets.values()) {
        expect(each.outbox.length).toBeLessThanOrEqual(OUTBOX_MAX);
        expect(each.windows.size).toBeLessThanOrEqual(6);
      }
      for (const { message } of player.sent) {
        expect(message.lines.length).toBeLessThanOrEqual(LINES_MAX);
        expect(message.items.length).toBeLessThanOrEqual(ITEMS_MAX);
        expect(message.events.length).toBeLessThanOrEqual(EVENTS_MAX);
        expect(message.subject.length).toBeLessThanOrEqual(SUBJECT_CHARS_MAX);
        expect(message.subject).not.toBe('');
      }
    }),
    { numRuns: 100 },
  );
});

it('no message is made twice, and ids stay unique over restarts', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const ids = run(acts).sent.map(({ target: to, message }) => `${to} ${message.id}`);
      expect(new Set(ids).size).toBe(ids.length);
    }),
    { numRuns: 100 },
  );
});

it('a restart in between changes nothing of what is told', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
      const told = (player: Player) => player.sent.map(({ at_ms, message }) => [at_ms, message]);
      expect(told(run(acts))).toEqual(told(run(acts.filter(([kind]) => kind !== 'restart'))));
    }),
    { numRuns: 100 },
  );
});

it('a step leaves the state before as it was, and gives the same again', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.array(event, { maxLength: 5 }), (acts, more) => {
      const { state } = run(acts);
      const before = JSON.stringify(encode(state));
      const events = more.map(([, kind, subject], index) => ({
        ...{ id: state.position + index + 1, at: state.now, kind, subject, reason: 'so' },
      }));
      const once = step(state, { kind: 'events', events }, state.now + 10);
      const twice = step(state, { kind: 'events', events }, state.now + 10);
      expect(JSON.stringify(encode(state))).toBe(before);
      expect(encode(twice.state)).toEqual(encode(once.state));
      expect(twice.effects).toEqual(once.effects);
    }),
    { numRuns: 100 },
  );
});

it('more servers than can be remembered are counted', () => {
  const player = new Player({
    services: [
      {
        name: 'www',
        servers: Array.from({ length: 6_000 }, (_, n) => ({
          name: `rs${n}`,
          address: `10.1.${n >> 8}.${n & 255}`,
        })),
      },
    ],
  });
  player.input({
    kind: 'facts',
    facts: { at: START, role: 'active', because: '', news: [], complete: [] },
  });
  player.input({
    kind: 'events',
    events: Array.from({ length: 6_000 }, (_, n) => ({
      ...{ id: n + 1, at: START, kind: 'server-down', subject: `www/rs${n}`, reason: 'timeout' },
    })),
  });
  player.until(START + 10_000);
  expect(player.state.subjects.size).toBe(SUBJECTS_MAX);
  expect(player.state.untracked).toBe(6_000 - SUBJECTS_MAX);
  expect(player.sent.map(({ message }) => message.subject)).toEqual([
    '4096 of 6000 real servers are down since 12:00:00 UTC; all in www',
  ]);
});

it('any JSON in place of a state is none, or is one that can be gone on with', () => {
  const good = encode(
    run([
      ['role', 'active'],
      ['event', 'server-down', 'www/rs1'],
    ]).state,
  ) as Record<string, unknown>;
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(good)), fc.jsonValue(), (key, value) => {
      const state = decode({ ...good, [key]: value }, START);
      if (state !== undefined) step(state, { kind: 'settings', settings: SETTINGS }, START + 60_000);
      expect(decode(value, START)).toBeUndefined();
    }),
  );
});

it('after the clock was put back nothing waits for the time that was', () => {
  const player = run([
    ['role', 'active'],
    ['event', 'service-down', 'www'],
  ]);
  const state = decode(encode(player.state), START - 86_400_000)!;
  const settings = { ...SETTINGS, targets: TARGETS };
  const { effects } = step(state, { kind: 'settings', settings }, START - 86_400_000);
  expect(effects.map(({ message }) => message.subject)).toEqual(['www is down: so', 'www is down: so']);
});
