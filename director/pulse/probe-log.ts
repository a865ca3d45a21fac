// The latest probes of every check, as the monitors told them. Guarantees: memory is bounded by the number of checks, some
// 1.8 KiB each (120 probes of 13 bytes, counts, and a few sentences of failures); a check that stays configured keeps its probes
// through changed assignments and monitors that were started again; probes of a check that is gone are nobody's.
import { OUTCOME } from '../../monitor/probe-batch.ts';
import type { Check, ToldProbes } from '../../monitor/protocol.ts';
import type { ProbeRecord } from '../control/monitor-schema.ts';

/** Probes kept of each check. */
export const KEPT_PROBES = 120;
/** Failures of each check that keep their words. */
const KEPT_DETAILS = 4;

const RESULTS = ['ok', 'slow', 'fail'] as const;
const FAIL = 2;

export interface ProbeSummary {
  readonly probes: number;
  readonly failures: number;
  /** Probes in a row that speak against the present health. */
  readonly against: number;
  readonly last: ProbeRecord | undefined;
  /** Of the kept probes that passed; undefined while there is none. */
  readonly mean_ms: number | undefined;
  readonly p99_ms: number | undefined;
}

interface Detail {
  /** Number of its probe among all that were kept. */
  readonly turn: number;
  readonly text: string;
}

/** One row of each array per check. */
interface Rows {
  readonly times: Float64Array;
  readonly latencies_ms: Float32Array;
  readonly results: Uint8Array;
  /** Probes that were ever kept: the next one goes to this, modulo KEPT_PROBES. */
  readonly turns: Float64Array;
  readonly probes: Float64Array;
  readonly failures: Float64Array;
  readonly against: Uint16Array;
}

export class ProbeLog {
  #places: ReadonlyMap<string, number> = new Map();
  #rows = rowsFor(0);
  readonly #details = new Map<string, readonly Detail[]>();

  /** The checks that there are from now on. */
  configure(keys: Iterable<string>): void {
    const before = { places: this.#places, rows: this.#rows };
    const places = new Map<string, number>();
    for (const key of keys) if (!places.has(key)) places.set(key, places.size);
    const rows = rowsFor(places.size);
    for (const [key, place] of places) {
      const from = before.places.get(key);
      if (from !== undefined) copyRow(before.rows, from, rows, place);
    }
    this.#places = places;
    this.#rows = rows;
    for (const key of this.#details.keys()) if (!places.has(key)) this.#details.delete(key);
  }

  /** What a monitor tells; its places are those in `checks`. */
  hear(checks: readonly Check[], told: ToldProbes): void {
    let record = 0;
    for (let index = 0; index < told.places.length; index++) {
      const kept = told.kept[index]!;
      const key = checks[told.places[index]!]?.key;
      const place = key === undefined ? undefined : this.#places.get(key);
      if (key !== undefined && place !== undefined) {
        this.#rows.probes[place]! += told.probes[index]!;
        this.#rows.failures[place]! += told.failures[index]!;
        this.#rows.against[place] = told.against[index]!;
        this.#keep(key, place, told, record, record + kept);
      }
      record += kept;
    }
  }

  #keep(key: string, place: number, told: ToldProbes, from: number, to: number): void {
    const { times, latencies_ms, results, turns } = this.#rows;
    let turn = turns[place]!;
    for (let record = from; record < to; record++) {
      const outcome = told.outcomes[record]!;
      const at = place * KEPT_PROBES + (turn % KEPT_PROBES);
      times[at] = told.at - told.ages_ms[record]!;
      latencies_ms[at] = told.latencies_ms[record]!;
      results[at] = Math.min(FAIL, outcome);
      const text = outcome < OUTCOME.reasons ? undefined : told.reasons[outcome - OUTCOME.reasons];
      if (text !== undefined)
        this.#details.set(key, [...(this.#details.get(key) ?? []), { turn, text }].slice(-KEPT_DETAILS));
      turn++;
    }
    turns[place] = turn;
  }

  /** Where a check's probes are kept, until the next configure(). */
  placeOf(key: string): number | undefined {
    return this.#places.get(key);
  }

  /** Of the latest probe at a place, if it passed. */
  latest_ms(place: number | undefined): number | undefined {
    const turns = place === undefined ? 0 : this.#rows.turns[place]!;
    if (place === undefined || turns === 0) return undefined;
    const at = place * KEPT_PROBES + ((turns - 1) % KEPT_PROBES);
    return this.#rows.results[at] === FAIL ? undefined : rounded(this.#rows.latencies_ms[at]!);
  }

  /** Of the latest probes at these places, of those that passed. */
  worst_ms(places: readonly (number | undefined)[]): number | undefined {
    let worst: number | undefined;
    for (const place of places) {
      const latest = this.latest_ms(place);
      if (latest !== undefined && (worst === undefined || latest > worst)) worst = latest;
    }
    return worst;
  }

  summary(key: string): ProbeSummary {
    const place = this.#places.get(key);
    if (place === undefined)
      return { ...{ probes: 0, failures: 0, against: 0 }, ...{ last: undefined, ...latenciesOf([]) } };
    const { turns, probes, failures, against } = this.#rows;
    return {
      probes: probes[place]!,
      failures: failures[place]!,
      against: against[place]!,
      last: turns[place]! === 0 ? undefined : this.#record(key, place, turns[place]! - 1),
      ...latenciesOf(this.#passed(place)),
    };
  }

  /** Oldest first. */
  recent(key: string): ProbeRecord[] {
    const place = this.#places.get(key);
    if (place === undefined) return [];
    const turns = this.#rows.turns[place]!;
    const kept = Math.min(KEPT_PROBES, turns);
    return Array.from({ length: kept }, (_, index) => this.#record(key, place, turns - kept + index));
  }

  #record(key: string, place: number, turn: number): ProbeRecord {
    const at = place * KEPT_PROBES + (turn % KEPT_PROBES);
    const detail = this.#details.get(key)?.find((each) => each.turn === turn)?.text;
    return {
      at: this.#rows.times[at]!,
      result: RESULTS[this.#rows.results[at]!] ?? 'fail',
      latency_ms: rounded(this.#rows.latencies_ms[at]!),
      ...(detail === undefined ? {} : { detail }),
    };
  }

  #passed(place: number): number[] {
    const passed: number[] = [];
    const kept = Math.min(KEPT_PROBES, this.#rows.turns[place]!);
    for (let at = place * KEPT_PROBES; at < place * KEPT_PROBES + kept; at++)
      if (this.#rows.results[at] !== FAIL) passed.push(this.#rows.latencies_ms[at]!);
    return passed;
  }
}

function latenciesOf(passed: readonly number[]): Pick<ProbeSummary, 'mean_ms' | 'p99_ms'> {
  if (passed.length === 0) return { mean_ms: undefined, p99_ms: undefined };
  const sorted = Float32Array.from(passed).sort();
  const sum = passed.reduce((total, each) => total + each, 0);
  return {
    mean_ms: rounded(sum / passed.length),
    p99_ms: rounded(sorted[Math.ceil(0.99 * sorted.length) - 1]!),
  };
}

/** To microseconds: what a float of 32 bits adds beyond is noise. */
function rounded(value_ms: number): number {
  return Math.round(value_ms * 1_000) / 1_000;
}

function rowsFor(checks: number): Rows {
  return {
    times: new Float64Array(checks * KEPT_PROBES),
    latencies_ms: new Float32Array(checks * KEPT_PROBES),
    results: new Uint8Array(checks * KEPT_PROBES),
    turns: new Float64Array(checks),
    probes: new Float64Array(checks),
    failures: new Float64Array(checks),
    against: new Uint16Array(checks),
  };
}

function copyRow(from: Rows, fromPlace: number, to: Rows, toPlace: number): void {
  for (const column of ['times', 'latencies_ms', 'results'] as const)
    to[column].set(
      from[column].subarray(fromPlace * KEPT_PROBES, (fromPlace + 1) * KEPT_PROBES),
      toPlace * KEPT_PROBES,
    );
  for (const column of ['turns', 'probes', 'failures', 'against'] as const)
    to[column][toPlace] = from[column][fromPlace]!;
}
