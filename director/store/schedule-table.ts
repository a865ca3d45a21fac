// What was done of the schedule, on disk: a record for each entry, as JSON.
import type { Database } from 'better-sqlite3';
import type { ScheduleRecord } from '../model/schedule.ts';

export interface ScheduleTable {
  write(record: ScheduleRecord): void;
  forget(name: string): void;
  all(): ScheduleRecord[];
}

export function openScheduleTable(database: Database): ScheduleTable {
  const insert = database.prepare('INSERT OR REPLACE INTO schedule (name, record) VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM schedule WHERE name = ?');
  const select = database.prepare('SELECT record FROM schedule ORDER BY name');
  return {
    write: (record) => void insert.run(record.name, JSON.stringify(record)),
    forget: (name) => void remove.run(name),
    all: () =>
      (select.all() as { record: string }[]).map(({ record }) => JSON.parse(record) as ScheduleRecord),
  };
}
