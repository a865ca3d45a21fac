// Asks the peer for a sign of life each second, with back-off while there is none, and knows whether it is there: yes
// for 3 s after each answer.
import type { Clock } from '../model/clock.ts';

const EVERY_MS = 1_000;
const LOST_AFTER_MS = 3_000;
const BACK_OFF_MS = { first: 250, last: 2_000 };

export interface LivenessOptions {
  readonly clock: Clock;
  /** Rejects if there is no answer. */
  ask(): Promise<void>;
  onChange(connected: boolean, because: string): void;
}

export class Liveness implements Disposable {
  readonly #options: LivenessOptions;
  #heard_ms: number | undefined;
  #connected = false;
  #because = 'not asked yet';
  #wait_ms = BACK_OFF_MS.first;
  #asking = false;
  #ended = false;
  #next: Disposable | undefined;
  #lost: Disposable | undefined;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  get because(): string {
    return this.#because;
  }

  connected(): boolean {
    const age_ms = this.heardAge_ms();
    return age_ms !== undefined && age_ms < LOST_AFTER_MS;
  }

  heardAge_ms(): number | undefined {
    return this.#heard_ms === undefined ? undefined : this.#options.clock.monotonic_ms() - this.#heard_ms;
  }

  /** Asks at once, as there is reason to think that the answer would be another one now. */
  hurry(): void {
    this.#wait_ms = BACK_OFF_MS.first;
    this.#ask();
  }

  /** A request of ours was answered, whichever it was. */
  heard(): void {
    if (this.#ended) return;
    const { clock } = this.#options;
    this.#heard_ms = clock.monotonic_ms();
    this.#wait_ms = BACK_OFF_MS.first;
    this.#lost?.[Symbol.dispose]();
    this.#lost = clock.after(LOST_AFTER_MS, () => this.#change(false, this.#because));
    this.#change(true, 'the peer answers');
  }

  #ask(): void {
    if (this.#asking || this.#ended) return;
    this.#asking = true;
    this.#next?.[Symbol.dispose]();
    this.#options
      .ask()
      .then(
        () => {
          this.heard();
          return EVERY_MS;
        },
        (error: unknown) => {
          this.#because = error instanceof Error ? error.message : String(error);
          const wait_ms = this.#wait_ms;
          this.#wait_ms = Math.min(BACK_OFF_MS.last, wait_ms * 2);
          return wait_ms;
        },
      )
      .then((wait_ms) => {
        this.#asking = false;
        if (!this.#ended) this.#next = this.#options.clock.after(wait_ms, () => this.#ask());
      });
  }

  #change(connected: boolean, because: string): void {
    this.#because = because;
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#options.onChange(connected, because);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#next?.[Symbol.dispose]();
    this.#lost?.[Symbol.dispose]();
  }
}
