// What happens when, earliest first; of two at one time the one that was entered first.
export interface Happening {
  readonly t: number;
  order: number;
  readonly run: () => void;
}

export class Queue {
  readonly #heap: Happening[] = [];
  #entered = 0;

  get length(): number {
    return this.#heap.length;
  }

  at(t: number, run: () => void): void {
    const item: Happening = { t, order: this.#entered++, run };
    const heap = this.#heap;
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const above = heap[up] as Happening;
      if (!isBefore(item, above)) break;
      heap[i] = above;
      i = up;
    }
    heap[i] = item;
  }

  take(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    const { length } = heap;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= length) break;
      if (down + 1 < length && isBefore(heap[down + 1] as Happening, heap[down] as Happening)) down++;
      const below = heap[down] as Happening;
      if (!isBefore(below, last)) break;
      heap[i] = below;
      i = down;
    }
    heap[i] = last;
    return first;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.t < b.t || (a.t === b.t && a.order < b.order);
}
