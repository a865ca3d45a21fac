// Everything that history's thread does, without the thread: takes samples, writes in slices, answers, keeps to its limit,
// and goes on whatever the disk does. Nothing here throws but answers do.
import { sentence } from '../database/database.ts';
import { SHAPES } from './core/levels.ts';
import { type Subjects, subjectsOf } from './core/open-block.ts';
import type { SeriesQuestion } from './core/question.ts';
import { HistoryFile, type Opening } from './file.ts';
import type { WorkerStatus } from './protocol.ts';
import { type MomentAnswer, Reader, type SeriesAnswer } from './reader.ts';
import { Recorder } from './recorder.ts';

export interface KeeperOptions {
  readonly file: string;
  readonly limit_bytes: number;
  readonly now: () => number;
  readonly monotonic_ms: () => number;
  readonly cpu_ms: () => number;
  /** A file was opened: at the start, and again when it turned out to be damaged. */
  readonly onOpened: (opening: Opening) => void;
  readonly onBehind: (detail: string) => void;
  readonly onRecovered: () => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #file: HistoryFile;
  readonly #recorder: Recorder;
  readonly #reader: Reader;
  #subjects: Subjects = subjectsOf([]);
  #failure: string | undefined;
  /** Something is left to be given back to the disk, or to be given up. */
  #untidy = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#file = new HistoryFile(options, options.limit_bytes);
    const tables = () => this.#file.tables;
    this.#recorder = new Recorder({
      tables,
      makeRoom: (error, bytes) => this.#replaceIfDamaged(error) || this.#file.makeRoom(error, bytes),
      onRefused: (error) => this.#refused(error),
      onStored: () => this.#stored(),
    });
    this.#reader = new Reader({ tables, recorder: this.#recorder, monotonic_ms: options.monotonic_ms });
    options.onOpened(this.#file.opening);
  }

  setSubjects(names: readonly string[]): void {
    this.#subjects = subjectsOf(names);
  }

  setLimit(limit_bytes: number): void {
    this.#file.limit_bytes = limit_bytes;
    this.#untidy = true;
  }

  sample(at: number, span_ms: number, values: Float32Array): void {
    this.#recorder.put({ at, span_ms, subjects: this.#subjects, values });
  }

  /** One slice of what there is to do; false when nothing is left. */
  step(): boolean {
    if (this.#recorder.step()) return true;
    if (!this.#untidy) return false;
    this.#untidy =
      this.#guard(() => this.#file.thin(), false) || this.#guard(() => this.#file.shrink(), false);
    return this.#untidy;
  }

  /** Every few minutes. */
  tidy(): void {
    this.#untidy = true;
  }

  /** Every night. */
  upkeep(): void {
    this.#untidy = true;
    this.#guard(() => this.#file.upkeep(), undefined);
  }

  /** As a file of its own; what is under way in memory is not in it. */
  copy(file: string): Promise<void> {
    return this.#file.copy(file);
  }

  series(question: SeriesQuestion): SeriesAnswer {
    return this.#answer(() => this.#reader.series(question));
  }

  moment(at: number): MomentAnswer {
    return this.#answer(() => this.#reader.moment(at));
  }

  status(): WorkerStatus {
    const { mode, detail } = this.#file.opening;
    const damaged = this.#recorder.damaged;
    const why =
      this.#failure ??
      (mode === 'memory' ? detail : damaged > 0 ? `${damaged} pieces could not be read` : undefined);
    const extents = this.#reader.extents();
    const blocks = this.#file.tables.blocks();
    return {
      state: this.#failure !== undefined ? 'behind' : mode === 'memory' ? 'memory' : 'ok',
      ...(why === undefined ? {} : { detail: why }),
      bytes: this.#file.bytes(),
      bytes_max: this.#file.limit_bytes,
      subjects: this.#subjects.names.length,
      levels: SHAPES.map(({ level, keep_ms }) => ({
        level,
        keep_ms,
        bytes: blocks.reduce((sum, block) => sum + (block.level === level ? block.bytes : 0), 0),
        ...extents.get(level),
      })),
      dropped: this.#recorder.dropped,
      cpu_ms: this.#options.cpu_ms(),
    };
  }

  /** Writes what is under way. */
  close(): void {
    this.#recorder.flush();
    this.#file.close();
  }

  #answer<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!this.#replaceIfDamaged(error)) throw error;
      return read();
    }
  }

  #guard<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      if (!this.#replaceIfDamaged(error)) this.#refused(error);
      return otherwise;
    }
  }

  #replaceIfDamaged(error: unknown): boolean {
    if (!this.#file.replaceIfDamaged(error)) return false;
    this.#recorder.forgetSaved();
    this.#options.onOpened(this.#file.opening);
    return true;
  }

  #refused(error: unknown): void {
    if (this.#failure === undefined) this.#options.onBehind(sentence(error));
    this.#failure = sentence(error);
  }

  #stored(): void {
    if (this.#failure !== undefined) this.#options.onRecovered();
    this.#failure = undefined;
    if (this.#file.isFull()) this.#untidy = true;
  }
}
