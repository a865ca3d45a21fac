// What was turned away, counted by reason, and told in the log at most once a minute however many there are.
import type { Clock } from '../model/clock.ts';
import type { PeerLog } from './types.ts';

const LOG_EVERY_MS = 60_000;
/** Reasons come from a short list, and from OpenSSL's: this is for the case that it is longer than thought. */
const REASONS_MAX = 64;

export class Refusals {
  readonly #counts = new Map<string, number>();
  readonly #clock: Clock;
  readonly #log: PeerLog;
  #logged_ms = -Infinity;

  constructor(clock: Clock, log: PeerLog) {
    this.#clock = clock;
    this.#log = log;
  }

  count(reason: string, from?: string): void {
    const known = this.#counts.has(reason) || this.#counts.size < REASONS_MAX ? reason : 'other';
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
    const now_ms = this.#clock.monotonic_ms();
    if (now_ms - this.#logged_ms < LOG_EVERY_MS) return;
    this.#logged_ms = now_ms;
    this.#log('warn', 'the peer channel turned something away', {
      reason: known,
      ...(from === undefined ? {} : { from }),
      until_now: this.all(),
    });
  }

  all(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
