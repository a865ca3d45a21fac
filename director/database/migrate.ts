// Brings a database up to date, one numbered step at a time, each in a transaction: PRAGMA user_version says how many
// have been carried out. A database that a newer release has written is refused and left as it is.
import type { Database } from 'better-sqlite3';
import { FairleadError } from '../model/error.ts';

export interface Migrations {
  /** What the database is to people: `store`. */
  readonly what: string;
  readonly steps: readonly string[];
}

export function migrate(database: Database, { what, steps }: Migrations): void {
  const found = Number(database.pragma('user_version', { simple: true }));
  if (found > steps.length)
    throw new FairleadError(
      `${what}-too-new`,
      `The ${what} has schema ${found}, this release knows schema ${steps.length}.`,
      { remedy: 'Install the release that wrote it, or give another folder with --state.' },
    );
  for (let version = found; version < steps.length; version++)
    database.transaction(() => {
      database.exec(steps[version]!);
      database.pragma(`user_version = ${version + 1}`);
    })();
}
