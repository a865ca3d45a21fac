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

/** What a key owes, in time: `refill_ms` for each attempt, less with each moment. */
interface Bucket {
  owed_ms: number;
  /** As of then. */
  at_ms: number;
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
    const { burst, refill_ms } = this.#rule;
    return Math.ceil(Math.max(0, this.#owed_ms(this.#buckets.get(key), now_ms) - (burst - 1) * refill_ms));
  }

  /** Uses an attempt up, whether or not one is free. */
  take(key: string, now_ms: number): void {
    const { burst, refill_ms } = this.#rule;
    const bucket = this.#buckets.get(key);
    const owed_ms = Math.min(burst * refill_ms, this.#owed_ms(bucket, now_ms) + refill_ms);
    if (bucket === undefined) this.#makeRoom(now_ms);
    this.#buckets.set(key, { owed_ms, at_ms: now_ms });
  }

  /** For an attempt that turned out to be none: it was right, or nobody had time for it. */
  giveBack(key: string, now_ms: number): void {
    const owed_ms = this.#owed_ms(this.#buckets.get(key), now_ms) - this.#rule.refill_ms;
    if (owed_ms <= 0) this.#buckets.delete(key);
    else this.#buckets.set(key, { owed_ms, at_ms: now_ms });
  }

  #owed_ms(bucket: Bucket | undefined, now_ms: number): number {
    return bucket === undefined ? 0 : Math.max(0, bucket.owed_ms - Math.max(0, now_ms - bucket.at_ms));
  }

  #makeRoom(now_ms: number): void {
    if (this.#buckets.size < this.#rule.keys_max) return;
    const byDebt = [...this.#buckets]
      .map(([key, bucket]) => ({ key, owed_ms: this.#owed_ms(bucket, now_ms) }))
      .sort((one, other) => one.owed_ms - other.owed_ms);
    const least = Math.ceil(this.#rule.keys_max / FORGOTTEN_SHARE);
    for (const [index, { key, owed_ms }] of byDebt.entries())
      if (index < least || owed_ms === 0) this.#buckets.delete(key);
  }
}
