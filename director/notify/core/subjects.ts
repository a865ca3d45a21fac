// What is known of each thing that can be bad, flapping included. Guarantees: bounded, and what is well and quiet and
// that nobody was told of is forgotten.
import { clip } from './sentences.ts';
import { FLAP_CHANGES, FLAP_WINDOW_MS, QUIET_MS, SUBJECTS_MAX } from './tuning.ts';
import { rank, type State, type StateNews, type Subject } from './types.ts';
import { ACTIVES, mark } from './windows.ts';

/** Takes the news into what is known, and into the windows of those who shall be told. */
export function learn(state: State, news: StateNews, happened: number, id: number): void {
  const before = state.subjects.get(news.key);
  const at = Math.min(news.since ?? happened, state.now);
  if (before === undefined && news.level === 'ok') return;
  if (before !== undefined && before.level === news.level && before.word === news.word) {
    if (before.reason !== news.reason) state.subjects.set(news.key, { ...before, reason: clip(news.reason) });
    return;
  }
  // Something newer is known: what was asked for has overtaken the event.
  if (before !== undefined && happened < before.since) return;
  if (before === undefined && state.subjects.size >= SUBJECTS_MAX) {
    state.untracked++;
    return;
  }
  const subject = changed(state, news, before, at);
  state.subjects.set(news.key, subject);
  if (before?.flapping === true) return;
  const worst =
    before !== undefined && rank(before.level) > rank(subject.level) ? before.level : subject.level;
  mark(state, subject, { worst, at, id, ...(subject.flapping ? { flap: 'began' as const } : {}) });
}

function changed(state: State, news: StateNews, before: Subject | undefined, at: number): Subject {
  const { kind: _, since: __, ...known } = news;
  const step = rank(news.level) - rank(before?.level ?? 'ok');
  const worsened = step === 0 ? (before?.worsened ?? false) : step > 0;
  const turned = step !== 0 && (before === undefined || worsened !== before.worsened);
  const recent = (before?.changes ?? []).filter((time) => time > at - FLAP_WINDOW_MS);
  const changes = turned ? [...recent, at].slice(-FLAP_CHANGES) : recent;
  const flapping = before?.flapping === true || changes.length >= FLAP_CHANGES;
  return {
    ...known,
    ...{ reason: clip(news.reason), since: at, changes, worsened, flapping },
    quiet_at: flapping ? state.now + QUIET_MS : 0,
  };
}

/** Those that have been quiet for long enough flap no more. */
export function settle(state: State): void {
  for (const [key, subject] of state.subjects) {
    if (!subject.flapping || state.now < subject.quiet_at) continue;
    const settled: Subject = { ...subject, flapping: false, changes: [], quiet_at: 0 };
    state.subjects.set(key, settled);
    mark(state, settled, { worst: settled.level, at: state.now, id: 0, flap: 'ended' });
  }
}

/** What is no longer configured is told as over, to those who were told that it is bad. */
export function forgetUnconfigured(state: State): void {
  const known = new Set(
    (state.settings?.services ?? []).flatMap((service) => [
      ...[`service ${service.name}`, `steps ${service.name}`],
      ...service.servers.map((server) => `server ${service.name}/${server.name}`),
    ]),
  );
  for (const [key, subject] of state.subjects) {
    if (!/^(?:service|server|steps) /.test(key) || known.has(key)) continue;
    const gone: Subject = {
      ...subject,
      ...{ level: 'ok', word: 'no longer configured', reason: '', since: state.now },
      ...{ changes: [], flapping: false, quiet_at: 0 },
    };
    state.subjects.set(key, gone);
    mark(state, gone, { worst: subject.level, at: state.now, id: 0 });
  }
}

/** So that a new target hears of what stands. */
export function tellStanding(state: State, targetKey: string): void {
  for (const subject of state.subjects.values())
    if (subject.level !== 'ok')
      mark(state, subject, { worst: subject.level, at: subject.since, id: 0 }, targetKey);
}

export function prune(state: State): void {
  for (const [key, subject] of state.subjects) {
    if (subject.level !== 'ok' || subject.flapping) continue;
    if ((subject.changes.at(-1) ?? 0) > state.now - FLAP_WINDOW_MS) continue;
    const wanted = [...state.targets.values()].some(
      (target) => target.told.has(key) || target.windows.get(subject.cause)?.marks.has(key) === true,
    );
    if (!wanted) state.subjects.delete(key);
  }
}

/** A director that stands by no longer speaks for servers and services: the active one does. */
export function fallSilent(state: State): void {
  for (const target of state.targets.values()) {
    for (const cause of ACTIVES) target.windows.delete(cause);
    for (const [key, { cause }] of state.subjects) if (ACTIVES.includes(cause)) target.told.delete(key);
  }
}
