// A database file that nobody uses, looked through: whether it is whole, and what schema it has. It is left as it is.
import Sqlite, { type Database } from 'better-sqlite3';
import { sentence } from './database.ts';

export type Examined = { readonly schema: number } | { readonly fault: string };

/** `table`: one that it must have. */
export function examineDatabase(file: string, table: string): Examined {
  let database: Database | undefined;
  try {
    database = new Sqlite(file, { readonly: true, fileMustExist: true });
    const found = String(database.pragma('integrity_check(1)', { simple: true }));
    if (found !== 'ok') return { fault: found };
    const named = database
      .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
      .get(table);
    if (named === undefined) return { fault: `it has no table ${table}` };
    return { schema: Number(database.pragma('user_version', { simple: true })) };
  } catch (error) {
    return { fault: sentence(error) };
  } finally {
    database?.close();
  }
}
