// A database as a file of its own, while it is being used: what is written meanwhile is in it or not, never half. The copy
// needs no log beside it.
import type { Database } from 'better-sqlite3';

/** Of 4 KiB, between two looks at what else there is to do. */
const STEP_PAGES = 500;

export async function copyDatabase(database: Database, file: string): Promise<void> {
  await database.backup(file, { progress: () => STEP_PAGES });
}
