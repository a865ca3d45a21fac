// What becomes of a message once it is made: the hourly limit with its digest, a bounded queue, attempts with back-off
// until it is too old. Guarantees: one message of a target is under way at a time, and every drop is counted by its reason.
import { makeMessage } from './compose.ts';
import { clock } from './sentences.ts';
import {
  AGE_MAX_MS,
  HELD_SUBJECTS_MAX,
  OUTBOX_MAX,
  RATE_MAX,
  RATE_WINDOW_MS,
  RETRY_FIRST_MS,
  RETRY_LAST_MS,
} from './tuning.ts';
import { type Effect, type Input, type Message, type State, type Target, worstOf } from './types.ts';

export function enqueue(state: State, target: Target, message: Message): void {
  if (target.held === undefined && hasRoom(state, target)) {
    put(state, target, message);
    return;
  }
  const { held } = target;
  target.held = {
    count: (held?.count ?? 0) + 1,
    since: held?.since ?? state.now,
    severity: worstOf([message.severity, ...(held === undefined ? [] : [held.severity])]),
    subjects: [...(held?.subjects ?? []), `${message.severity}: ${message.subject}`].slice(
      -HELD_SUBJECTS_MAX,
    ),
  };
}

/** What was too much for the hour, in one message, once there is room again. */
export function digest(state: State, target: Target): void {
  const { held } = target;
  if (held === undefined || !hasRoom(state, target)) return;
  target.held = undefined;
  const headlines = [
    `${held.count} more messages since ${clock(held.since)}, held back as more than ${RATE_MAX} an hour`,
  ];
  const more = held.count - held.subjects.length;
  put(
    state,
    target,
    makeMessage(state, {
      ...{ kind: 'digest', severity: held.severity, headlines, since: held.since },
      lines: [
        ...headlines,
        ...(more > 0 ? [`the last ${held.subjects.length} of them:`] : []),
        ...held.subjects,
      ],
      ...{ items: [], services: [], events: [] },
    }),
  );
}

function hasRoom(state: State, target: Target): boolean {
  return target.made.filter((at) => at > state.now - RATE_WINDOW_MS).length < RATE_MAX;
}

function put(state: State, target: Target, message: Message): void {
  target.made = [...target.made, state.now].slice(-RATE_MAX);
  target.outbox = [...target.outbox, { message, queued: state.now, attempts: 0, retry_at: state.now }];
  while (target.outbox.length > OUTBOX_MAX) {
    // The first may be under way just now.
    const index = target.sending ? 1 : 0;
    target.outbox = target.outbox.toSpliced(index, 1);
    drop(target, 'queue-full');
  }
}

function drop(target: Target, reason: string): void {
  target.dropped = { ...target.dropped, [reason]: (target.dropped[reason] ?? 0) + 1 };
  target.lost++;
}

export function expire(state: State, target: Target): void {
  const kept = target.outbox.filter(
    (waiting, index) => (index === 0 && target.sending) || state.now - waiting.queued < AGE_MAX_MS,
  );
  for (let count = kept.length; count < target.outbox.length; count++) drop(target, 'expired');
  if (kept.length < target.outbox.length) target.outbox = kept;
}

export function deliver(state: State, key: string, target: Target): Effect[] {
  const [first] = target.outbox;
  if (first === undefined || target.sending || state.now < first.retry_at) return [];
  target.sending = true;
  return [
    { kind: 'deliver', target: key, message: first.message, attempt: first.attempts + 1, lost: target.lost },
  ];
}

export function conclude(state: State, input: Extract<Input, { kind: 'result' }>): void {
  const target = state.targets.get(input.target);
  const first = target?.outbox[0];
  if (target === undefined || first === undefined || first.message.id !== input.id) return;
  target.sending = false;
  if (input.ok) {
    target.outbox = target.outbox.slice(1);
    target.sent++;
    target.lost = 0;
    target.sent_at = state.now;
    target.failing_since = undefined;
    return;
  }
  target.failed++;
  target.failing_since ??= state.now;
  target.error = { at: state.now, detail: input.detail };
  if (!input.retry || state.now - first.queued >= AGE_MAX_MS) {
    target.outbox = target.outbox.slice(1);
    drop(target, input.retry ? 'expired' : 'refused');
    return;
  }
  const attempts = first.attempts + 1;
  const wait_ms = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** Math.min(16, attempts - 1));
  target.outbox = [{ ...first, attempts, retry_at: state.now + wait_ms }, ...target.outbox.slice(1)];
}
