// Opens a database file and never gives up: a damaged file is set aside and a fresh one begun; one that cannot be
// written is read into memory and used from there. What happened is told, so that it can be recorded and shown.
import fs from 'node:fs';
import path from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { FairleadError } from '../model/error.ts';
import { type Migrations, migrate } from './migrate.ts';

export interface OpenedDatabase {
  readonly database: Database;
  /** memory: the file cannot be written; nothing outlives the process. */
  readonly mode: 'file' | 'memory';
  /** Where a damaged file was put. */
  readonly setAside?: string;
  /** Why the mode is memory, or why a file was set aside. */
  readonly detail?: string;
}

export interface DatabaseOptions {
  readonly file: string;
  readonly migrations: Migrations;
  /** Limit of the file, in pages. */
  readonly pages_max: number;
  readonly now_ms: number;
  /** Of a fresh file; default: SQLite's own. */
  readonly page_bytes?: number;
  /** A fresh file can be made smaller again, step by step (PRAGMA incremental_vacuum). */
  readonly shrinks?: boolean;
  /** A larger file than this is not read into memory: memory begins empty then. */
  readonly memory_bytes_max?: number;
}

const BUSY_TIMEOUT_MS = 2_000;
const DAMAGED_KEPT = 3;

export function openDatabase(options: DatabaseOptions): OpenedDatabase {
  try {
    return { database: openFile(options), mode: 'file' };
  } catch (error) {
    if (error instanceof FairleadError) throw error;
    if (!isDamage(error)) return openInMemory(options, options.file, error);
    try {
      const setAside = setAsideDamaged(options.file, options.now_ms);
      return { database: openFile(options), mode: 'file', setAside, detail: sentence(error) };
    } catch (again) {
      return openInMemory(options, undefined, again);
    }
  }
}

function openFile(options: DatabaseOptions): Database {
  const { file, pages_max, migrations } = options;
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o750 });
  const database = new Sqlite(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    const found = database.pragma('integrity_check(1)', { simple: true });
    if (found !== 'ok') throw new DamagedError(String(found));
    shape(database, options);
    database.pragma('journal_mode = WAL');
    // Every commit reaches the disk: an order that was acknowledged must survive a power cut.
    database.pragma('synchronous = FULL');
    database.pragma(`max_page_count = ${pages_max}`);
    migrate(database, migrations);
    // Shows at once that the file can be written, even when there was nothing to migrate.
    database.transaction(() =>
      database.pragma(`user_version = ${database.pragma('user_version', { simple: true })}`),
    )();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Both take effect in a file that is still empty only, and before it gets its log. */
function shape(database: Database, { page_bytes, shrinks }: DatabaseOptions): void {
  if (page_bytes !== undefined) database.pragma(`page_size = ${page_bytes}`);
  if (shrinks === true) database.pragma('auto_vacuum = INCREMENTAL');
}

class DamagedError extends Error {}

/** Whether what went wrong is the file's own fault. */
export function isDamage(error: unknown): boolean {
  if (error instanceof DamagedError) return true;
  const code = sqliteCode(error);
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** SQLite's name for what went wrong, or the system's; empty when it was neither. */
export function sqliteCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Renames the file and its companions; keeps the newest few that were set aside before. */
function setAsideDamaged(file: string, now_ms: number): string {
  const stamp = new Date(now_ms).toISOString().replace(/[:.]/g, '-');
  const aside = `${file}.damaged-${stamp}`;
  fs.renameSync(file, aside);
  // The log belongs to the damaged file: a fresh one must not be rolled forward with it.
  for (const tail of ['-wal', '-shm'])
    if (fs.existsSync(file + tail)) fs.renameSync(file + tail, aside + tail);
  const prefix = `${path.basename(file)}.damaged-`;
  const older = fs
    .readdirSync(path.dirname(file))
    .filter((name) => name.startsWith(prefix) && !/-(wal|shm)$/.test(name))
    .sort()
    .slice(0, -DAMAGED_KEPT);
  for (const name of older)
    for (const tail of ['', '-wal', '-shm'])
      fs.rmSync(path.join(path.dirname(file), name + tail), { force: true });
  return aside;
}

/** Offsets 18 and 19 of the header say WAL (2) or not (1); a database in memory has no WAL (sqlite.org/fileformat2). */
function openInMemory(options: DatabaseOptions, file: string | undefined, why: unknown): OpenedDatabase {
  const { memory_bytes_max = Number.POSITIVE_INFINITY, migrations } = options;
  let database: Database | undefined;
  if (file !== undefined)
    try {
      if (fs.statSync(file).size > memory_bytes_max) throw new Error('too large for memory');
      const bytes = fs.readFileSync(file);
      bytes[18] = 1;
      bytes[19] = 1;
      database = new Sqlite(bytes);
      if (database.pragma('integrity_check(1)', { simple: true }) !== 'ok') database = undefined;
    } catch {
      database = undefined; // No file, not readable, too large: begin empty.
    }
  if (database === undefined) {
    database = new Sqlite(':memory:');
    shape(database, options);
  }
  migrate(database, migrations);
  return { database, mode: 'memory', detail: sentence(why) };
}
