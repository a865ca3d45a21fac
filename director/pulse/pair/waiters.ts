// Those who wait for what others find out: the role, whether the peer has an order. One that only this director knows is lost
// in a takeover.
import type { Clock } from '../../model/clock.ts';

/** As long as a heartbeat takes to start and to hear the peer, on a busy machine. */
const WAIT_MS = 2_000;

export class Waiters {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Until release(), for two seconds at most, or as long as is said. */
  async wait(limit_ms = WAIT_MS): Promise<void> {
    const released = Promise.withResolvers<void>();
    this.#waiting.add(released.resolve);
    using _ = this.#clock.after(limit_ms, released.resolve);
    await released.promise;
    this.#waiting.delete(released.resolve);
  }

  release(): void {
    for (const go of this.#waiting) go();
  }
}
