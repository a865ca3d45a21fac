// Several intervals of one subject become one: means weighted by how many seconds were sampled, highs, the worst, the last;
// NaN where nothing was. The same function makes minutes of seconds, hours of minutes, and a chart's points of either.
import type { Level } from '../../model/metric.ts';
import { COARSE_COLUMNS, METRIC_COLUMNS, SAMPLES_COLUMN, tidy, worse } from './columns.ts';

/** Intervals `from` to before `to` of `columns`, which are of `level`, into `out`, in the columns of the coarser levels. */
export function rollUp(
  level: Level,
  columns: readonly Float64Array[],
  from: number,
  to: number,
  out: Float64Array,
): void {
  const finest = level === '1s';
  const samples = finest ? undefined : columns[SAMPLES_COLUMN]!;
  for (const [index, { joining, of }] of COARSE_COLUMNS.entries()) {
    if (joining === 'sum') continue;
    const column = columns[finest ? of : index]!;
    out[index] = joining === 'mean' ? mean(column, samples, from, to) : pick(joining, column, from, to);
  }
  out[SAMPLES_COLUMN] = samples === undefined ? sampled(columns, from, to) : sum(samples, from, to);
}

function mean(column: Float64Array, weights: Float64Array | undefined, from: number, to: number): number {
  let total = 0;
  let weight = 0;
  for (let slot = from; slot < to; slot++) {
    const value = column[slot]!;
    if (Number.isNaN(value)) continue;
    const own = weights === undefined ? 1 : weights[slot]!;
    total += value * own;
    weight += own;
  }
  return tidy(total / weight); // 0 / 0 is NaN: nothing was sampled
}

function pick(how: 'high' | 'worst' | 'last', column: Float64Array, from: number, to: number): number {
  let found = Number.NaN;
  for (let slot = from; slot < to; slot++) {
    const value = column[slot]!;
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(found) || how === 'last') found = value;
    else found = how === 'high' ? Math.max(found, value) : worse(found, value);
  }
  return how === 'high' ? tidy(found) : found;
}

function sum(column: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let slot = from; slot < to; slot++) if (!Number.isNaN(column[slot])) total += column[slot]!;
  return total > 0 ? total : Number.NaN;
}

/** Intervals in which any metric was sampled. */
function sampled(columns: readonly Float64Array[], from: number, to: number): number {
  let count = 0;
  for (let slot = from; slot < to; slot++)
    for (let column = 0; column < METRIC_COLUMNS; column++)
      if (!Number.isNaN(columns[column]![slot])) {
        count++;
        break;
      }
  return count > 0 ? count : Number.NaN;
}
