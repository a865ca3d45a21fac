// A history in a folder of its own, fed by hand: its clock is the test's, its file is real.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { METRICS, type Metric } from '../../model/metric.ts';
import { Keeper } from '../keeper.ts';

/** A minute that begins an hour that begins a day. */
export const START = Date.UTC(2026, 0, 5);

export class Site implements Disposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-history-'));
  readonly file = path.join(this.folder, 'history.sqlite');
  readonly told: string[] = [];
  limit_bytes = 64 * 2 ** 20;
  now_ms = START;
  monotonic_ms = 0;
  names: readonly string[] = ['director', 'www', 'www/rs1'];
  keeper!: Keeper;
  #busy: Float32Array[] | undefined;

  constructor() {
    this.open();
  }

  open(): Keeper {
    this.keeper = new Keeper({
      file: this.file,
      limit_bytes: this.limit_bytes,
      now: () => this.now_ms,
      monotonic_ms: () => this.monotonic_ms,
      cpu_ms: () => 0,
      onOpened: ({ mode, setAside }) =>
        this.told.push(`opened ${mode}${setAside === undefined ? '' : ' anew'}`),
      onBehind: () => this.told.push('behind'),
      onRecovered: () => this.told.push('recovered'),
    });
    this.keeper.setSubjects(this.names);
    return this.keeper;
  }

  /** As if the process had been killed: nothing is written, another one opens the file. */
  crash(): Keeper {
    return this.open();
  }

  restart(): Keeper {
    this.keeper.close();
    return this.open();
  }

  /** Another set of subjects from now on. */
  setNames(names: readonly string[]): void {
    this.names = names;
    this.#busy = undefined;
    this.keeper.setSubjects(names);
  }

  /** One sample now, then a second passes. Numbers default to what `numberOf` says. */
  second(numberOf: (name: string, metric: Metric, now_ms: number) => number = plain, work = true): void {
    const values = Float32Array.from(
      this.names.flatMap((name) => METRICS.map((metric) => numberOf(name, metric, this.now_ms))),
    );
    this.keeper.sample(this.now_ms, 1_000, values);
    if (work) this.work();
    this.pass(1_000);
  }

  /** Seconds of numbers that differ, at little cost to the test. */
  busySeconds(count: number): void {
    const width = this.names.length * METRICS.length;
    this.#busy ??= Array.from({ length: 11 }, (_, second) =>
      Float32Array.from({ length: width + 97 }, (_one, at) => (at * 7_919 + second * 104_729) % 10_007),
    );
    for (let second = 0; second < count; second++) {
      const from = this.#busy[second % 11]!;
      this.keeper.sample(this.now_ms, 1_000, from.subarray(second % 97, (second % 97) + width));
      this.work();
      this.pass(1_000);
    }
  }

  seconds(count: number, numberOf?: (name: string, metric: Metric, now_ms: number) => number): void {
    for (let index = 0; index < count; index++) this.second(numberOf);
  }

  pass(time_ms: number): void {
    this.now_ms += time_ms;
    this.monotonic_ms += time_ms;
  }

  work(): void {
    while (this.keeper.step());
  }

  /** Values of one metric, null where there are none. */
  values(
    subject: string,
    metric: Metric,
    from: number,
    to: number,
    level: '1s' | '1m' | '1h',
  ): (number | null)[] {
    const answer = this.keeper.series({ subject, from, to, points: 10_000, level });
    return [...(answer.values.get(metric) ?? [])].map((value) => (Number.isNaN(value) ? null : value));
  }

  [Symbol.dispose](): void {
    try {
      this.keeper.close();
    } catch {
      // It may be closed, or broken on purpose.
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Different for each name, metric and second, and as exact as what is kept. */
export function plain(name: string, metric: Metric, now_ms: number): number {
  if (metric === 'health') return 5;
  if (metric === 'admin' || metric === 'active_role') return 0;
  if (metric === 'latency_ms' && name === 'director') return Number.NaN;
  return ((now_ms / 1_000) % 60) + name.length * 100 + METRICS.indexOf(metric);
}
