// Reads and writes of the history file's tables. Nothing here decides what is kept; a failed write throws SQLite's error.
import type { Database, Statement } from 'better-sqlite3';
import { FairleadError } from '../model/error.ts';
import { LEVELS, type Level } from '../model/metric.ts';
import type { StoredBlock } from './core/retention.ts';

/** Ids stay below it, so that a key (block and id) is a safe integer: see core/levels.ts. */
const IDS = 2 ** 24;
/** Names that are known, those of former subjects included; the ones not seen for longest are forgotten first. */
const NAMES_MAX = 100_000;

const TABLES: Readonly<Record<Level, string>> = { '1s': 'seconds', '1m': 'minutes', '1h': 'hours' };

export interface BlockNote extends StoredBlock {
  readonly rows: number;
  readonly oldest: number;
  readonly newest: number;
}

export interface Row {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface StoredPicture {
  readonly level: Level;
  readonly block: number;
  readonly slot: number;
  readonly parts: readonly Uint8Array[];
}

interface LevelStatements {
  readonly row: Statement;
  readonly rows: Statement;
  readonly write: Statement;
  readonly sums: Statement;
  readonly drop: Statement;
}

const keyOf = (block: number, id: number): number => block * IDS + id;

export class Tables {
  readonly #database: Database;
  readonly #levels: Readonly<Record<Level, LevelStatements>>;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #statements;
  #blocks: Map<string, BlockNote> | undefined;

  constructor(database: Database) {
    this.#database = database;
    const prepare = (level: Level): LevelStatements => {
      const table = TABLES[level];
      return {
        row: database.prepare(`SELECT data FROM ${table} WHERE key = ?`).pluck(),
        rows: database.prepare(`SELECT key, data FROM ${table} WHERE key >= ? AND key < ? ORDER BY key`),
        write: database.prepare(`INSERT OR REPLACE INTO ${table} (key, data) VALUES (?, ?)`),
        sums: database.prepare(
          `SELECT count(*) AS rows, coalesce(sum(length(data)), 0) AS bytes FROM ${table} WHERE key >= ? AND key < ?`,
        ),
        drop: database.prepare(`DELETE FROM ${table} WHERE key >= ? AND key < ?`),
      };
    };
    this.#levels = { '1s': prepare('1s'), '1m': prepare('1m'), '1h': prepare('1h') };
    this.#statements = {
      insertName: database.prepare('INSERT INTO subjects (name, seen) VALUES (?, ?) RETURNING id').pluck(),
      seen: database.prepare('UPDATE subjects SET seen = ? WHERE id = ? AND seen < ?'),
      note: database.prepare(
        `INSERT OR REPLACE INTO blocks (level, block, rows, bytes, oldest, newest) VALUES (?, ?, ?, ?, ?, ?)`,
      ),
      unnote: database.prepare('DELETE FROM blocks WHERE level = ? AND block = ?'),
      savePicture: database.prepare(
        'INSERT OR REPLACE INTO pictures (level, block, slot, part, data) VALUES (?, ?, ?, ?, ?)',
      ),
      dropPicture: database.prepare('DELETE FROM pictures WHERE level = ? AND block = ? AND slot = ?'),
      dropPictures: database.prepare('DELETE FROM pictures WHERE level = ? AND block = ?'),
      pictures: database.prepare('SELECT * FROM pictures ORDER BY level, block, slot, part'),
      forget: database.prepare(
        `DELETE FROM subjects WHERE seen < ?
         OR id IN (SELECT id FROM subjects ORDER BY seen DESC, id DESC LIMIT -1 OFFSET ${NAMES_MAX})`,
      ),
    };
    this.#loadNames();
  }

  #loadNames(): void {
    this.#ids.clear();
    this.#names.clear();
    for (const { id, name } of this.#database.prepare('SELECT id, name FROM subjects').all() as {
      id: number;
      name: string;
    }[]) {
      this.#ids.set(name, id);
      this.#names.set(id, name);
    }
  }

  /** All or nothing. */
  transaction<T>(work: () => T): T {
    try {
      return this.#database.transaction(work)();
    } catch (error) {
      // What was entered in it is not there after all.
      this.#blocks = undefined;
      try {
        this.#loadNames();
      } catch {
        // Unreadable as well: the first error says it.
      }
      throw error;
    }
  }

  nameOf(id: number): string | undefined {
    return this.#names.get(id);
  }

  /** Of a subject that may be new; inside a transaction. */
  enter(name: string, day: number): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#statements.insertName.get(name, day) as number;
    if (id >= IDS)
      throw new FairleadError('history-full', 'History has seen more subjects than it can number.', {
        remedy: 'Remove history.sqlite in the state folder; it is begun anew.',
      });
    this.#ids.set(name, id);
    this.#names.set(id, name);
    return id;
  }

  markSeen(names: readonly string[], day: number): void {
    for (const name of names) {
      const id = this.#ids.get(name);
      if (id !== undefined) this.#statements.seen.run(day, id, day);
    }
  }

  /** Names of subjects that have not been sampled since a day, and of the longest unseen if there are too many. */
  forgetNames(day: number): void {
    if (this.#statements.forget.run(day).changes > 0) this.#loadNames();
  }

  row(level: Level, block: number, name: string): Uint8Array | undefined {
    const id = this.#ids.get(name);
    if (id === undefined || !this.has(level, block)) return undefined;
    return this.#levels[level].row.get(keyOf(block, id)) as Uint8Array | undefined;
  }

  *rows(level: Level, block: number): Generator<Row> {
    if (!this.has(level, block)) return;
    for (const { key, data } of this.#levels[level].rows.iterate(
      keyOf(block, 0),
      keyOf(block + 1, 0),
    ) as Iterable<{ key: number; data: Uint8Array }>) {
      const name = this.#names.get(key % IDS);
      if (name !== undefined) yield { name, data };
    }
  }

  /** Inside a transaction; `note` follows when all rows are written. */
  write(level: Level, block: number, rows: readonly Row[], day: number): void {
    const { write } = this.#levels[level];
    for (const { name, data } of rows) write.run(keyOf(block, this.enter(name, day)), data);
  }

  /** Adds up what a block holds; `oldest` and `newest` widen what was noted before. */
  note(level: Level, block: number, oldest: number, newest: number): void {
    const before = this.#noted().get(`${level} ${block}`);
    const sums = this.#levels[level].sums.get(keyOf(block, 0), keyOf(block + 1, 0)) as {
      rows: number;
      bytes: number;
    };
    const note: BlockNote = {
      level,
      block,
      ...sums,
      oldest: Math.min(oldest, before?.oldest ?? oldest),
      newest: Math.max(newest, before?.newest ?? newest),
    };
    this.#statements.note.run(level, block, note.rows, note.bytes, note.oldest, note.newest);
    this.#noted().set(`${level} ${block}`, note);
  }

  has(level: Level, block: number): boolean {
    return this.#noted().has(`${level} ${block}`);
  }

  blocks(): readonly BlockNote[] {
    return [...this.#noted().values()];
  }

  #noted(): Map<string, BlockNote> {
    this.#blocks ??= new Map(
      (this.#database.prepare('SELECT * FROM blocks').all() as BlockNote[])
        .filter(({ level }) => (LEVELS as readonly string[]).includes(level))
        .map((note) => [`${note.level} ${note.block}`, note]),
    );
    return this.#blocks;
  }

  drop(level: Level, block: number): void {
    this.transaction(() => {
      this.#levels[level].drop.run(keyOf(block, 0), keyOf(block + 1, 0));
      this.#statements.unnote.run(level, block);
      this.#noted().delete(`${level} ${block}`);
    });
  }

  savePicture({ level, block, slot, parts }: StoredPicture): void {
    this.#statements.dropPicture.run(level, block, slot);
    for (const [part, data] of parts.entries())
      this.#statements.savePicture.run(level, block, slot, part, data);
  }

  dropPictures(level: Level, block: number): void {
    this.#statements.dropPictures.run(level, block);
  }

  *pictures(): Generator<StoredPicture> {
    let found: { level: Level; block: number; slot: number; parts: Uint8Array[] } | undefined;
    for (const { level, block, slot, data } of this.#statements.pictures.iterate() as Iterable<{
      level: Level;
      block: number;
      slot: number;
      data: Uint8Array;
    }>) {
      if (found?.level === level && found.block === block && found.slot === slot) {
        found.parts.push(data);
        continue;
      }
      if (found !== undefined) yield found;
      found = { level, block, slot, parts: [data] };
    }
    if (found !== undefined) yield found;
  }
}
