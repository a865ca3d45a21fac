// Reads and writes of the store's tables. Every write is bounded by STORE_LIMITS.
import type { Database } from 'better-sqlite3';
import { openAccountTable } from './account-table.ts';
import type { ChainWalk } from './audit-chain.ts';
import { openAuditTable } from './audit-table.ts';
import { openDrillTable } from './drill-table.ts';
import { eventReader } from './event-query.ts';
import {
  type AuditRecord,
  type DrillRecord,
  type EventRecord,
  KEEP_DEFAULT,
  type OrderRecord,
  type RevisionRecord,
  type RevisionSummary,
  STORE_LIMITS,
  type StoredState,
  type StoreKeep,
  type StoreRead,
  type StoreWrite,
  type VerdictRecord,
} from './record.ts';
import { openScheduleTable } from './schedule-table.ts';

export type StoreReply =
  | readonly EventRecord[]
  | readonly AuditRecord[]
  | readonly DrillRecord[]
  | readonly RevisionSummary[]
  | RevisionRecord
  | ChainWalk
  | undefined;

export interface Tables {
  /** All or none. */
  write(writes: readonly StoreWrite[]): void;
  read(read: StoreRead): StoreReply;
  state(): StoredState;
  /** So many from now on; what is beyond goes at once. */
  keep(keep: StoreKeep): void;
  /** Refreshes the planner's statistics and gives the write-ahead log's space back. */
  upkeep(): void;
}

interface OrderRow {
  service: string;
  server: string;
  admin: OrderRecord['admin'];
  weight: number | null;
  since: number;
  deadline: number | null;
  at_deadline: 'cut' | 'keep' | null;
  drained: number | null;
  author: string;
  weight_author: string | null;
}

export function openTables(database: Database): Tables {
  const audit = openAuditTable(database);
  const drills = openDrillTable(database);
  const readEvents = eventReader(database);
  const insertEvent = database.prepare(
    'INSERT OR IGNORE INTO events (id, at, kind, subject, reason, evidence) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const trimEvents = database.prepare('DELETE FROM events WHERE id <= ?');
  const insertRevision = database.prepare(
    'INSERT OR REPLACE INTO revisions (number, at, author, comment, hash, text) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const forgetLaterRevisions = database.prepare('DELETE FROM revisions WHERE number > ?');
  const trimRevisions = database.prepare('DELETE FROM revisions WHERE number <= ?');
  const insertOrder = database.prepare(
    `INSERT OR REPLACE INTO orders (service, server, admin, weight, since, deadline, at_deadline, drained, author, weight_author)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const deleteOrder = database.prepare('DELETE FROM orders WHERE service = ? AND server = ?');
  const insertVerdict = database.prepare(
    'INSERT OR REPLACE INTO verdicts (key, health, reason, at) VALUES (?, ?, ?, ?)',
  );
  const trimVerdicts = database.prepare(
    `DELETE FROM verdicts WHERE key IN (SELECT key FROM verdicts ORDER BY at DESC LIMIT -1 OFFSET ${STORE_LIMITS.verdicts})`,
  );
  const selectRevisions = database.prepare(
    'SELECT number, at, author, comment, hash FROM revisions ORDER BY number',
  );
  const selectRevision = database.prepare('SELECT * FROM revisions WHERE number = ?');

  const accounts = openAccountTable(database);
  const schedule = openScheduleTable(database);
  let keep = KEEP_DEFAULT;

  function writeOne(write: StoreWrite): void {
    switch (write.kind) {
      case 'event': {
        const { id, at, kind, subject, reason, evidence } = write.event;
        insertEvent.run(
          id,
          at,
          kind,
          subject,
          reason,
          evidence === undefined ? null : JSON.stringify(evidence),
        );
        if (id % 256 === 0) trimEvents.run(id - keep.events);
        return;
      }
      case 'audit':
        audit.write(write.record);
        return;
      case 'drill':
        drills.write(write.drill);
        return;
      case 'revision': {
        const { number, at, author, comment, hash, text } = write.revision;
        // A peer's may have a lower number than ours had: what was saved last is the newest.
        forgetLaterRevisions.run(number);
        insertRevision.run(number, at, author, comment, hash, text);
        trimRevisions.run(number - STORE_LIMITS.revisions);
        return;
      }
      case 'order': {
        const { service, server, admin, weight, since, deadline, atDeadline, drained, author } = write.order;
        const { weightAuthor } = write.order;
        insertOrder.run(
          service,
          server,
          admin,
          weight ?? null,
          since,
          deadline ?? null,
          atDeadline ?? null,
          drained ?? null,
          author,
          weightAuthor ?? null,
        );
        return;
      }
      case 'forget-order':
        deleteOrder.run(write.service, write.server);
        return;
      case 'schedule':
        schedule.write(write.record);
        return;
      case 'forget-schedule':
        schedule.forget(write.name);
        return;
      case 'verdict':
        insertVerdict.run(write.verdict.key, write.verdict.health, write.verdict.reason, write.verdict.at);
        return;
      default:
        accounts.write(write);
    }
  }

  const writeAll = database.transaction((writes: readonly StoreWrite[]) => {
    for (const write of writes) writeOne(write);
  });

  const keepOnly = database.transaction(() => {
    const { id } = database.prepare('SELECT max(id) AS id FROM events').get() as { id: number | null };
    if (id !== null) trimEvents.run(id - keep.events);
    audit.keep(keep.audit);
  });

  return {
    keep(given) {
      keep = given;
      keepOnly();
    },
    upkeep() {
      database.pragma('optimize');
      database.pragma('wal_checkpoint(TRUNCATE)');
    },
    write: (writes) => writeAll(writes),
    read(read) {
      switch (read.kind) {
        case 'events':
          return readEvents(read);
        case 'audit':
          return audit.read(read);
        case 'audit-walk':
          return audit.walk(read);
        case 'drills':
          return drills.read(read.limit);
        case 'revisions':
          return selectRevisions.all() as RevisionSummary[];
        case 'revision':
          return selectRevision.get(read.number) as RevisionRecord | undefined;
      }
    },
    state() {
      trimVerdicts.run();
      const last = database.prepare('SELECT max(id) AS id FROM events').get() as { id: number | null };
      const orders = database
        .prepare('SELECT * FROM orders ORDER BY since DESC LIMIT ?')
        .all(STORE_LIMITS.orders) as OrderRow[];
      return {
        lastEventId: last.id ?? 0,
        lastAudit: audit.last(),
        lastDrillId: drills.lastId(),
        revision: database.prepare('SELECT * FROM revisions ORDER BY number DESC LIMIT 1').get() as
          | RevisionRecord
          | undefined,
        revisions: selectRevisions.all() as RevisionSummary[],
        orders: orders.map(toOrder),
        schedule: schedule.all(),
        verdicts: database.prepare('SELECT key, health, reason, at FROM verdicts').all() as VerdictRecord[],
        accounts: accounts.state(),
      };
    },
  };
}

function toOrder(row: OrderRow): OrderRecord {
  const { service, server, admin, since, author } = row;
  return {
    service,
    server,
    admin,
    since,
    author,
    ...(row.weight === null ? {} : { weight: row.weight }),
    ...(row.deadline === null ? {} : { deadline: row.deadline }),
    ...(row.at_deadline === null ? {} : { atDeadline: row.at_deadline }),
    ...(row.drained === null ? {} : { drained: row.drained }),
    ...(row.weight_author === null ? {} : { weightAuthor: row.weight_author }),
  };
}
