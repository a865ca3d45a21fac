// The database's shape, one numbered step at a time. A step that has been released is never edited: the next one
// is added below it. PRAGMA user_version says how many have been carried out.

export const MIGRATIONS: readonly string[] = [
  // 1: events, revisions, orders, verdicts
  `
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT
  ) STRICT;
  CREATE TABLE revisions (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    comment TEXT NOT NULL,
    hash TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE orders (
    service TEXT NOT NULL,
    server TEXT NOT NULL,
    admin TEXT NOT NULL,
    weight INTEGER,
    since INTEGER NOT NULL,
    deadline INTEGER,
    at_deadline TEXT,
    drained INTEGER,
    author TEXT NOT NULL,
    PRIMARY KEY (service, server)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE verdicts (
    key TEXT PRIMARY KEY,
    health TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;
