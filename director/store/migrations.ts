// The database's shape, one numbered step at a time. A step that has been released is never edited: the next one
// is added below it. PRAGMA user_version says how many have been carried out.
import { ACCOUNT_MIGRATION } from './account-table.ts';
import { GENESIS } from './audit-chain.ts';

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
  // 2: audit and its chain of hashes, reports of drills, events by kind, subject and time
  `
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    before_json TEXT,
    after_json TEXT,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_who ON audit (who);
  CREATE INDEX audit_action ON audit (action);
  CREATE TABLE audit_ends (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    trimmed_id INTEGER NOT NULL,
    trimmed_hash TEXT NOT NULL,
    last_id INTEGER NOT NULL,
    last_hash TEXT NOT NULL
  ) STRICT;
  INSERT INTO audit_ends VALUES (1, 0, '${GENESIS}', 0, '${GENESIS}');
  CREATE TABLE drills (
    id INTEGER PRIMARY KEY,
    report TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_kind ON events (kind);
  CREATE INDEX events_subject ON events (subject);
  CREATE INDEX events_at ON events (at);
  `,
  // 3: users, tokens, sessions
  ACCOUNT_MIGRATION,
  // 4: what was done of the schedule, and who gave a weight
  `
  ALTER TABLE orders ADD COLUMN weight_author TEXT;
  CREATE TABLE schedule (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;
