// How long each part of an order took, from the moment it came in, and who is to be told of its end.
import type { Clock } from '../director/model/clock.ts';

const ORDERS_MAX = 64;

interface Running {
  readonly began_ms: number;
  readonly phases_ms: Record<string, number>;
  readonly done?: () => void;
}

export class OrderPhases {
  readonly #clock: Clock;
  readonly #running = new Map<number, Running>();
  #ownId = 0xffff_ffff;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(id: number, done?: () => void): void {
    // Orders that never got an answer make room; there is one at a time but for mistakes.
    const oldest = this.#running.keys().next().value;
    if (this.#running.size >= ORDERS_MAX && oldest !== undefined) this.#running.delete(oldest);
    this.#running.set(id, {
      began_ms: this.#clock.monotonic_ms(),
      phases_ms: {},
      ...(done === undefined ? {} : { done }),
    });
  }

  /** An order of this process to itself; `done` settles with its end. */
  own(): { readonly id: number; readonly done: Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const id = this.#ownId--;
    this.begin(id, resolve);
    return { id, done: promise };
  }

  note(phase: string): void {
    for (const running of this.#running.values())
      running.phases_ms[phase] = this.#clock.monotonic_ms() - running.began_ms;
  }

  end(id: number): Record<string, number> {
    const running = this.#running.get(id);
    if (running === undefined) return {};
    this.#running.delete(id);
    running.done?.();
    return { ...running.phases_ms, done: this.#clock.monotonic_ms() - running.began_ms };
  }
}
