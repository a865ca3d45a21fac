// The audit on disk: written in order, trimmed at its old end, and followed along its chain of hashes. What the chain
// begins and ends with is kept beside it, so that a record missing at either end shows as well.
import { isUtf8 } from 'node:buffer';
import type { Database } from 'better-sqlite3';
import {
  BEGINNING,
  type ChainColumns,
  type ChainPoint,
  type ChainWalk,
  columnsOf,
  missing,
  walk,
} from './audit-chain.ts';
import { holding } from './event-query.ts';
import { type AuditRecord, type JsonValue, STORE_LIMITS, type StoreRead } from './record.ts';

export interface AuditTable {
  write(record: AuditRecord): void;
  read(read: Extract<StoreRead, { kind: 'audit' }>): AuditRecord[];
  walk(read: Extract<StoreRead, { kind: 'audit-walk' }>): ChainWalk;
  /** What the next record chains from. */
  last(): ChainPoint;
  /** So many from now on; those beyond go at once. */
  keep(records: number): void;
}

/** So many records are written between two looks at the limits. */
const TRIM_EVERY = 256;

interface AuditRow extends Omit<AuditRecord, 'before' | 'after'> {
  readonly before_json: string | null;
  readonly after_json: string | null;
}

interface Ends {
  readonly trimmed_id: number;
  readonly trimmed_hash: string;
  readonly last_id: number;
  readonly last_hash: string;
}

const TEXTS = ['who', 'origin', 'action', 'target', 'before_json', 'after_json', 'outcome', 'detail', 'hash'];
type ByteRow = Readonly<Record<string, Buffer | null>> & { readonly id: number; readonly at: number };

export function openAuditTable(database: Database): AuditTable {
  let kept: number = STORE_LIMITS.audit;
  const insert = database.prepare(
    `INSERT OR IGNORE INTO audit (id, at, who, origin, action, target, before_json, after_json, outcome, detail, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const setLast = database.prepare('UPDATE audit_ends SET last_id = ?, last_hash = ? WHERE last_id < ?');
  const selectEnds = database.prepare('SELECT * FROM audit_ends');
  const newest = database.prepare('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1');
  const amount = database.prepare(
    `SELECT count(*) AS records, min(id) AS first,
       sum(octet_length(who) + octet_length(origin) + octet_length(target) + octet_length(detail)
         + coalesce(octet_length(before_json), 0) + coalesce(octet_length(after_json), 0) + 128) AS bytes
     FROM audit`,
  );
  const newestUpTo = database.prepare('SELECT id, hash FROM audit WHERE id <= ? ORDER BY id DESC LIMIT 1');
  const setTrimmed = database.prepare('UPDATE audit_ends SET trimmed_id = ?, trimmed_hash = ?');
  const deleteUpTo = database.prepare('DELETE FROM audit WHERE id <= ?');
  // As bytes: what is no UTF-8 any more must not pass for the text that it was made of.
  const selectChain = database.prepare(
    `SELECT id, at, ${TEXTS.map((name) => `CAST(${name} AS BLOB) AS ${name}`).join(', ')}
     FROM audit WHERE id > ? ORDER BY id LIMIT ?`,
  );

  const ends = (): { trimmed: ChainPoint; last: ChainPoint } => {
    const row = selectEnds.get() as Ends | undefined;
    if (row === undefined) return { trimmed: BEGINNING, last: BEGINNING };
    return {
      trimmed: { id: row.trimmed_id, hash: row.trimmed_hash },
      last: { id: row.last_id, hash: row.last_hash },
    };
  };

  function trim(last: number): void {
    const { records, first, bytes } = amount.get() as {
      records: number;
      first: number | null;
      bytes: number;
    };
    if (first === null) return;
    const cut = bytes > STORE_LIMITS.audit_bytes ? first + Math.ceil(records / 8) : last - kept;
    const point = newestUpTo.get(cut) as ChainPoint | undefined;
    if (point === undefined) return;
    setTrimmed.run(point.id, point.hash);
    deleteUpTo.run(point.id);
  }

  return {
    keep(records) {
      kept = records;
      trim(ends().last.id);
    },
    write(record) {
      const { id, at, who, origin, action, target, before, after, outcome, detail } = columnsOf(record);
      insert.run(id, at, who, origin, action, target, before, after, outcome, detail, record.hash);
      setLast.run(id, record.hash, id);
      if (id % TRIM_EVERY === 0) trim(id);
    },
    read({ before, limit, filter }) {
      const { who, action, q } = filter;
      const terms = [
        ['id < ?', before],
        ...(who === undefined ? [] : [['who = ?', who]]),
        ...(action === undefined ? [] : [['action = ?', action]]),
        ...(q === undefined ? [] : [holding(['who', 'origin', 'action', 'target', 'detail'], q)]),
      ];
      const where = terms.map(([condition]) => condition).join(' AND ');
      const rows = database
        .prepare(`SELECT * FROM audit WHERE ${where} ORDER BY id DESC LIMIT ?`)
        .all(...terms.flatMap(([, ...bound]) => bound), limit);
      return (rows as AuditRow[]).map(toRecord);
    },
    walk({ after, limit }) {
      const { trimmed, last } = ends();
      const from = after === undefined || after.id < trimmed.id ? trimmed : after;
      const rows = selectChain.all(from.id, limit) as ByteRow[];
      const walked = walk(from, rows.map(toColumns));
      const done = walked.broken !== undefined || rows.length < limit;
      const { point } = walked;
      const atEnd = done && walked.broken === undefined;
      const broken =
        atEnd && point.id < last.id
          ? { id: point.id + 1, detail: missing(point.id + 1, last.id) }
          : atEnd && (point.id > last.id || point.hash !== last.hash)
            ? { id: last.id, detail: `the chain does not end with record ${last.id} as it was written` }
            : walked.broken;
      return { ...walked, start: trimmed, done, ...(broken === undefined ? {} : { broken }) };
    },
    last() {
      const { last } = ends();
      const found = newest.get() as ChainPoint | undefined;
      return found !== undefined && found.id > last.id ? found : last;
    },
  };
}

function toRecord({ before_json, after_json, ...row }: AuditRow): AuditRecord {
  return {
    ...row,
    ...(before_json === null ? {} : { before: readJson(before_json) }),
    ...(after_json === null ? {} : { after: readJson(after_json) }),
  };
}

/** A record that was tampered with is still shown. */
function readJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** Bytes that are no UTF-8 become a text that no record can have had: half a character. */
const NO_TEXT = '\ud800';

function toColumns(row: ByteRow): ChainColumns & { readonly hash: string } {
  const text = (name: string): string => {
    const bytes = row[name];
    return bytes && isUtf8(bytes) ? bytes.toString('utf8') : NO_TEXT;
  };
  return {
    id: row.id,
    at: row.at,
    who: text('who'),
    origin: text('origin'),
    action: text('action'),
    target: text('target'),
    before: row.before_json === null ? null : text('before_json'),
    after: row.after_json === null ? null : text('after_json'),
    outcome: text('outcome'),
    detail: text('detail'),
    hash: text('hash'),
  };
}
