// Those who wait for the role to be known. An order that is taken while the peer takes over unseen would be lost.
import type { Clock } from '../../model/clock.ts';

/** As long as a heartbeat takes to start and to hear the peer, on a busy machine. */
const WAIT_MS = 2_000;

export class Waiters {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Until release(), for two seconds at most. */
  async wait(): Promise<void> {
    const released = Promise.withResolvers<void>();
    this.#waiting.add(released.resolve);
    using _ = this.#clock.after(WAIT_MS, released.resolve);
    await released.promise;
    this.#waiting.delete(released.resolve);
  }

  release(): void {
    for (const go of this.#waiting) go();
  }
}
