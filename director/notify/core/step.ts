// The decision about notifications, as one pure function: which events become which messages, for whom, and when.
// Guarantees: the same state, input and time give the same outcome; one message for a common cause within a window; what
// was told as bad is told as over, or still open; everything bounded.
import { compose, makeMessage } from './compose.ts';
import { conclude, deliver, digest, enqueue, expire } from './delivery.ts';
import { judge, ORDERS } from './judge.ts';
import { span, words } from './sentences.ts';
import { createTarget, draftOf } from './state.ts';
import { fallSilent, forgetUnconfigured, learn, prune, settle, tellStanding } from './subjects.ts';
import { DOUBT_MS } from './tuning.ts';
import type { Effect, Facts, Input, NewsEvent, ReadonlyState, Settings, State, Target } from './types.ts';
import { wakeAt } from './wake.ts';
import { concerns, gatherNetwork, occur } from './windows.ts';

export { createState } from './state.ts';
export { wakeAt } from './wake.ts';

export function step(
  before: ReadonlyState,
  input: Input,
  now_ms: number,
): { readonly state: ReadonlyState; readonly effects: readonly Effect[] } {
  const now = Math.max(now_ms, before.now);
  if (input.kind === 'tick' && now < wakeAt(before)) return { state: before, effects: [] };
  const state = draftOf(before, now);
  take(state, input);
  settle(state);
  const effects = [...state.targets].flatMap(([key, target]) => serve(state, key, target));
  prune(state);
  return { state, effects };
}

function take(state: State, input: Input): void {
  switch (input.kind) {
    case 'settings':
      takeSettings(state, input.settings);
      return;
    case 'events':
      for (const event of input.events) takeEvent(state, event);
      return;
    case 'facts':
      takeFacts(state, input.facts);
      return;
    case 'rewound':
      state.position = input.id;
      return;
    case 'result':
      conclude(state, input);
      return;
    case 'tick':
      return;
  }
}

function takeSettings(state: State, settings: Settings): void {
  const before = state.targets;
  state.settings = settings;
  state.targets = new Map();
  for (const each of settings.targets)
    state.targets.set(each.key, { ...(before.get(each.key) ?? createTarget(each)), settings: each });
  forgetUnconfigured(state);
  for (const target of state.targets.values())
    for (const key of target.told.keys()) {
      const subject = state.subjects.get(key);
      if (subject === undefined || !concerns(state, target, subject)) target.told.delete(key);
    }
  for (const key of state.targets.keys()) if (!before.has(key)) tellStanding(state, key);
}

function takeEvent(state: State, event: NewsEvent): void {
  if (event.id <= state.position) return;
  state.position = event.id;
  if (ORDERS.has(event.kind)) state.ordered_at = event.at;
  for (const news of judge(event, state)) {
    if (news.kind === 'state') learn(state, news, event.at, event.id);
    else occur(state, news, event.at, event.id);
    if (news.kind === 'occurrence' && news.role !== undefined) setRole(state, news.role);
  }
}

function setRole(state: State, role: 'active' | 'standby'): void {
  if (role === 'standby') fallSilent(state);
  state.role = role;
}

function takeFacts(state: State, facts: Facts): void {
  takeRole(state, facts);
  const named = new Set(facts.news.map((news) => news.key));
  for (const news of facts.news) learn(state, news, facts.at, 0);
  for (const [key, subject] of state.subjects)
    if (!named.has(key) && subject.level !== 'ok' && facts.complete.includes(key.split(' ')[0] ?? ''))
      learn(
        state,
        { ...subject, kind: 'state', level: 'ok', word: 'over', reason: '', since: facts.at },
        facts.at,
        0,
      );
}

/** An event of it may be under way: only what facts say for longer is believed. */
function takeRole(state: State, { at, role, because }: Facts): void {
  if (role === undefined || role === state.role) {
    state.doubted = undefined;
    return;
  }
  if (state.role === undefined) {
    state.role = role;
    if (role === 'active') for (const key of state.targets.keys()) tellStanding(state, key);
    return;
  }
  state.doubted ??= at;
  if (at - state.doubted < DOUBT_MS) return;
  state.doubted = undefined;
  takeEvent(state, {
    ...{ id: state.position + 0.5, at, kind: `became-${role}`, subject: 'director', reason: because },
  });
  state.position = Math.floor(state.position);
}

function serve(state: State, key: string, target: Target): Effect[] {
  gatherNetwork(state, target);
  for (const [cause, window] of target.windows) {
    if (state.now < window.until) continue;
    target.windows.delete(cause);
    const message = compose(state, target, cause, window);
    if (message === undefined) continue;
    target.last.set(cause, state.now);
    enqueue(state, target, message);
  }
  remind(state, target);
  digest(state, target);
  expire(state, target);
  return deliver(state, key, target);
}

/** All that is critical at once, so that its reminders stay together. */
function remind(state: State, target: Target): void {
  const due_ms = target.settings.remind_ms;
  const critical = [...target.told].filter(([, told]) => told.level === 'critical' && !told.flapping);
  if (due_ms === undefined || !critical.some(([, told]) => state.now - told.at >= due_ms)) return;
  const subjects = critical.flatMap(([key, told]) => {
    target.told.set(key, { ...told, at: state.now });
    return state.subjects.get(key) ?? [];
  });
  if (subjects.length === 0) return;
  const sentences = subjects.map(
    (subject) => `still, for ${span(state.now - subject.since)}: ${words({ how: 'worse', subject })}`,
  );
  enqueue(
    state,
    target,
    makeMessage(state, {
      ...{ kind: 'reminder', severity: 'critical', headlines: sentences, lines: sentences },
      since: Math.min(...subjects.map((subject) => subject.since)),
      items: subjects.map(({ name, word, since, reason }) => ({
        ...{ subject: name, state: word, severity: 'critical' as const, since, reason },
      })),
      services: [...new Set(subjects.flatMap((subject) => subject.service ?? []))],
      events: [],
    }),
  );
}
