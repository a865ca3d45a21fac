// The outcomes of a monitor process's probes since they were last told, in columns: what costs the same few bytes a check at
// any probe rate. Guarantees: of each check the latest KEPT_MAX probes and the count of all; nothing grows between two tellings.

/** Of one check, in one telling. */
export const KEPT_MAX = 8;
/** Of all checks, in one telling; what is more is left out evenly. */
export const RECORDS_MAX = 32_768;
/** Different sentences, in one telling; failures with another one go without words. */
export const REASONS_MAX = 256;
const REASON_CHARS_MAX = 256;
const COUNT_MAX = 0xffff;

export const OUTCOME = {
  ok: 0,
  /** Passed, but took more than half of its timeout. */
  slow: 1,
  failed: 2,
  /** From here on: failed, and which of the reasons is why. */
  reasons: 3,
} as const;

/** Records lie one after another, those of the first check first, the oldest of each first. */
export interface ProbeColumns {
  /** Place of each check in the assignment. */
  readonly places: Uint32Array;
  /** All probes since the last telling, and how many of them failed. */
  readonly probes: Uint16Array;
  readonly failures: Uint16Array;
  /** Outcomes in a row that speak against the present health. */
  readonly against: Uint16Array;
  /** How many records each check has. */
  readonly kept: Uint8Array;
  readonly ages_ms: Uint16Array;
  readonly latencies_ms: Float32Array;
  readonly outcomes: Uint16Array;
  readonly reasons: readonly string[];
}

export class ProbeBatch {
  readonly #times_ms: Float64Array;
  readonly #latencies_ms: Float32Array;
  readonly #outcomes: Uint16Array;
  readonly #probes: Uint32Array;
  readonly #failures: Uint32Array;
  readonly #against: Uint16Array;
  /** Places of the checks that were probed. */
  readonly #touched: Uint32Array;
  #touchedCount = 0;
  readonly #reasons = new Map<string, number>();

  constructor(checks: number) {
    this.#times_ms = new Float64Array(checks * KEPT_MAX);
    this.#latencies_ms = new Float32Array(checks * KEPT_MAX);
    this.#outcomes = new Uint16Array(checks * KEPT_MAX);
    this.#probes = new Uint32Array(checks);
    this.#failures = new Uint32Array(checks);
    this.#against = new Uint16Array(checks);
    this.#touched = new Uint32Array(checks);
  }

  /** `failure`: why it failed; undefined: it passed. */
  record(
    place: number,
    probe: { now_ms: number; latency_ms: number; slow: boolean; failure: string | undefined },
    against: number,
  ): void {
    const before = this.#probes[place];
    if (before === undefined) return;
    if (before === 0) this.#touched[this.#touchedCount++] = place;
    const at = place * KEPT_MAX + (before % KEPT_MAX);
    this.#times_ms[at] = probe.now_ms;
    this.#latencies_ms[at] = probe.latency_ms;
    this.#outcomes[at] =
      probe.failure !== undefined ? this.#wordsOf(probe.failure) : probe.slow ? OUTCOME.slow : OUTCOME.ok;
    this.#probes[place] = before + 1;
    if (probe.failure !== undefined) this.#failures[place]!++;
    this.#against[place] = Math.min(COUNT_MAX, against);
  }

  /** What has come since the last call; undefined: nothing. */
  take(now_ms: number): ProbeColumns | undefined {
    const checks = this.#touchedCount;
    if (checks === 0) return undefined;
    const places = this.#touched.slice(0, checks);
    const each = Math.max(1, Math.min(KEPT_MAX, Math.floor(RECORDS_MAX / checks)));
    const kept = new Uint8Array(checks);
    let records = 0;
    for (let index = 0; index < checks; index++) {
      kept[index] = Math.min(each, this.#probes[places[index]!]!);
      records += kept[index]!;
    }
    const columns = {
      places,
      probes: new Uint16Array(checks),
      failures: new Uint16Array(checks),
      against: new Uint16Array(checks),
      kept,
      ages_ms: new Uint16Array(records),
      latencies_ms: new Float32Array(records),
      outcomes: new Uint16Array(records),
      reasons: [...this.#reasons.keys()],
    };
    this.#fill(columns, now_ms);
    this.#touchedCount = 0;
    this.#reasons.clear();
    return columns;
  }

  #fill(columns: ProbeColumns, now_ms: number): void {
    const { places, kept } = columns;
    let record = 0;
    for (let index = 0; index < places.length; index++) {
      const place = places[index]!;
      const probes = this.#probes[place]!;
      columns.probes[index] = Math.min(COUNT_MAX, probes);
      columns.failures[index] = Math.min(COUNT_MAX, this.#failures[place]!);
      columns.against[index] = this.#against[place]!;
      for (let turn = probes - kept[index]!; turn < probes; turn++) {
        const at = place * KEPT_MAX + (turn % KEPT_MAX);
        columns.ages_ms[record] = Math.min(0xffff, Math.max(0, now_ms - this.#times_ms[at]!));
        columns.latencies_ms[record] = this.#latencies_ms[at]!;
        columns.outcomes[record] = this.#outcomes[at]!;
        record++;
      }
      this.#probes[place] = 0;
      this.#failures[place] = 0;
    }
  }

  #wordsOf(failure: string): number {
    const text = failure.slice(0, REASON_CHARS_MAX);
    const known = this.#reasons.get(text);
    if (known !== undefined) return known;
    if (this.#reasons.size >= REASONS_MAX) return OUTCOME.failed;
    const code = OUTCOME.reasons + this.#reasons.size;
    this.#reasons.set(text, code);
    return code;
  }
}

/** Says what is wrong with columns that came from another process, or nothing. */
export function faultOf(columns: Readonly<Record<string, unknown>>): string | undefined {
  const { places, probes, failures, against, kept, ages_ms, latencies_ms, outcomes } = columns;
  if (!(places instanceof Uint32Array)) return 'places: not as expected';
  if (!(kept instanceof Uint8Array) || kept.length !== places.length) return 'kept: not as expected';
  let records = 0;
  for (const each of kept) records += each;
  if (records > Math.max(RECORDS_MAX, places.length)) return 'kept: too many';
  const shorts = { probes, failures, against, ages_ms, outcomes };
  for (const [name, column] of Object.entries(shorts)) {
    const length = name === 'ages_ms' || name === 'outcomes' ? records : places.length;
    if (!(column instanceof Uint16Array) || column.length !== length) return `${name}: not as expected`;
  }
  if (!(latencies_ms instanceof Float32Array) || latencies_ms.length !== records)
    return 'latencies_ms: not as expected';
  for (const each of latencies_ms)
    if (!(each >= 0 && each < Number.POSITIVE_INFINITY)) return 'latencies_ms: no duration';
  return faultOfReasons(columns.reasons, outcomes as Uint16Array);
}

function faultOfReasons(reasons: unknown, outcomes: Uint16Array): string | undefined {
  if (!Array.isArray(reasons) || reasons.length > REASONS_MAX) return 'reasons: not as expected';
  for (const each of reasons)
    if (typeof each !== 'string' || each.length > REASON_CHARS_MAX) return 'reasons: not as expected';
  for (const each of outcomes) if (each >= OUTCOME.reasons + reasons.length) return 'outcomes: unknown';
  return undefined;
}
