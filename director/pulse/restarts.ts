// When a process that died may be started again: at once the first time, then later and later, until one has lived for a
// while. Keeps why it does not run.
import type { Clock } from '../model/clock.ts';

const BACKOFF_FIRST_MS = 100;
const BACKOFF_LAST_MS = 5_000;
const SOUND_AFTER_MS = 10_000;

export class Restarts {
  readonly #clock: Clock;
  #starts = 0;
  #started_ms = 0;
  #wait_ms = 0;
  #failure: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return Math.max(0, this.#starts - 1);
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  due(): boolean {
    return this.#clock.monotonic_ms() - this.#started_ms >= this.#wait_ms;
  }

  /** Until it may be started. */
  wait_ms(): number {
    return Math.max(0, this.#wait_ms - (this.#clock.monotonic_ms() - this.#started_ms));
  }

  started(): void {
    const now_ms = this.#clock.monotonic_ms();
    const livedLong = this.#starts > 0 && now_ms - this.#started_ms >= SOUND_AFTER_MS + this.#wait_ms;
    this.#wait_ms =
      this.#starts === 0 || livedLong
        ? 0
        : Math.min(BACKOFF_LAST_MS, Math.max(BACKOFF_FIRST_MS, 2 * this.#wait_ms));
    this.#starts++;
    this.#started_ms = now_ms;
  }

  /** It does its work. */
  sound(): void {
    this.#failure = undefined;
  }

  /** true: this is news. */
  tellFailure(failure: string): boolean {
    const news = this.#failure !== failure;
    this.#failure = failure;
    return news;
  }
}
