// Reports of drills on disk: the newest of them, each as the JSON that came.
import type { Database } from 'better-sqlite3';
import { type DrillRecord, type JsonValue, STORE_LIMITS } from './record.ts';

export interface DrillTable {
  write(drill: DrillRecord): void;
  /** Newest first. */
  read(limit: number): DrillRecord[];
  lastId(): number;
}

export function openDrillTable(database: Database): DrillTable {
  const insert = database.prepare('INSERT OR IGNORE INTO drills (id, report) VALUES (?, ?)');
  const trim = database.prepare('DELETE FROM drills WHERE id <= ?');
  const select = database.prepare('SELECT id, report FROM drills ORDER BY id DESC LIMIT ?');
  const last = database.prepare('SELECT max(id) AS id FROM drills');
  return {
    write({ id, report }) {
      insert.run(id, JSON.stringify(report));
      trim.run(id - STORE_LIMITS.drills);
    },
    read: (limit) =>
      (select.all(limit) as { id: number; report: string }[]).map(({ id, report }) => ({
        id,
        report: JSON.parse(report) as JsonValue,
      })),
    lastId: () => (last.get() as { id: number | null }).id ?? 0,
  };
}
