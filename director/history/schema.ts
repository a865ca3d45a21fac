// The shape of the file that history is kept in, one numbered step at a time. A step that has been released is never
// edited: the next one is added below it.
import type { Migrations } from '../database/migrate.ts';

export const HISTORY_MIGRATIONS: Migrations = {
  what: 'history',
  steps: [
    // 1: A row of a level's table is one subject in one block. Its key is the block's number and the subject's id, so that
    // a block's rows lie beside each other, for a moment of all subjects, and a chart's are found by a key each.
    `
    CREATE TABLE subjects (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      -- day when it was sampled last
      seen INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE seconds (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE minutes (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE hours (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    -- what those three hold
    CREATE TABLE blocks (
      level TEXT NOT NULL,
      block INTEGER NOT NULL,
      rows INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      -- start of the first and of the last interval
      oldest INTEGER NOT NULL,
      newest INTEGER NOT NULL,
      PRIMARY KEY (level, block)
    ) STRICT, WITHOUT ROWID;
    -- intervals of a block that is not full yet: all subjects in one interval, in parts
    CREATE TABLE pictures (
      level TEXT NOT NULL,
      block INTEGER NOT NULL,
      slot INTEGER NOT NULL,
      part INTEGER NOT NULL,
      data BLOB NOT NULL,
      PRIMARY KEY (level, block, slot, part)
    ) STRICT, WITHOUT ROWID;
    `,
  ],
};
