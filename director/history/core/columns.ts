// What a row of numbers about one subject means, column by column: how the finer intervals of a coarser one are joined,
// and how exactly a number is kept. At the finest level there is a column per metric; the others have the highs and
// the number of seconds that were sampled beside.
import { HEALTH_CODES, HIGH_METRICS, type Level, METRICS, type Metric } from '../../model/metric.ts';

export type Joining = 'mean' | 'high' | 'worst' | 'last' | 'sum';

interface Column {
  readonly joining: Joining;
  /** Column of the finest level that it is made of. */
  readonly of: number;
}

/** Metrics that are not joined by their mean. */
const JOINING: Readonly<Partial<Record<Metric, Joining>>> = {
  health: 'worst',
  admin: 'last',
  active_role: 'last',
};

export const METRIC_COLUMNS = METRICS.length;

/** Seconds of the interval that were sampled. */
export const SAMPLES_COLUMN = METRIC_COLUMNS + HIGH_METRICS.length;

/** Columns of the coarser levels; the first METRIC_COLUMNS are those of the finest. */
export const COARSE_COLUMNS: readonly Column[] = [
  ...METRICS.map((metric, of): Column => ({ joining: JOINING[metric] ?? 'mean', of })),
  ...HIGH_METRICS.map((metric): Column => ({ joining: 'high', of: METRICS.indexOf(metric) })),
  { joining: 'sum', of: -1 },
];

export function widthOf(level: Level): number {
  return level === '1s' ? METRIC_COLUMNS : COARSE_COLUMNS.length;
}

export function columnOf(metric: Metric): number {
  return METRICS.indexOf(metric);
}

/** Where a metric's highs are, at a level; the values themselves at the finest, undefined if it has none. */
export function highColumnOf(level: Level, metric: Metric): number | undefined {
  const index = (HIGH_METRICS as readonly Metric[]).indexOf(metric);
  if (index < 0) return undefined;
  return level === '1s' ? columnOf(metric) : METRIC_COLUMNS + index;
}

/** How bad a health is: `down` hides everything else, `up` nothing but `none`. */
const BADNESS: readonly number[] = HEALTH_CODES.map((code) =>
  ['none', 'up', 'unknown', 'degraded', 'sorry', 'down'].indexOf(code),
);

export function worse(one: number, other: number): number {
  return (BADNESS[other] ?? -1) > (BADNESS[one] ?? -1) ? other : one;
}

/** Columns whose numbers are whole and are kept as they are at the finest level: counts and codes. */
const EXACT: readonly Metric[] = ['active', 'inactive', 'templates', 'health', 'admin', 'active_role'];
const EXACT_COLUMNS: readonly boolean[] = METRICS.map((metric) => EXACT.includes(metric));

export function isExact(level: Level, column: number): boolean {
  return level === '1s' && EXACT_COLUMNS[column] === true;
}

/**
 * The number that is kept: four significant digits, no finer than a thousandth. A single-precision number comes out as the
 * decimal that it stands for. NaN stays: nothing was sampled.
 */
export function tidy(value: number): number {
  const size = Math.abs(value);
  if (size < 10) return Math.round(value * 1_000) / 1_000 + 0;
  if (size < 100) return Math.round(value * 100) / 100;
  if (size < 1_000) return Math.round(value * 10) / 10;
  if (size < 10_000) return Math.round(value);
  if (!Number.isFinite(value)) return value;
  let unit = 10;
  while (size >= unit * 10_000) unit *= 10;
  return Math.round(value / unit) * unit;
}
