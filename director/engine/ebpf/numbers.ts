// Numbers of records: the lowest that is free, and none again before a CPU that still has it in hand is done.

export class Numbers {
  readonly #limit: number;
  #free: number[] = [];
  #resting: number[] = [];
  #next = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Undefined when all are taken. */
  take(): number | undefined {
    const number = this.#free.pop();
    if (number !== undefined) return number;
    return this.#next < this.#limit ? this.#next++ : undefined;
  }

  give(number: number): void {
    this.#resting.push(number);
  }

  /** Numbers that have rested may be taken again. */
  turn(): void {
    if (this.#resting.length === 0) return;
    this.#free.push(...this.#resting);
    this.#resting = [];
  }

  /** Those that are in use at the start; the gaps between them are free. */
  adopt(used: readonly number[]): void {
    const taken = new Set(used);
    this.#next = Math.max(-1, ...used) + 1;
    for (let number = this.#next - 1; number >= 0; number--) if (!taken.has(number)) this.#free.push(number);
  }
}
