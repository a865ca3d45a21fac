// GET /live: everything first, then what has changed, once a second and soon after whatever matters. Guarantees: one report a
// tick, encoded once, however many follow; none while nobody does; computing takes a bounded part of the time.
import type { Clock } from '../model/clock.ts';
import { FairleadError } from '../model/error.ts';
import { LiveEncoder, type LiveReport } from './live-encoder.ts';

/** What else comes up until then is told together. */
const SOON_MS = 50;
const APART_LEAST_MS = 100;
/** Ticks begin so many times as far apart as one takes: a very large site is told of less often. */
const COST_FACTOR = 4;

export interface LiveOptions {
  readonly clock: Clock;
  readonly report: () => LiveReport;
  /** Calls at whatever followers should not wait a second for. */
  readonly watch: (onChange: () => void) => Disposable;
}

/** Each is given the same bytes: JSON, as director/control/live-schema.ts has it. */
type Follower = (encoded: Uint8Array) => void;

export class LiveFeed implements Disposable {
  readonly #options: LiveOptions;
  readonly #encoder = new LiveEncoder();
  readonly #followers = new Set<Follower>();
  #watching: Disposable | undefined;
  #soon: Disposable | undefined;
  #begunAt_ms = Number.NEGATIVE_INFINITY;
  #cost_ms = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Everything at once, then ticks until disposed of. */
  follow(onLive: Follower): Disposable {
    // Those who follow already get the next tick from what they have; the newcomer begins with the same.
    const full = this.#encoder.full() ?? this.#encode(true);
    const follower: Follower = (encoded) => onLive(encoded);
    this.#followers.add(follower);
    this.#watching ??= this.#options.watch(() => this.soon());
    follower(Buffer.from(full));
    return { [Symbol.dispose]: () => this.#leave(follower) };
  }

  #leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size === 0) this[Symbol.dispose]();
  }

  /** Once a second, when the engine has just been sampled. */
  tick(): void {
    if (this.#followers.size === 0) return;
    const since_ms = this.#options.clock.monotonic_ms() - this.#begunAt_ms;
    if (since_ms >= this.#cost_ms * COST_FACTOR) this.#send(true);
  }

  /** Something has happened that followers should not wait a second for. */
  soon(): void {
    if (this.#soon !== undefined || this.#followers.size === 0) return;
    const apart_ms = Math.max(APART_LEAST_MS, this.#cost_ms * COST_FACTOR);
    const wait_ms = Math.max(SOON_MS, this.#begunAt_ms + apart_ms - this.#options.clock.monotonic_ms());
    this.#soon = this.#options.clock.after(wait_ms, () => {
      this.#soon = undefined;
      try {
        this.#send(false);
      } catch (error) {
        // An engine that cannot be read just now; the next tick tries again.
        if (!(error instanceof FairleadError)) throw error;
      }
    });
  }

  #send(numbers: boolean): void {
    this.#soon?.[Symbol.dispose]();
    this.#soon = undefined;
    const encoded = Buffer.from(this.#encode(numbers));
    for (const follower of this.#followers) follower(encoded);
  }

  #encode(numbers: boolean): string {
    const { clock, report } = this.#options;
    this.#begunAt_ms = clock.monotonic_ms();
    const text = this.#encoder.next(report(), numbers);
    this.#cost_ms = clock.monotonic_ms() - this.#begunAt_ms;
    return text;
  }

  [Symbol.dispose](): void {
    this.#followers.clear();
    this.#watching?.[Symbol.dispose]();
    this.#watching = undefined;
    this.#soon?.[Symbol.dispose]();
    this.#soon = undefined;
    this.#encoder.forget();
  }
}
