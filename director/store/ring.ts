// The newest of what is recorded, in memory: what followers are served from, and all there is while the disk refuses.
// Ids grow.

export class Ring<T extends { readonly id: number }> {
  readonly #records: (T | undefined)[];
  readonly #capacity: number;
  #count = 0;

  constructor(capacity: number) {
    this.#records = new Array<T | undefined>(capacity);
    this.#capacity = capacity;
  }

  push(record: T): void {
    this.#records[this.#count++ % this.#capacity] = record;
  }

  /** Id of the oldest that is still here; Infinity when there is none. */
  oldestId(): number {
    return this.#at(Math.max(0, this.#count - this.#capacity))?.id ?? Number.POSITIVE_INFINITY;
  }

  /** The newest `limit` with since < id < before that are wanted, oldest first. */
  between(since: number, before: number, limit: number, wanted: (record: T) => boolean = () => true): T[] {
    const found: T[] = [];
    const first = Math.max(0, this.#count - this.#capacity);
    for (let index = this.#count - 1; index >= first && found.length < limit; index--) {
      const record = this.#at(index);
      if (record === undefined || record.id <= since) break;
      if (record.id < before && wanted(record)) found.push(record);
    }
    return found.reverse();
  }

  #at(index: number): T | undefined {
    return this.#records[index % this.#capacity];
  }
}
