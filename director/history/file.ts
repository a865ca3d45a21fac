// The history file: opened, kept within its limit, and begun anew when it turns out to be damaged. It never takes more
// than its limit, the write-ahead log included; what is given up for that is the plan's decision (core/retention.ts).
import fs from 'node:fs';
import type { Database } from 'better-sqlite3';
import { copyDatabase } from '../database/copy.ts';
import { isDamage, openDatabase, sqliteCode } from '../database/database.ts';
import { SHAPES } from './core/levels.ts';
import { planRetention, type StoredBlock } from './core/retention.ts';
import { HISTORY_MIGRATIONS } from './schema.ts';
import { Tables } from './tables.ts';

export interface FileOptions {
  readonly file: string;
  readonly now: () => number;
  readonly monotonic_ms: () => number;
}

/** What became of opening the file; told once. */
export interface Opening {
  readonly mode: 'file' | 'memory';
  readonly setAside?: string;
  readonly detail?: string;
}

/** Rows are a few hundred bytes to a few thousand: in large pages little room is left over. */
const PAGE_BYTES = 16_384;
const CACHE_KIB = 4_096;
/** Without a disk, and so without a way to give memory back to others. */
const MEMORY_BYTES_MAX = 32 * 2 ** 20;
/** Room for the log within the limit. */
const LOG_BYTES_MAX = 8 * 2 ** 20;
const LOG_PART = 4;
/** Of the limit; beyond it room is made. */
const FULL = 0.95;
/** Pages that may stay free, for what comes next, in a file that is no larger than it may be. */
const FREE_PART = 0.1;
const FREE_PAGES = 64;
/** So many at a time are given back to the disk. */
const VACUUM_PAGES = 256;
/** A clock that has moved so differently from time itself was set, and may be set back: ages wait until it is steady. */
const STEP_MS = 60_000;
const STEADY_MS = 10 * 60_000;
/** Of rows in pages, keys included; on the safe side. */
const OVERHEAD = 1.5;
const SPARE_PAGES = 16;
const REPLACE_INTERVAL_MS = 60_000;
const DAY_MS = 86_400_000;

export class HistoryFile {
  readonly #options: FileOptions;
  #limit_bytes: number;
  #database!: Database;
  #tables!: Tables;
  #opening!: Opening;
  #replacedAt_ms = Number.NEGATIVE_INFINITY;
  /** How far the clock is ahead of time itself, and since when. */
  #clock: { readonly ahead_ms: number; readonly since_ms: number } | undefined;

  constructor(options: FileOptions, limit_bytes: number) {
    this.#options = options;
    this.#limit_bytes = limit_bytes;
    this.#open();
    this.#steadyNow();
  }

  #open(): void {
    const { file, now } = this.#options;
    const { database, ...opening } = openDatabase({
      file,
      migrations: HISTORY_MIGRATIONS,
      pages_max: 2 ** 31,
      now_ms: now(),
      page_bytes: PAGE_BYTES,
      shrinks: true,
      memory_bytes_max: MEMORY_BYTES_MAX,
    });
    database.pragma(`cache_size = -${CACHE_KIB}`);
    this.#database = database;
    this.#opening = opening;
    this.#tables = new Tables(database);
    this.#setLimits();
  }

  get tables(): Tables {
    return this.#tables;
  }

  get opening(): Opening {
    return this.#opening;
  }

  get limit_bytes(): number {
    return this.#opening.mode === 'memory'
      ? Math.min(this.#limit_bytes, MEMORY_BYTES_MAX)
      : this.#limit_bytes;
  }

  set limit_bytes(limit_bytes: number) {
    this.#limit_bytes = limit_bytes;
    this.#setLimits();
  }

  get #log_bytes(): number {
    return Math.min(LOG_BYTES_MAX, Math.floor(this.limit_bytes / LOG_PART));
  }

  get #room_bytes(): number {
    return this.limit_bytes - this.#log_bytes;
  }

  #setLimits(): void {
    this.#database.pragma(`max_page_count = ${Math.max(1, Math.floor(this.#room_bytes / this.#page_bytes))}`);
    this.#database.pragma(`journal_size_limit = ${this.#log_bytes}`);
    this.#database.pragma(
      `wal_autocheckpoint = ${Math.max(1, Math.floor(this.#log_bytes / 4 / this.#page_bytes))}`,
    );
  }

  #number(pragma: string): number {
    return Number(this.#database.pragma(pragma, { simple: true }));
  }

  get #page_bytes(): number {
    return this.#number('page_size');
  }

  /** What it takes of the disk. */
  bytes(): number {
    const log = fs.statSync(`${this.#options.file}-wal`, { throwIfNoEntry: false });
    const database = this.#number('page_count') * this.#page_bytes;
    return database + (this.#opening.mode === 'file' ? (log?.size ?? 0) : 0);
  }

  #used_bytes(): number {
    return (this.#number('page_count') - this.#number('freelist_count')) * this.#page_bytes;
  }

  isFull(): boolean {
    return this.#used_bytes() > this.#room_bytes * FULL;
  }

  /** Gives up what is too old, and what there is no room for, with so many bytes to come. Returns whether anything was. */
  thin(more_bytes = 0): boolean {
    const plan = planRetention({
      blocks: this.#scaled(),
      now: this.#steadyNow(),
      used_bytes: this.#used_bytes(),
      limit_bytes: Math.max(0, this.#room_bytes * FULL - more_bytes),
    });
    for (const { level, block } of plan) this.#tables.drop(level, block);
    return plan.length > 0;
  }

  /** Their part of the pages: more than the sum of their bytes. */
  #scaled(): readonly StoredBlock[] {
    const blocks = this.#tables.blocks();
    const sum = blocks.reduce((total, { bytes }) => total + bytes, 0);
    const scale = sum === 0 ? 1 : Math.max(1, this.#used_bytes() / sum);
    return blocks.map(({ level, block, bytes }) => ({ level, block, bytes: bytes * scale }));
  }

  /** Undefined while the clock is not to be trusted: it was set a moment ago, or this process has just begun. */
  #steadyNow(): number | undefined {
    const now = this.#options.now();
    const monotonic_ms = this.#options.monotonic_ms();
    const ahead_ms = now - monotonic_ms;
    if (this.#clock === undefined || Math.abs(ahead_ms - this.#clock.ahead_ms) > STEP_MS)
      this.#clock = { ahead_ms, since_ms: monotonic_ms };
    return monotonic_ms - this.#clock.since_ms >= STEADY_MS ? now : undefined;
  }

  /** Gives some free pages back to the disk; true while there are more than a few. */
  shrink(): boolean {
    const excess = (): number => {
      const pages = this.#number('page_count');
      const isTooLarge = pages * this.#page_bytes > this.#room_bytes;
      return this.#number('freelist_count') - (isTooLarge ? 0 : Math.max(FREE_PAGES, pages * FREE_PART));
    };
    if (excess() <= 0) return false;
    this.#database.pragma(`incremental_vacuum(${VACUUM_PAGES})`);
    this.#setLimits();
    return excess() > 0;
  }

  /** What a database needs now and then. */
  copy(file: string): Promise<void> {
    return copyDatabase(this.#database, file);
  }

  upkeep(): void {
    const day = Math.floor(this.#options.now() / DAY_MS);
    const keep_days = Math.ceil(Math.max(...SHAPES.map(({ keep_ms }) => keep_ms)) / DAY_MS);
    if (this.#steadyNow() !== undefined) this.#tables.forgetNames(day - keep_days);
    this.#database.pragma('optimize');
    this.#database.pragma('wal_checkpoint(TRUNCATE)');
  }

  /** After a refusal of so many bytes: true if there is room now that was not there. A full disk it cannot help. */
  makeRoom(error: unknown, bytes: number): boolean {
    if (!sqliteCode(error).startsWith('SQLITE_FULL')) return false;
    const needed_bytes = bytes * OVERHEAD + SPARE_PAGES * this.#page_bytes;
    // Far from the limit it is the disk that is full.
    if (this.#number('page_count') * this.#page_bytes + needed_bytes < this.#room_bytes) return false;
    return this.thin(needed_bytes);
  }

  /** Begins anew if the file is what is wrong; true if it did. Looking costs a while, so not again and again. */
  replaceIfDamaged(error: unknown): boolean {
    const now_ms = this.#options.monotonic_ms();
    if (!isDamage(error) || now_ms - this.#replacedAt_ms < REPLACE_INTERVAL_MS) return false;
    this.#replacedAt_ms = now_ms;
    this.#database.close();
    this.#open();
    return true;
  }

  close(): void {
    this.#database.close();
  }
}
