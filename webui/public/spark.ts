// The line of a sparkline from its values. Shared by server and browser; pure.

/** What the drawing's own coordinates go to; the style says how large it is shown. */
export const SPARK_HEIGHT = 100;
/** Values in a line: two minutes by the second. */
export const SPARK_LENGTH = 120;

export type Values = readonly (number | null)[];

export function highest(values: Values): number {
  let high = 0;
  for (const value of values) if (value !== null && value > high) high = value;
  return high;
}

/** Points of each run between gaps; a value that stands alone is a short line. The newest value is at the right end. */
export function runsOf(values: Values): string[] {
  const scale = SPARK_HEIGHT / Math.max(1, highest(values));
  const first = SPARK_LENGTH - values.length;
  const runs: string[] = [];
  let run = '';
  const end = (at: number): void => {
    if (run !== '') runs.push(run.includes(' ') ? run : `${run} ${at},${run.slice(run.indexOf(',') + 1)}`);
    run = '';
  };
  for (const [index, value] of values.entries())
    if (value === null) end(first + index);
    else {
      const point = `${first + index},${Math.round(SPARK_HEIGHT - value * scale)}`;
      run = run === '' ? point : `${run} ${point}`;
    }
  end(SPARK_LENGTH);
  return runs;
}

/** The values that a drawing was made from, about. */
export function valuesOf(runs: readonly string[], high: number): (number | null)[] {
  const values: (number | null)[] = Array.from({ length: SPARK_LENGTH }, () => null);
  for (const run of runs)
    for (const point of run.split(' ')) {
      const [x = Number.NaN, y = Number.NaN] = point.split(',').map(Number);
      if (x >= 0 && x < SPARK_LENGTH) values[x] = ((SPARK_HEIGHT - y) / SPARK_HEIGHT) * Math.max(1, high);
    }
  return values;
}

/** `3.4k` as it is shown: a sparkline needs no more digits than the number beside it. */
export function readAmount(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] as '' | 'k' | 'M' | 'G'];
}
