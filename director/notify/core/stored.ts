// The state as JSON, so that a successor goes on where its predecessor ended; settings are left out, as it is given those. Guarantees: what cannot be read as a state is
// none; a clock that was put back meanwhile makes nothing wait for it.
import { z } from 'zod';
import { QUIET_MS, SUBJECTS_MAX } from './tuning.ts';
import { CAUSES, type Cause, type ReadonlyState, type State, type Target } from './types.ts';

const VERSION = 1;
/** A clock that went back by less is one that was corrected. */
const BACK_MS = 60_000;

const time = z.number();
const count = z.number().int().min(0);
const cause = z.enum(CAUSES);
const level = z.enum(['ok', 'warning', 'critical']);
const severity = z.enum(['critical', 'warning', 'notice', 'recovery']);
const role = z.enum(['active', 'standby']);
const texts = z.array(z.string());

const targetSettings = z.object({
  key: z.string(),
  on: z.array(severity),
  services: texts.optional(),
  group_ms: time,
  remind_ms: time.optional(),
});
const subject = z.object({
  key: z.string(),
  cause,
  name: z.string(),
  service: z.string().optional(),
  level,
  word: z.string(),
  reason: z.string(),
  since: time,
  changes: z.array(time),
  worsened: z.boolean(),
  flapping: z.boolean(),
  quiet_at: time,
});
const mark = z.object({ worst: level, first: time, flap: z.enum(['began', 'ended']).optional() });
const occurrence = z.object({
  kind: z.literal('occurrence'),
  cause,
  severity,
  text: z.string(),
  service: z.string().optional(),
  aside: z.boolean().optional(),
  urgent: z.boolean().optional(),
  role: role.optional(),
  at: time,
  id: z.number(),
});
const window = z.object({
  opened: time,
  until: time,
  marks: z.array(z.tuple([z.string(), mark])),
  occurrences: z.array(occurrence),
  more: count,
  events: z.array(z.number()),
});
const message = z.object({
  id: z.string(),
  at: time,
  since: time,
  kind: z.enum([...CAUSES, 'takeover', 'reminder', 'digest', 'test']),
  severity,
  subject: z.string(),
  lines: texts,
  items: z.array(
    z.object({ subject: z.string(), state: z.string(), severity, since: time, reason: z.string() }),
  ),
  more: count,
  services: texts,
  events: z.array(z.number()),
});
const target = z.object({
  settings: targetSettings,
  windows: z.array(z.tuple([cause, window])),
  last: z.array(z.tuple([cause, time])),
  told: z.array(
    z.tuple([z.string(), z.object({ level: level.exclude(['ok']), at: time, flapping: z.boolean() })]),
  ),
  made: z.array(time),
  held: z.object({ count, since: time, severity, subjects: texts }).optional(),
  outbox: z.array(z.object({ message, queued: time, attempts: count, retry_at: time })),
  sent: count,
  failed: count,
  dropped: z.record(z.string(), count),
  lost: count,
  sent_at: time.optional(),
  failing_since: time.optional(),
  error: z.object({ at: time, detail: z.string() }).optional(),
});
const stored = z.object({
  version: z.literal(VERSION),
  now: time,
  role: role.optional(),
  position: count,
  ordered_at: time,
  subjects: z.array(z.tuple([z.string(), subject])).max(SUBJECTS_MAX),
  untracked: count,
  targets: z.array(z.tuple([z.string(), target])),
  next: count,
});

export function encode(state: ReadonlyState): { readonly now: number; readonly [part: string]: unknown } {
  const targets = [...state.targets].map(([key, { sending: _, ...each }]) => [
    key,
    {
      ...each,
      windows: [...each.windows].map(([name, one]) => [name, { ...one, marks: [...one.marks] }]),
      last: [...each.last],
      told: [...each.told],
    },
  ]);
  const { settings: __, doubted: ___, ...rest } = state;
  return { version: VERSION, ...rest, subjects: [...state.subjects], targets };
}

/** Undefined: not a state of ours. */
export function decode(value: unknown, now: number): ReadonlyState | undefined {
  const read = stored.safeParse(value);
  if (!read.success) return undefined;
  const { version: _, targets, subjects, ...rest } = read.data;
  const state = {
    ...rest,
    settings: undefined,
    role: rest.role,
    doubted: undefined,
    subjects: new Map(subjects),
    targets: new Map(targets.map(([key, each]) => [key, toTarget(each)])),
  } as State;
  return state.now > now + BACK_MS ? withTime(state, now) : state;
}

function toTarget(each: z.infer<typeof target>): Target {
  return {
    ...each,
    windows: new Map(each.windows.map(([name, one]) => [name, { ...one, marks: new Map(one.marks) }])),
    last: new Map<Cause, number>(each.last),
    told: new Map(each.told),
    sending: false,
  } as Target;
}

/** Everything that waits for a time that is far off now waits no longer. */
function withTime(state: State, now: number): State {
  const subjects = [...state.subjects].map(([key, each]) => [
    key,
    { ...each, since: Math.min(each.since, now), changes: [], quiet_at: each.flapping ? now + QUIET_MS : 0 },
  ]) as [string, State['subjects'] extends Map<string, infer S> ? S : never][];
  const targets = [...state.targets].map(([key, each]): [string, Target] => [
    key,
    {
      ...each,
      windows: new Map([...each.windows].map(([name, one]) => [name, { ...one, opened: now, until: now }])),
      last: new Map(),
      told: new Map([...each.told].map(([name, told]) => [name, { ...told, at: now }])),
      made: [],
      outbox: each.outbox.map((waiting) => ({ ...waiting, queued: now, retry_at: now })),
    },
  ]);
  return { ...state, now, ordered_at: 0, subjects: new Map(subjects), targets: new Map(targets) };
}
