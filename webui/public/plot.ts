// What a chart is: a title, a unit, and lines that are metrics of one series. Shared by server and browser; pure.
import type { Unit } from './units.ts';

export interface Line {
  readonly metric: string;
  readonly label: string;
}

export interface Plot {
  readonly title: string;
  readonly unit: Unit;
  /** Of what was sampled; default 1. */
  readonly factor?: number;
  readonly lines: readonly Line[];
}

export type Values = readonly (number | null)[];

/** As the API answers, the part that charts need. */
export interface Sampled {
  readonly level: string;
  readonly times: readonly number[];
  readonly values: Readonly<Record<string, Values>>;
  readonly highs: Readonly<Record<string, Values>>;
}

export interface DrawnLine {
  readonly label: string;
  /** As long as the times. */
  readonly values: Values;
}

/** Each line, and where intervals have hidden peaks, those as lines of their own. */
export function linesOf(plot: Plot, sampled: Sampled): DrawnLine[] {
  const { factor = 1, lines } = plot;
  const scaled = (values: Values | undefined): Values =>
    sampled.times.map((_, index) => {
      const value = values?.[index];
      return value === undefined || value === null || !Number.isFinite(value) ? null : value * factor;
    });
  const means = lines.map(({ metric, label }) => ({ label, values: scaled(sampled.values[metric]) }));
  if (sampled.level === '1s' || lines.length > 1) return means;
  const peaks = lines.flatMap(({ metric, label }) => {
    const highs = sampled.highs[metric];
    return highs === undefined ? [] : [{ label: `${label}, highest`, values: scaled(highs) }];
  });
  return [...means, ...peaks];
}

export interface Extremes {
  readonly low: number;
  readonly high: number;
}

/** Of all lines; undefined where nothing was sampled. */
export function extremesOf(lines: readonly DrawnLine[]): Extremes | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { values } of lines)
    for (const value of values)
      if (value !== null) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
  return low <= high ? { low, high } : undefined;
}

/** Where the axis ends: a round number at or above the highest, 1 at least. */
export function ceilingOf(high: number): number {
  if (!(high > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(high));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= high * 0.999_999) ?? 10;
  return step * power;
}
