// The time in which what happens for a common cause becomes one message, for each target and cause. Guarantees: two
// messages of one cause are at least that time apart, also when the first of them could not wait.
import { clip } from './sentences.ts';
import { EVENTS_MAX, OCCURRENCES_MAX, URGENT_MS } from './tuning.ts';
import {
  type Cause,
  type Level,
  type Mark,
  type Occurrence,
  rank,
  type State,
  type Subject,
  type Target,
  type Window,
} from './types.ts';

/** Fewer may have fallen by themselves. */
const GONE_TOGETHER = 3;

/** What only the active director speaks for. */
export const ACTIVES: readonly Cause[] = ['servers', 'orders'];

export interface NewMark {
  readonly worst: Level;
  readonly at: number;
  readonly id: number;
  readonly flap?: 'began' | 'ended';
}

/** Whether this target is to hear of it, by what it asks for and by this director's role. */
export function concerns(
  state: State,
  target: Target,
  news: { readonly cause: Cause; readonly service?: string },
): boolean {
  if (ACTIVES.includes(news.cause) && state.role !== 'active') return false;
  const { services } = target.settings;
  return services === undefined || (news.service !== undefined && services.includes(news.service));
}

/** `only`: for this target alone. */
export function mark(state: State, subject: Subject, change: NewMark, only?: string): void {
  for (const [key, target] of state.targets) {
    if (only !== undefined && key !== only) continue;
    if (!concerns(state, target, subject)) continue;
    const window = open(state, target, subject.cause, change.id);
    const before = window.marks.get(subject.key);
    window.marks.set(subject.key, merge(before, change));
  }
}

function merge(before: Mark | undefined, { worst, at, flap }: NewMark): Mark {
  const latest = flap ?? before?.flap;
  return {
    worst: before !== undefined && rank(before.worst) > rank(worst) ? before.worst : worst,
    first: Math.min(before?.first ?? at, at),
    ...(latest === undefined ? {} : { flap: latest }),
  };
}

export function occur(state: State, occurrence: Occurrence, at: number, id: number): void {
  for (const target of state.targets.values()) {
    if (!concerns(state, target, occurrence)) continue;
    if (occurrence.aside === true && !target.windows.has(occurrence.cause)) continue;
    const window = open(state, target, occurrence.cause, id);
    const full = window.occurrences.length >= OCCURRENCES_MAX && occurrence.role === undefined;
    const kept = { ...occurrence, text: clip(occurrence.text), at, id };
    if (!full) window.occurrences.push(kept);
    if (window.occurrences.length > OCCURRENCES_MAX) window.occurrences.shift();
    const until =
      occurrence.urgent === true
        ? Math.min(window.until, Math.max(state.now + URGENT_MS, notBefore(target, occurrence.cause)))
        : window.until;
    target.windows.set(occurrence.cause, { ...window, until, more: window.more + (full ? 1 : 0) });
  }
}

/** A message of this cause made earlier would be the second within one window. */
function notBefore(target: Target, cause: Cause): number {
  const last = target.last.get(cause);
  return last === undefined ? 0 : last + target.settings.group_ms;
}

function open(state: State, target: Target, cause: Cause, id: number): Window {
  const present = target.windows.get(cause);
  const events = present?.events ?? [];
  const window: Window = {
    ...(present ?? {
      opened: state.now,
      until: Math.max(state.now + target.settings.group_ms, notBefore(target, cause)),
      ...{ marks: new Map(), occurrences: [], more: 0 },
    }),
    events: id > 0 && events.length < EVENTS_MAX && !events.includes(id) ? [...events, id] : events,
  };
  target.windows.set(cause, window);
  return window;
}

/** Real servers that are gone together with a path to the peer have one cause: the network between. */
export function gatherNetwork(state: State, target: Target): void {
  const pair = target.windows.get('pair');
  const servers = target.windows.get('servers');
  if (pair === undefined || servers === undefined) return;
  if (pair.occurrences.some((each) => each.role !== undefined)) return;
  const fallen = [...servers.marks.keys()].filter((key) => state.subjects.get(key)?.level !== 'ok');
  if (fallen.length < GONE_TOGETHER) return;
  for (const [key, value] of pair.marks)
    if (/^(?:link|hearing|sync|channel)(?: |$)/.test(key)) {
      servers.marks.set(key, value);
      pair.marks.delete(key);
    }
  if (pair.marks.size === 0 && pair.occurrences.length === 0) target.windows.delete('pair');
}
