// Answers about the past, from the file and from what is under way in memory: one subject over a span, all subjects at one
// time. Reads are bounded by the blocks that there are, and end with `history-slow` when they take too long.
import { FairleadError } from '../model/error.ts';
import type { Level } from '../model/metric.ts';
import { COARSE_COLUMNS, isExact, METRIC_COLUMNS, tidy } from './core/columns.ts';
import { blockOf, type LevelShape, SHAPES, slotOf, timeOf } from './core/levels.ts';
import { clearColumns, emptyColumns, type OpenBlock } from './core/open-block.ts';
import { type NamedColumns, Points } from './core/points.ts';
import { chooseShape, type Extent, planSeries, type SeriesQuestion } from './core/question.ts';
import { rollUp } from './core/roll-up.ts';
import type { Recorder } from './recorder.ts';
import type { Tables } from './tables.ts';

export interface SeriesAnswer extends NamedColumns {
  readonly level: Level;
  /** Length of a point. */
  readonly step_ms: number;
  /** Start of the first one. */
  readonly start: number;
  readonly points: number;
}

export interface MomentAnswer {
  readonly level: Level;
  /** Start of the interval. */
  readonly at: number;
  readonly names: readonly string[];
  /** Row by row, METRICS.length numbers each. */
  readonly values: Float64Array;
}

export interface ReaderSources {
  readonly tables: () => Tables;
  readonly recorder: Recorder;
  readonly monotonic_ms: () => number;
}

const TIME_MAX_MS = 5_000;
/** A moment that is no older is the newest sample's, which may be a little older still. */
const NEWEST_MS = 5_000;

export class Reader {
  readonly #sources: ReaderSources;

  constructor(sources: ReaderSources) {
    this.#sources = sources;
  }

  /** What each level has, in the file and in memory. */
  extents(): Map<Level, Extent> {
    const extents = new Map<Level, Extent>();
    const widen = (level: Level, oldest: number, newest: number): void => {
      const before = extents.get(level);
      extents.set(level, {
        oldest: Math.min(oldest, before?.oldest ?? oldest),
        newest: Math.max(newest, before?.newest ?? newest),
      });
    };
    for (const { level, oldest, newest } of this.#sources.tables().blocks()) widen(level, oldest, newest);
    for (const shape of SHAPES)
      for (const open of this.#sources.recorder.inMemory(shape)) {
        const range = open.range();
        if (range !== undefined)
          widen(shape.level, timeOf(shape, open.block, range.first), timeOf(shape, open.block, range.last));
      }
    return extents;
  }

  series(question: SeriesQuestion): SeriesAnswer {
    const deadline = this.#deadline();
    const plan = planSeries(question, chooseShape(question.from, this.extents(), question.level));
    const { shape, start, points, group } = plan;
    const step_ms = group * shape.step_ms;
    const blocks = this.#blocks(shape, start, start + points * step_ms - 1);
    const collected = new Points(plan, blocks.length);
    for (const block of blocks) {
      deadline();
      const columns = this.#columns(shape, block, question.subject);
      if (columns !== undefined) collected.add(timeOf(shape, block), columns);
    }
    return { level: shape.level, step_ms, start, points, ...collected.finish() };
  }

  /** Those of a level that exist within a span, in order. */
  #blocks(shape: LevelShape, from: number, to: number): number[] {
    const numbers = new Set<number>();
    for (const { level, block } of this.#sources.tables().blocks())
      if (level === shape.level) numbers.add(block);
    for (const open of this.#sources.recorder.inMemory(shape)) numbers.add(open.block);
    // A finer block that is under way is an interval of one that may not be there yet.
    for (const finer of SHAPES.slice(0, SHAPES.indexOf(shape)))
      for (const open of this.#sources.recorder.inMemory(finer))
        numbers.add(blockOf(shape, timeOf(finer, open.block)));
    const [first, last] = [blockOf(shape, from), blockOf(shape, to)];
    return [...numbers].filter((block) => block >= first && block <= last).sort((one, other) => one - other);
  }

  /** A subject in a block: what is stored, over it what is in memory, over that what is under way a level below. */
  #columns(shape: LevelShape, block: number, name: string): Float64Array[] | undefined {
    const { recorder } = this.#sources;
    const columns = emptyColumns(shape);
    const data = this.#sources.tables().row(shape.level, block, name);
    let found = data !== undefined && recorder.lay(data, columns);
    for (const open of recorder.inMemory(shape))
      if (open.block === block && open.lay(name, columns)) found = true;
    const finer = SHAPES[SHAPES.indexOf(shape) - 1];
    if (finer === undefined) return found ? columns : undefined;
    const joined = new Float64Array(COARSE_COLUMNS.length);
    for (const each of this.#blocksUnderWay(finer, shape, block)) {
      const fine = this.#columns(finer, each, name);
      if (fine === undefined) continue;
      rollUp(finer.level, fine, 0, finer.slots, joined);
      const slot = slotOf(shape, timeOf(finer, each));
      for (const [index, value] of joined.entries()) columns[index]![slot] = value;
      found = true;
    }
    return found ? columns : undefined;
  }

  /** Blocks of the finer level that are in memory, and within this one; blocks below them count as they do. */
  #blocksUnderWay(finer: LevelShape, shape: LevelShape, block: number): Set<number> {
    const numbers = new Set<number>();
    const isWithin = (number: number): boolean => blockOf(shape, timeOf(finer, number)) === block;
    for (const each of SHAPES.slice(0, SHAPES.indexOf(shape)))
      for (const open of this.#sources.recorder.inMemory(each)) {
        const number = blockOf(finer, timeOf(each, open.block));
        if (isWithin(number)) numbers.add(number);
      }
    return numbers;
  }

  /** The finest level that has the time; with no subjects if none does. */
  moment(at: number): MomentAnswer {
    const deadline = this.#deadline();
    const { newest } = this.#sources.recorder;
    const asked = newest !== undefined && at > newest && at - newest <= NEWEST_MS ? newest : at;
    for (const shape of SHAPES) {
      const found = this.#momentOf(shape, asked, deadline);
      if (found.names.length > 0) return found;
    }
    const nearest = chooseShape(at, this.extents(), undefined);
    return this.#answer(nearest, at, new Map());
  }

  #momentOf(shape: LevelShape, at: number, deadline: () => void): MomentAnswer {
    const block = blockOf(shape, at);
    const slot = slotOf(shape, at);
    const rows = new Map<string, Float64Array>();
    const columns = emptyColumns(shape);
    for (const { name, data } of this.#sources.tables().rows(shape.level, block)) {
      if (rows.size % 64 === 0) deadline();
      clearColumns(columns);
      if (!this.#sources.recorder.lay(data, columns)) continue;
      const row = new Float64Array(METRIC_COLUMNS);
      for (let column = 0; column < METRIC_COLUMNS; column++) row[column] = columns[column]![slot]!;
      if (!row.every(Number.isNaN)) rows.set(name, row);
    }
    for (const open of this.#sources.recorder.inMemory(shape))
      if (open.block === block) layPictures(open, slot, rows);
    return this.#answer(shape, at, rows);
  }

  #answer(shape: LevelShape, at: number, rows: ReadonlyMap<string, Float64Array>): MomentAnswer {
    const values = new Float64Array(rows.size * METRIC_COLUMNS);
    let next = 0;
    for (const row of rows.values()) {
      values.set(row, next);
      next += METRIC_COLUMNS;
    }
    const start = timeOf(shape, blockOf(shape, at), slotOf(shape, at));
    return { level: shape.level, at: start, names: [...rows.keys()], values };
  }

  #deadline(): () => void {
    const until_ms = this.#sources.monotonic_ms() + TIME_MAX_MS;
    return () => {
      if (this.#sources.monotonic_ms() > until_ms)
        throw new FairleadError('history-slow', 'Reading history takes too long just now.', {
          remedy: 'Ask for a shorter span, or try again.',
        });
    };
  }
}

function layPictures(open: OpenBlock, slot: number, rows: Map<string, Float64Array>): void {
  for (const { subjects, values } of open.at(slot))
    for (const [index, name] of subjects.names.entries()) {
      const row = values.subarray(index * open.width, index * open.width + METRIC_COLUMNS);
      if (row.every(Number.isNaN)) continue;
      rows.set(
        name,
        Float64Array.from(row, (value, column) => (isExact(open.shape.level, column) ? value : tidy(value))),
      );
    }
}
