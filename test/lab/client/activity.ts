// What the client's activities have in common: where they write what they saw, when they were told to rest, and one
// way to keep a steady rate.
import type { Ledger } from './ledger.ts';
import type { Activity, ClientSettings, Failure, FailureKind, Target } from './traffic.ts';

export interface Context {
  readonly settings: ClientSettings;
  readonly ledger: Ledger;
  /** No new connection while true. */
  paused: boolean;
  /** A new seed for every connection. */
  seed(): number;
}

/** A failure that happens now. */
export function failure(
  target: Target,
  what: Activity,
  began: number,
  cause: { readonly kind: FailureKind; readonly detail: string; readonly server?: string | undefined },
): Failure {
  const { kind, detail, server } = cause;
  const at = Date.now();
  return { service: target.service, what, kind, began, at, detail, ...(server ? { server } : {}) };
}

const AT_ONCE_MAX = 20;

/** Calls `begin` so many times a second, evenly; after a delay of this process at most AT_ONCE_MAX at once. */
export function steadily(rate: number, context: Context, begin: () => void): void {
  if (rate <= 0) return;
  const interval_ms = 1_000 / rate;
  let due = performance.now() + Math.random() * interval_ms;
  const tick = (): void => {
    const now = performance.now();
    if (now - due > AT_ONCE_MAX * interval_ms) due = now - AT_ONCE_MAX * interval_ms;
    for (; due <= now; due += interval_ms) if (!context.paused) begin();
    setTimeout(tick, Math.max(1, due - performance.now()));
  };
  tick();
}
