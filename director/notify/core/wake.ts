// When a tick has something to do; in between it changes nothing.
import { AGE_MAX_MS, RATE_MAX, RATE_WINDOW_MS } from './tuning.ts';
import type { ReadonlyState, Target } from './types.ts';

/** Infinity: not before something else happens. */
export function wakeAt(state: ReadonlyState): number {
  let wake = Number.POSITIVE_INFINITY;
  for (const subject of state.subjects.values())
    if (subject.flapping) wake = Math.min(wake, subject.quiet_at);
  for (const target of state.targets.values())
    wake = Math.min(wake, windowsEnd(target), outboxDue(target), heldUntil(target), remindAt(target));
  return wake;
}

function windowsEnd(target: Target): number {
  return [...target.windows.values()].reduce(
    (end, window) => Math.min(end, window.until),
    Number.POSITIVE_INFINITY,
  );
}

function outboxDue({ outbox, sending }: Target): number {
  const [first] = outbox;
  const retry_at = first === undefined || sending ? Number.POSITIVE_INFINITY : first.retry_at;
  const oldest = outbox[sending ? 1 : 0];
  return oldest === undefined ? retry_at : Math.min(retry_at, oldest.queued + AGE_MAX_MS);
}

function heldUntil({ held, made }: Target): number {
  if (held === undefined) return Number.POSITIVE_INFINITY;
  return made.length < RATE_MAX ? 0 : (made[0] ?? 0) + RATE_WINDOW_MS;
}

function remindAt({ settings, told }: Target): number {
  let due = Number.POSITIVE_INFINITY;
  const { remind_ms } = settings;
  if (remind_ms === undefined) return due;
  for (const { level, flapping, at } of told.values())
    if (level === 'critical' && !flapping) due = Math.min(due, at + remind_ms);
  return due;
}
