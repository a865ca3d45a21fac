// The points of a chart: intervals of one subject, block by block in order of time, joined as the plan says.
import { HIGH_METRICS, METRICS, type Metric } from '../../model/metric.ts';
import { COARSE_COLUMNS, columnOf, highColumnOf, widthOf } from './columns.ts';
import type { SeriesPlan } from './question.ts';
import { rollUp } from './roll-up.ts';

/** NaN where nothing was sampled; metrics that were not sampled at all are left out. */
export interface NamedColumns {
  readonly values: ReadonlyMap<Metric, Float64Array>;
  readonly highs: ReadonlyMap<Metric, Float64Array>;
}

export class Points {
  readonly #plan: SeriesPlan;
  /** A row per point, in the columns of the coarser levels. */
  readonly #out: readonly Float64Array[];
  /** Intervals of the point that is being collected. */
  readonly #columns: readonly Float64Array[];
  readonly #joined = new Float64Array(COARSE_COLUMNS.length);
  #point = -1;
  #filled = 0;

  /** `blocks`: how many will be added at most. */
  constructor(plan: SeriesPlan, blocks: number) {
    this.#plan = plan;
    this.#out = COARSE_COLUMNS.map(() => new Float64Array(plan.points).fill(Number.NaN));
    const rows = Math.max(1, Math.min(plan.group, blocks * plan.shape.slots));
    this.#columns = Array.from({ length: widthOf(plan.shape.level) }, () => new Float64Array(rows));
  }

  add(blockStart: number, columns: readonly Float64Array[]): void {
    const { shape, start, points, group } = this.#plan;
    for (let slot = 0; slot < shape.slots; slot++) {
      const interval = (blockStart - start) / shape.step_ms + slot;
      const point = Math.floor(interval / group);
      if (point < 0 || point >= points) continue;
      if (point !== this.#point) this.#finishPoint();
      this.#point = point;
      for (const [index, column] of this.#columns.entries()) column[this.#filled] = columns[index]![slot]!;
      this.#filled++;
    }
  }

  #finishPoint(): void {
    if (this.#filled === 0) return;
    if (this.#plan.group === 1)
      for (const [index, column] of this.#columns.entries()) this.#out[index]![this.#point] = column[0]!;
    else {
      rollUp(this.#plan.shape.level, this.#columns, 0, this.#filled, this.#joined);
      for (const [index, value] of this.#joined.entries()) this.#out[index]![this.#point] = value;
    }
    this.#filled = 0;
  }

  finish(): NamedColumns {
    this.#finishPoint();
    // Intervals of the finest level as they are have no highs beside them: they are their own.
    const layout = this.#plan.group === 1 ? this.#plan.shape.level : '1m';
    const pick = (metrics: readonly Metric[], columnFor: (metric: Metric) => number) =>
      new Map(
        metrics
          .map((metric) => [metric, this.#out[columnFor(metric)]!] as const)
          .filter(([, column]) => !column.every(Number.isNaN)),
      );
    return {
      values: pick(METRICS, columnOf),
      highs: pick(HIGH_METRICS, (metric) => highColumnOf(layout, metric) ?? columnOf(metric)),
    };
  }
}
