// How often somebody may try: a bucket of attempts for each key, which fills again with time. Pure: time is given. The
// table is bounded; when it is full, the keys that have tried least are forgotten, so that no flood of new keys washes
// away the one that somebody is working on.

export interface RateRule {
  /** Attempts at once. */
  readonly burst: number;
  /** One more for each of these. */
  readonly refill_ms: number;
  readonly keys_max: number;
}

interface Bucket {
  /** Attempts used up, as of `at`. */
  spent: number;
  at: number;
}

/** Share of a full table that is forgotten at once, so that this is rare. */
const FORGOTTEN_SHARE = 8;

export class RateLimit {
  readonly #rule: RateRule;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rule: RateRule) {
    this.#rule = rule;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** 0: an attempt is free. Else how long until one is. */
  wait_ms(key: string, now_ms: number): number {
    const spent = this.#spent(this.#buckets.get(key), now_ms);
    return Math.ceil(Math.max(0, spent + 1 - this.#rule.burst) * this.#rule.refill_ms);
  }

  /** Uses an attempt up, whether or not one is free. */
  take(key: string, now_ms: number): void {
    const bucket = this.#buckets.get(key);
    const spent = Math.min(this.#rule.burst, this.#spent(bucket, now_ms) + 1);
    if (bucket === undefined) this.#makeRoom(now_ms);
    this.#buckets.set(key, { spent, at: now_ms });
  }

  /** For an attempt that turned out to be none: it was right, or nobody had time for it. */
  giveBack(key: string, now_ms: number): void {
    const spent = this.#spent(this.#buckets.get(key), now_ms) - 1;
    if (spent <= 0) this.#buckets.delete(key);
    else this.#buckets.set(key, { spent, at: now_ms });
  }

  #spent(bucket: Bucket | undefined, now_ms: number): number {
    if (bucket === undefined) return 0;
    return Math.max(0, bucket.spent - Math.max(0, now_ms - bucket.at) / this.#rule.refill_ms);
  }

  #makeRoom(now_ms: number): void {
    if (this.#buckets.size < this.#rule.keys_max) return;
    const bySpent = [...this.#buckets]
      .map(([key, bucket]) => ({ key, spent: this.#spent(bucket, now_ms) }))
      .sort((one, other) => one.spent - other.spent);
    const least = Math.ceil(this.#rule.keys_max / FORGOTTEN_SHARE);
    for (const [index, { key, spent }] of bySpent.entries())
      if (index < least || spent === 0) this.#buckets.delete(key);
  }
}
