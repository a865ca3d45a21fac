// When to try again: at once where there is reason to hope, else after a wait that grows with each failure.
// Guarantee: at most one attempt is due at any time, never within the call that asks for it.
import type { Clock } from '../../director/model/clock.ts';

const FIRST_MS = 50;
const LONGEST_MS = 2_000;
/** Several changes come at once: one look at them is enough. */
const SOON_MS = 1;

export class Backoff implements Disposable {
  readonly #clock: Clock;
  readonly #attempt: () => void;
  #wait_ms = FIRST_MS;
  #due: { readonly at_ms: number; readonly timer: Disposable } | undefined;
  #disposed = false;

  constructor(clock: Clock, attempt: () => void) {
    this.#clock = clock;
    this.#attempt = attempt;
  }

  soon(): void {
    this.#schedule(SOON_MS);
  }

  within(delay_ms: number): void {
    this.#schedule(delay_ms);
  }

  later(): void {
    if (this.#due !== undefined) return;
    this.#schedule(this.#wait_ms);
    this.#wait_ms = Math.min(LONGEST_MS, this.#wait_ms * 2);
  }

  succeeded(): void {
    this.#wait_ms = FIRST_MS;
  }

  #schedule(delay_ms: number): void {
    const at_ms = this.#clock.monotonic_ms() + delay_ms;
    if (this.#disposed || (this.#due !== undefined && this.#due.at_ms <= at_ms)) return;
    this.#due?.timer[Symbol.dispose]();
    const timer = this.#clock.after(delay_ms, () => {
      this.#due = undefined;
      this.#attempt();
    });
    this.#due = { at_ms, timer };
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#due?.timer[Symbol.dispose]();
    this.#due = undefined;
  }
}
