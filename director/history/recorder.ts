// Takes a picture of every subject each second and makes of it what is stored: a full minute becomes a row per subject and
// one interval of its hour, a full hour likewise of its day. What is under way is read from memory. Work is done in
// slices, so that whoever reads meanwhile need not wait. Writing a block that is there already joins both, and the later
// sample counts: a crash, a restart or a clock that goes back needs no case of its own.
import { FairleadError } from '../model/error.ts';
import { ChunkEncoder, decodeChunk } from './core/chunk.ts';
import { COARSE_COLUMNS } from './core/columns.ts';
import { blockOf, isTime, type LevelShape, SHAPES, slotOf, timeOf } from './core/levels.ts';
import { clearColumns, emptyColumns, OpenBlock, type Picture, type Subjects } from './core/open-block.ts';
import { rollUp } from './core/roll-up.ts';
import { loadOpenBlocks, savePicture } from './open-pictures.ts';
import type { Row, Tables } from './tables.ts';

export interface Sample {
  /** When it was taken. */
  readonly at: number;
  /** It stands for the time since the last one: so long, less if the clock was set meanwhile. */
  readonly span_ms: number;
  readonly subjects: Subjects;
  readonly values: Float32Array;
}

export interface RecorderOptions {
  /** Of the file that is open now. */
  readonly tables: () => Tables;
  /** When the disk refuses so many bytes: true if there is room now that was not there. */
  readonly makeRoom: (error: unknown, bytes: number) => boolean;
  readonly onRefused: (error: unknown) => void;
  readonly onStored: () => void;
}

/** A sample stands for no longer than this. */
const SPAN_MAX_MS = 10_000;
const SLICE_SUBJECTS = 256;
const TRANSACTION_ROWS = 1_024;
/** Blocks that the disk has refused and that are tried again, with the next minute. */
const REFUSED_MAX = 3;
/** Blocks that wait to be written: more than a few there are only if the clock jumps to and fro. */
const CLOSING_MAX = 8;
const DAY_MS = 86_400_000;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #encoder = new ChunkEncoder();
  /** One per level, from the finest. */
  readonly #open: (OpenBlock | undefined)[] = SHAPES.map(() => undefined);
  /** Full, in the order in which they are to be written. */
  readonly #closing: OpenBlock[] = [];
  readonly #refused: OpenBlock[] = [];
  #work: Generator<void> | undefined;
  /** Pictures that the disk has not taken yet. */
  readonly #unsaved = new Map<Picture, OpenBlock>();
  #newest: number | undefined;
  /** Samples that found no room, each of one subject. */
  dropped = 0;
  /** Pieces that could not be read. */
  damaged = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    for (const open of loadOpenBlocks(options.tables(), () => this.damaged++)) this.#take(open);
  }

  /** After a fresh file was begun: what is under way is not in it. */
  forgetSaved(): void {
    for (const block of [...this.#refused, ...this.#closing, ...this.#open])
      if (block !== undefined && block.shape !== SHAPES[0])
        for (const picture of block.pictures) this.#unsaved.set(picture, block);
  }

  #take(open: OpenBlock): void {
    const level = SHAPES.indexOf(open.shape);
    const before = this.#open[level];
    if (before !== undefined) this.#queue(before);
    this.#open[level] = open;
  }

  #queue(full: OpenBlock): void {
    if (full.shape === SHAPES[0]) this.#closing.push(...this.#refused.splice(0));
    this.#closing.push(full);
    // The first is under way already.
    if (this.#closing.length > CLOSING_MAX) this.#lose(this.#closing.splice(1, 1)[0]!);
  }

  #lose(block: OpenBlock): void {
    this.dropped += block.pictures.reduce((total, { subjects }) => total + subjects.names.length, 0);
  }

  put({ at, span_ms, subjects, values }: Sample): void {
    const [finest] = SHAPES as [LevelShape];
    if (!isTime(at)) {
      this.dropped += subjects.names.length;
      return;
    }
    this.#newest = at;
    const span = Math.min(Math.max(span_ms, finest.step_ms), SPAN_MAX_MS);
    const last = Math.floor(at / finest.step_ms);
    const first = Math.min(last, Math.floor((at - span) / finest.step_ms) + 1);
    for (let second = Math.max(0, first); second <= last; second++) {
      const time = second * finest.step_ms;
      this.#opened(0, blockOf(finest, time)).put({ slot: slotOf(finest, time), subjects, values });
    }
  }

  #opened(level: number, block: number): OpenBlock {
    const open = this.#open[level];
    if (open?.block === block) return open;
    if (open !== undefined) this.#queue(open);
    const next = new OpenBlock(SHAPES[level]!, block);
    this.#open[level] = next;
    return next;
  }

  get newest(): number | undefined {
    return this.#newest;
  }

  /** Blocks of a level that are in memory, the oldest word first. */
  inMemory(shape: LevelShape): OpenBlock[] {
    return [...this.#refused, ...this.#closing, this.#open[SHAPES.indexOf(shape)]].filter(
      (each) => each?.shape === shape,
    ) as OpenBlock[];
  }

  /** One slice of what there is to do; false when nothing is left. */
  step(): boolean {
    if (this.#work === undefined) {
      const next = this.#closing[0];
      if (next === undefined) return false;
      this.#work = this.#close(next);
    }
    if (this.#work.next().done === true) this.#work = undefined;
    return this.#work !== undefined || this.#closing.length > 0;
  }

  /** Everything that is under way goes to the file; for the end. */
  flush(): void {
    while (this.step());
    const open = this.#open[0];
    if (open === undefined) return;
    this.#open[0] = undefined;
    this.#queue(open);
    while (this.step());
  }

  *#close(open: OpenBlock): Generator<void> {
    const { shape, block } = open;
    const subjects = open.subjects();
    const range = open.range();
    const parent = SHAPES[SHAPES.indexOf(shape) + 1];
    const values = new Float32Array(parent === undefined ? 0 : subjects.names.length * COARSE_COLUMNS.length);
    const joined = new Float64Array(COARSE_COLUMNS.length);
    const columns = emptyColumns(shape);
    const stored = this.#canRead(() => this.#options.tables().has(shape.level, block)) ?? false;
    const rows: Row[] = [];
    for (const [index, name] of subjects.names.entries()) {
      clearColumns(columns);
      if (stored) this.#layStored(shape, block, name, columns);
      open.lay(name, columns);
      rows.push({ name, data: this.#encoder.encode(columns) });
      if (parent !== undefined) {
        rollUp(shape.level, columns, 0, shape.slots, joined);
        values.set(joined, index * joined.length);
      }
      if (index % SLICE_SUBJECTS === SLICE_SUBJECTS - 1) yield;
    }
    this.#closing.shift();
    if (range === undefined) return;
    if (parent !== undefined) {
      const time = timeOf(shape, block);
      const above = this.#opened(SHAPES.indexOf(parent), blockOf(parent, time));
      const picture = { slot: slotOf(parent, time), subjects, values };
      above.put(picture);
      for (const [other, where] of this.#unsaved)
        if (where === above && !above.pictures.includes(other)) this.#unsaved.delete(other);
      this.#unsaved.set(picture, above);
    }
    // Those of this block become rows, or are lost with it.
    for (const [picture, where] of this.#unsaved) if (where === open) this.#unsaved.delete(picture);
    this.#store(open, rows, range);
  }

  #store(open: OpenBlock, rows: readonly Row[], range: { first: number; last: number }): void {
    try {
      this.#write(open, rows, range);
      this.#options.onStored();
    } catch (error) {
      try {
        const bytes = rows.reduce((total, { data }) => total + data.length, 0);
        if (!this.#options.makeRoom(error, bytes)) throw error;
        this.#write(open, rows, range);
        this.#options.onStored();
      } catch (again) {
        this.#refused.push(open);
        if (this.#refused.length > REFUSED_MAX) this.#lose(this.#refused.shift()!);
        this.#options.onRefused(again);
      }
    }
  }

  /** Several transactions where one would make the log too long; carried out twice it does no harm. */
  #write({ shape, block }: OpenBlock, rows: readonly Row[], range: { first: number; last: number }): void {
    const tables = this.#options.tables();
    const day = Math.floor(timeOf(shape, block) / DAY_MS);
    const from = Math.max(0, Math.ceil(rows.length / TRANSACTION_ROWS) - 1) * TRANSACTION_ROWS;
    for (let at = 0; at < from; at += TRANSACTION_ROWS)
      tables.transaction(() => tables.write(shape.level, block, rows.slice(at, at + TRANSACTION_ROWS), day));
    tables.transaction(() => {
      tables.write(shape.level, block, rows.slice(from), day);
      tables.note(shape.level, block, timeOf(shape, block, range.first), timeOf(shape, block, range.last));
      tables.dropPictures(shape.level, block);
      for (const [picture, above] of this.#unsaved) savePicture(tables, this.#encoder, above, picture, day);
      if (shape !== SHAPES[0])
        tables.markSeen(
          rows.map(({ name }) => name),
          day,
        );
    });
    this.#unsaved.clear();
  }

  #layStored(shape: LevelShape, block: number, name: string, columns: readonly Float64Array[]): void {
    const data = this.#canRead(() => this.#options.tables().row(shape.level, block, name));
    if (data !== undefined) this.lay(data, columns);
  }

  /** A stored row into columns; what cannot be read is counted and left out. */
  lay(data: Uint8Array, columns: readonly Float64Array[]): boolean {
    const decoded = decodeChunk(data);
    if (decoded instanceof FairleadError || decoded.length !== columns.length) {
      this.damaged++;
      return false;
    }
    for (const [index, column] of columns.entries()) column.set(decoded[index]!.subarray(0, column.length));
    return true;
  }

  /** Undefined where the disk refuses. */
  #canRead<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#options.onRefused(error);
      return undefined;
    }
  }
}
