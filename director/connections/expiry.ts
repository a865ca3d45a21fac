// When an entry or a template has outlived its last packet (docs/packet-path.md 1). Pure: now is a parameter, and
// lifetimes are looked up at the moment of asking, so that changing them reaches living entries too.
import type { ConnectionState } from '../model/state.ts';

export type Lifetimes = Readonly<Record<ConnectionState, number>>;

interface Timed {
  readonly kind: 'connection' | 'template';
  readonly seen_ms: number;
  /** Connections. */
  readonly state?: ConnectionState;
  /** Templates. */
  readonly timeout_ms?: number;
  readonly controls?: number;
}

/** A template lives at least as long as a connection that it controls. */
export function isExpired(entry: Timed, lifetimes_ms: Lifetimes, now_ms: number): boolean {
  if (remainingTime(entry, lifetimes_ms, now_ms) > 0) return false;
  return entry.kind === 'connection' || entry.controls === 0;
}

/** Milliseconds until it is due if nothing more arrives, at least 0. */
export function remainingTime(entry: Timed, lifetimes_ms: Lifetimes, now_ms: number): number {
  const lifetime_ms =
    entry.kind === 'template' ? (entry.timeout_ms ?? 0) : lifetimes_ms[entry.state ?? 'NONE'];
  return Math.max(0, entry.seen_ms + lifetime_ms - now_ms);
}

/** Whether the client is done with a connection in this state, so that its ports may begin another (3, rule 2). */
export function isOver(state: ConnectionState, seenBothWays: boolean): boolean {
  return (
    state === 'TIME_WAIT' ||
    state === 'CLOSE' ||
    state === 'LAST_ACK' ||
    (state === 'FIN_WAIT' && !seenBothWays)
  );
}
