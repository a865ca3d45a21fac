// From a window that is over to the one message that tells of it, or to none. Guarantees: better is told only of what was
// told as worse; what came and went within the window is told only if it was critical; text and items are bounded.
import { words } from './sentences.ts';
import { serversHeadline, serversLines } from './servers.ts';
import { ITEMS_MAX, LINES_MAX, NAMED_MAX, SUBJECT_CHARS_MAX } from './tuning.ts';
import {
  type Cause,
  type Change,
  type Item,
  type Level,
  type Mark,
  type Message,
  rank,
  type Severity,
  type State,
  type Subject,
  type Target,
  type Told,
  type Window,
  worstOf,
} from './types.ts';
import { concerns } from './windows.ts';

/** What one target hears at the end of a window. What it knows by then is noted in `told`. */
export function compose(state: State, target: Target, cause: Cause, window: Window): Message | undefined {
  const { on } = target.settings;
  const changes: Change[] = [];
  for (const [key, mark] of window.marks) {
    const subject = state.subjects.get(key);
    const change = subject && judgeChange(state, target, subject, mark);
    if (change !== undefined) changes.push(change);
  }
  const occurrences = window.occurrences.filter((each) => on.includes(each.severity));
  const news = occurrences.filter((each) => each.aside !== true);
  if (changes.length === 0 && news.length === 0) return undefined;
  const severity = worstOf([...changes, ...news].map((each) => each.severity));
  const took = news.some((each) => each.role === 'active');
  const standing = took ? tellStanding(state, target, window.opened) : [];
  const sorted = [...changes].sort((a, b) => weight(b) - weight(a));
  const told = occurrences.toSorted((a, b) => order(a.severity) - order(b.severity));
  const roles = told.filter((each) => each.role !== undefined).toReversed();
  const rest = told.filter((each) => each.role === undefined && each.aside !== true);
  const asides = told.filter((each) => each.aside === true);
  const headlines = [
    ...roles.map((each) => each.text),
    ...(cause === 'servers' ? serversHeadline(state, target, sorted) : sorted.map(words)),
    ...rest.map((each) => each.text),
  ];
  const lines = [
    ...headlines,
    ...(cause === 'servers' ? serversLines(state, sorted) : []),
    ...asides.map((each) => each.text),
    ...(window.more === 0 ? [] : [`… and ${window.more} more events`]),
    ...standingLine(standing),
  ];
  return makeMessage(state, {
    kind: took ? 'takeover' : cause,
    severity,
    headlines,
    lines: unique(lines),
    since: Math.min(...changes.map((each) => each.first), ...news.map((each) => each.at)),
    items: [...sorted.map(toItem), ...standing.map((subject) => standingItem(subject))],
    services: [
      ...new Set(
        [...changes.map((each) => each.subject), ...standing, ...news].flatMap((each) => each.service ?? []),
      ),
    ],
    events: window.events,
  });
}

/** Undefined: nothing that this target is to hear. */
function judgeChange(state: State, target: Target, subject: Subject, mark: Mark): Change | undefined {
  const { on } = target.settings;
  const told = target.told.get(subject.key);
  const known: Level = told?.level ?? 'ok';
  const note = (level: Level, flapping: boolean): void => {
    if (level === 'ok') target.told.delete(subject.key);
    else target.told.set(subject.key, { level, at: state.now, flapping } satisfies Told);
  };
  const change = (how: Change['how'], severity: Severity): Change | undefined =>
    on.includes(severity) ? { how, subject, severity, first: mark.first } : undefined;
  if (subject.flapping) {
    if (mark.flap !== 'began' || told?.flapping === true) return undefined;
    const level = mark.worst === 'critical' && on.includes('critical') ? 'critical' : 'warning';
    if (on.includes(level)) note(level, true);
    return change('flaps', level);
  }
  if (told?.flapping === true) {
    const ended = subject.level === 'ok' ? 'recovery' : subject.level;
    note(on.includes(ended) ? subject.level : 'ok', false);
    return change('settled', ended);
  }
  if (subject.level !== 'ok' && rank(subject.level) > rank(known)) {
    if (on.includes(subject.level)) note(subject.level, false);
    return change('worse', subject.level);
  }
  if (rank(subject.level) < rank(known)) {
    note(subject.level, false);
    return change('better', 'recovery');
  }
  return known === 'ok' && subject.level === 'ok' && mark.worst === 'critical' && mark.flap === undefined
    ? change('blip', 'warning')
    : undefined;
}

/** Whoever takes over speaks for what is bad by then: its peer's word about it may be the last. */
function tellStanding(state: State, target: Target, since: number): Subject[] {
  const standing: Subject[] = [];
  const servers = target.windows.get('servers');
  for (const subject of state.subjects.values()) {
    const { cause, level, key } = subject;
    if (cause !== 'servers' || level === 'ok' || subject.flapping || target.told.has(key)) continue;
    if (!concerns(state, target, subject) || !target.settings.on.includes(level)) continue;
    // What fell since is news of its own.
    if (servers?.marks.has(key) === true && subject.since >= since) continue;
    servers?.marks.delete(key);
    target.told.set(key, { level, at: state.now, flapping: false });
    standing.push(subject);
  }
  if (servers?.marks.size === 0 && servers.occurrences.length === 0) target.windows.delete('servers');
  return standing;
}

function standingLine(standing: readonly Subject[]): string[] {
  if (standing.length === 0) return [];
  const named = standing.slice(0, NAMED_MAX).map(({ name, word }) => `${name} is ${word}`);
  const more = standing.length - named.length;
  return [`Found so: ${named.join(', ')}${more > 0 ? `, and ${more} more are not well` : ''}`];
}

export interface Draft
  extends Pick<Message, 'kind' | 'severity' | 'lines' | 'since' | 'services' | 'events'> {
  readonly headlines: readonly string[];
  readonly items: readonly Item[];
}

export function makeMessage(state: State, draft: Draft): Message {
  const { kind, severity, headlines, lines, since, items, services, events } = draft;
  const cut =
    lines.length > LINES_MAX
      ? [...lines.slice(0, LINES_MAX - 1), `… and ${lines.length - LINES_MAX + 1} more`]
      : lines;
  return {
    id: `${state.settings?.node ?? 'director'}-${state.next++}`,
    at: state.now,
    since: Math.min(since, state.now),
    ...{ kind, severity },
    subject: headline(headlines),
    lines: cut,
    items: items.slice(0, ITEMS_MAX),
    more: Math.max(0, items.length - ITEMS_MAX),
    services: services.slice(0, ITEMS_MAX),
    events,
  };
}

function headline(sentences: readonly string[]): string {
  const [first = '', ...others] = sentences;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const room = SUBJECT_CHARS_MAX - more.length;
  const line = first.replace(/\s+/g, ' ');
  return `${line.length > room ? `${line.slice(0, room - 1)}…` : line}${more}`;
}

function toItem({ subject, severity, how }: Change): Item {
  const { name, word, since, reason } = subject;
  return { subject: name, state: how === 'flaps' ? 'flapping' : word, severity, since, reason };
}

function standingItem({ name, word, level, since, reason }: Subject): Item {
  return { subject: name, state: word, severity: level === 'ok' ? 'recovery' : level, since, reason };
}

const ORDER: readonly Severity[] = ['critical', 'warning', 'notice', 'recovery'];
const order = (severity: Severity): number => ORDER.indexOf(severity);
const weight = ({ severity, how }: Change): number => 10 - 2 * order(severity) - (how === 'better' ? 1 : 0);
const unique = (lines: readonly string[]): string[] => [...new Set(lines)];
