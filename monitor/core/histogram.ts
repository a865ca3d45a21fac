// A histogram of durations in fixed memory: 8 buckets per doubling from 1/64 ms up to about 9 minutes, so that
// a quantile is at most 12.5 % too high and never too low.

const FIRST_MS = 1 / 64;
const PER_DOUBLING = 8;
const DOUBLINGS = 25;
const BUCKETS = PER_DOUBLING * DOUBLINGS + 1;

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  record(value_ms: number): void {
    this.#counts[bucketOf(value_ms)]!++;
    this.#total++;
  }

  /** Upper edge of the bucket that holds the quantile (0 to 1); 0 when nothing was recorded. */
  quantile(part: number): number {
    if (this.#total === 0) return 0;
    const rank = Math.max(1, Math.ceil(part * this.#total));
    let seen = 0;
    for (let index = 0; index < BUCKETS; index++) {
      seen += this.#counts[index]!;
      if (seen >= rank) return upperEdge(index);
    }
    return upperEdge(BUCKETS - 1);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}

/** Bucket 0 holds everything up to FIRST_MS, then each doubling is cut into equal parts. */
function bucketOf(value_ms: number): number {
  if (!(value_ms > FIRST_MS)) return 0;
  const doubling = Math.floor(Math.log2(value_ms / FIRST_MS));
  const start = FIRST_MS * 2 ** doubling;
  const part = Math.ceil(((value_ms - start) / start) * PER_DOUBLING);
  return Math.min(BUCKETS - 1, doubling * PER_DOUBLING + part);
}

function upperEdge(index: number): number {
  const doubling = Math.floor(index / PER_DOUBLING);
  const start = FIRST_MS * 2 ** doubling;
  return start + (start * (index % PER_DOUBLING)) / PER_DOUBLING;
}
