// What is asked of history, and from which level it is answered: the finest that reaches back as far as any does, its
// intervals joined to no more points than were asked for.
import type { Level } from '../../model/metric.ts';
import { type LevelShape, SHAPES, shapeOf } from './levels.ts';

export interface SeriesQuestion {
  readonly subject: string;
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly level?: Level | undefined;
}

/** What a level has: the first interval and the last. */
export interface Extent {
  readonly oldest: number;
  readonly newest: number;
}

export interface SeriesPlan {
  readonly shape: LevelShape;
  /** Start of the first point. */
  readonly start: number;
  /** How many, and how many intervals each. */
  readonly points: number;
  readonly group: number;
}

export function chooseShape(
  from: number,
  extents: ReadonlyMap<Level, Extent>,
  level: Level | undefined,
): LevelShape {
  if (level !== undefined) return shapeOf(level);
  const oldest = [...extents.values()].map((extent) => extent.oldest);
  const wanted = Math.max(from, Math.min(...oldest));
  const found = SHAPES.find((shape, index) => {
    const extent = extents.get(shape.level);
    // A coarser level begins with the interval in which the finer one does.
    const tolerance_ms = SHAPES[index + 1]?.step_ms ?? shape.step_ms;
    return extent !== undefined && extent.oldest <= wanted + tolerance_ms;
  });
  return found ?? SHAPES.find(({ level: each }) => extents.has(each)) ?? SHAPES[0]!;
}

/** Points begin at multiples of their length, so that a chart that moves on does not flicker. */
export function planSeries(question: SeriesQuestion, shape: LevelShape): SeriesPlan {
  const { from, to, points } = question;
  const intervals = Math.max(1, Math.floor(to / shape.step_ms) - Math.floor(from / shape.step_ms) + 1);
  let group = Math.max(1, Math.ceil(intervals / points));
  for (;;) {
    const step_ms = group * shape.step_ms;
    const first = Math.floor(from / step_ms);
    const count = Math.floor(to / step_ms) - first + 1;
    if (count <= points || points < 2) return { shape, start: first * step_ms, points: count, group };
    group++;
  }
}
