// The words of a scenario, line by line: given (settings), at (what happens), expect (what must hold), until (the end).
// Guarantees: a line that is not understood is an error with its number; nothing is skipped.
import type { CoreSettings, Health, OrderKind, Role } from '../../heartbeat/core/types.ts';
import { NAMES, type Side } from '../simulate/schedule.ts';

export type Action =
  | { readonly kind: 'starts' | 'crashes' | 'power' | 'freeze' | 'thaw'; readonly side: Side }
  | {
      readonly kind: 'cut' | 'heal';
      readonly link: number | 'all';
      readonly direction: Side | 'both';
    }
  | { readonly kind: 'health'; readonly side: Side; readonly health: Health }
  | { readonly kind: 'order'; readonly side: Side; readonly order: OrderKind }
  | { readonly kind: 'able'; readonly side: Side; readonly what: Ability; readonly able: boolean };
export type Ability = 'witness' | 'complete' | 'raise' | 'disk';

export type Expectation =
  | { readonly kind: 'role'; readonly side: Side; readonly role: Role; readonly by_ms: number }
  | {
      readonly kind: 'stays';
      readonly side: Side;
      readonly role: Role;
      readonly from_ms: number;
      readonly to_ms: number;
    }
  | { readonly kind: 'never'; readonly side: Side; readonly role: Role }
  | { readonly kind: 'one-owner' }
  | { readonly kind: 'gap'; readonly after_ms: number; readonly most_ms: number }
  | { readonly kind: 'record'; readonly side: Side; readonly event: string; readonly times?: number }
  | { readonly kind: 'answer'; readonly side: Side; readonly answer: string }
  | { readonly kind: 'announces'; readonly side: Side; readonly after_ms: number }
  | { readonly kind: 'agree' };

export interface Scenario {
  readonly settings: Omit<CoreSettings, 'node' | 'peer' | 'priority'>;
  readonly priorities: readonly [number, number];
  readonly actions: readonly { readonly at_ms: number; readonly action: Action; readonly line: number }[];
  readonly expectations: readonly {
    readonly expect: Expectation;
    readonly line: number;
    readonly text: string;
  }[];
  readonly until_ms: number;
}

const TIME = /^(\d+(?:\.\d+)?)(ms|s)$/;

function time_ms(text: string): number {
  const match = TIME.exec(text);
  if (match === null) throw new Error(`${text} is no time, such as 250ms or 2.5s`);
  return Number(match[1]) * (match[2] === 's' ? 1_000 : 1);
}

function sideOf(name: string): Side {
  if (name === NAMES[0]) return 0;
  if (name === NAMES[1]) return 1;
  throw new Error(`${name} is neither ${NAMES[0]} nor ${NAMES[1]}`);
}

type Reader<T> = readonly [RegExp, (...words: string[]) => T];

function read<T>(text: string, readers: readonly Reader<T>[]): T {
  for (const [pattern, make] of readers) {
    const match = pattern.exec(text);
    if (match !== null) return make(...match.slice(1).map((word) => word ?? ''));
  }
  throw new Error(`not understood: ${text}`);
}

const direction = (from: string): Side | 'both' => (from === '' ? 'both' : sideOf(from));
const link = (word: string): number | 'all' => (word === '' ? 'all' : Number(word) - 1);
const able = (side: string, what: Ability, yes: boolean): Action => ({
  kind: 'able',
  side: sideOf(side),
  what,
  able: yes,
});

const ACTIONS: readonly Reader<Action>[] = [
  [/^(\w+) (starts|crashes)$/, (side, kind) => ({ kind: kind as 'starts', side: sideOf(side ?? '') })],
  [/^(\w+) loses power$/, (side) => ({ kind: 'power', side: sideOf(side ?? '') })],
  [/^(freeze|thaw) (\w+)$/, (kind, side) => ({ kind: kind as 'freeze', side: sideOf(side ?? '') })],
  [
    /^(cut|heal) (?:all links|link (\d))(?: from (\w+) to \w+)?$/,
    (kind, which, from) => ({
      kind: kind as 'cut',
      link: link(which ?? ''),
      direction: direction(from ?? ''),
    }),
  ],
  [
    /^(\w+) is in (good|impaired|bad) health$/,
    (side, health) => ({ kind: 'health', side: sideOf(side ?? ''), health: health as Health }),
  ],
  [
    /^order (\w+) (switchover|hold|release)$/,
    (side, order) => ({ kind: 'order', side: sideOf(side ?? ''), order: order as OrderKind }),
  ],
  [/^(\w+) (loses|finds) its witness$/, (side, verb) => able(side ?? '', 'witness', verb === 'finds')],
  [/^(\w+) is (complete|incomplete)$/, (side, state) => able(side ?? '', 'complete', state === 'complete')],
  [/^(\w+) (can|cannot) raise VIPs$/, (side, verb) => able(side ?? '', 'raise', verb === 'can')],
  [/^the disk of (\w+) (works|fails)$/, (side, verb) => able(side ?? '', 'disk', verb === 'works')],
];

const EXPECTATIONS: readonly Reader<Expectation>[] = [
  [
    /^(\w+) (active|standby|starting) by (\S+)$/,
    (side, role, t) => ({
      kind: 'role',
      side: sideOf(side ?? ''),
      role: role as Role,
      by_ms: time_ms(t ?? ''),
    }),
  ],
  [
    /^(\w+) stays (active|standby|starting) from (\S+) to (\S+)$/,
    (side, role, from, to) => ({
      kind: 'stays',
      side: sideOf(side ?? ''),
      role: role as Role,
      from_ms: time_ms(from ?? ''),
      to_ms: time_ms(to ?? ''),
    }),
  ],
  [
    /^(\w+) never (active|standby)$/,
    (side, role) => ({ kind: 'never', side: sideOf(side ?? ''), role: role as Role }),
  ],
  [/^owners never 2$/, () => ({ kind: 'one-owner' })],
  [
    /^no owner for at most (\S+) after (\S+)$/,
    (most, after) => ({ kind: 'gap', most_ms: time_ms(most ?? ''), after_ms: time_ms(after ?? '') }),
  ],
  [/^owners never 0 after (\S+)$/, (after) => ({ kind: 'gap', most_ms: 0, after_ms: time_ms(after ?? '') })],
  [
    /^(\w+) records ([a-z-]+)$/,
    (side, event) => ({ kind: 'record', side: sideOf(side ?? ''), event: event ?? '' }),
  ],
  [
    /^(\w+) records ([a-z-]+) (\d+) times?$/,
    (side, event, times) => ({
      kind: 'record',
      side: sideOf(side ?? ''),
      event: event ?? '',
      times: Number(times),
    }),
  ],
  [
    /^(\w+) answers ([a-z-]+)$/,
    (side, answer) => ({ kind: 'answer', side: sideOf(side ?? ''), answer: answer ?? '' }),
  ],
  [
    /^(\w+) announces after (\S+)$/,
    (side, after) => ({ kind: 'announces', side: sideOf(side ?? ''), after_ms: time_ms(after ?? '') }),
  ],
  [/^both agree on the epoch$/, () => ({ kind: 'agree' })],
];

type Given = { settings: Record<string, unknown>; priorities: [number, number] };

const GIVENS: readonly Reader<(given: Given) => void>[] = [
  [
    /^(interval|deadtime|initdead) (\S+)$/,
    (key, t) =>
      ({ settings }) => {
        settings[`${key}_ms`] = time_ms(t ?? '');
      },
  ],
  [
    /^(\d) links?$/,
    (count) =>
      ({ settings }) => {
        settings.links = Number(count);
      },
  ],
  [
    /^failback (manual|auto)$/,
    (failback) =>
      ({ settings }) => {
        settings.failback = failback;
      },
  ],
  [
    /^(\w+) priority (\d+)$/,
    (side, priority) =>
      ({ priorities }) => {
        priorities[sideOf(side ?? '')] = Number(priority);
      },
  ],
  [
    /^witnesses$/,
    () =>
      ({ settings }) => {
        settings.witnesses = true;
      },
  ],
  [
    /^VIPs are probed$/,
    () =>
      ({ settings }) => {
        settings.probesVips = true;
      },
  ],
];

export function parseScenario(text: string): Scenario {
  const given: Given = {
    settings: {
      interval_ms: 50,
      deadtime_ms: 250,
      initdead_ms: 500,
      links: 2,
      failback: 'manual',
      witnesses: false,
      probesVips: false,
    },
    priorities: [100, 90],
  };
  const actions: { at_ms: number; action: Action; line: number }[] = [];
  const expectations: { expect: Expectation; line: number; text: string }[] = [];
  let until_ms = 0;
  text.split('\n').forEach((raw, i) => {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') return;
    try {
      const [word = '', ...rest] = line.split(/\s+/);
      const tail = rest.join(' ');
      if (word === 'given') for (const part of tail.split(/, */)) read(part, GIVENS)(given);
      else if (word === 'at')
        actions.push({
          at_ms: time_ms(rest[0] ?? ''),
          action: read(rest.slice(1).join(' '), ACTIONS),
          line: i + 1,
        });
      else if (word === 'expect')
        expectations.push({ expect: read(tail, EXPECTATIONS), line: i + 1, text: tail });
      else if (word === 'until') until_ms = time_ms(tail);
      else throw new Error(`a line begins with given, at, expect, or until, not with ${word}`);
    } catch (error) {
      throw new Error(`line ${i + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  if (until_ms === 0) throw new Error('the line "until TIME" is missing');
  const settings = given.settings as unknown as Scenario['settings'];
  return { settings, priorities: given.priorities, actions, expectations, until_ms };
}
