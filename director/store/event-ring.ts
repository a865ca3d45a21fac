// The newest events, in memory: what followers are served from, and all there is while the disk refuses.
import type { EventRecord } from './record.ts';

export class EventRing {
  readonly #events: (EventRecord | undefined)[];
  readonly #capacity: number;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#events = new Array<EventRecord | undefined>(capacity);
  }

  push(event: EventRecord): void {
    this.#events[this.#count++ % this.#capacity] = event;
  }

  /** Id of the oldest event that is still here; Infinity when there is none. */
  oldestId(): number {
    return this.#at(Math.max(0, this.#count - this.#capacity))?.id ?? Number.POSITIVE_INFINITY;
  }

  /** The newest `limit` with id > since, oldest first. */
  after(since: number, limit: number): EventRecord[] {
    const found: EventRecord[] = [];
    const first = Math.max(0, this.#count - this.#capacity);
    for (let index = this.#count - 1; index >= first && found.length < limit; index--) {
      const event = this.#at(index);
      if (event === undefined || event.id <= since) break;
      found.push(event);
    }
    return found.reverse();
  }

  #at(index: number): EventRecord | undefined {
    return this.#events[index % this.#capacity];
  }
}
