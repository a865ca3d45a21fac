// Reads events by a filter. Every part of it is a bound parameter and none is a pattern, so that no text means more than
// itself; statements are kept by their shape, of which there are few. At worst it looks at the whole table, once.
import type { Database, Statement } from 'better-sqlite3';
import type { EventFilter } from '../model/event-filter.ts';
import type { EventRecord, JsonValue, StoreRead } from './record.ts';

interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly reason: string;
  readonly evidence: string | null;
}

type EventsRead = Extract<StoreRead, { kind: 'events' }>;
type Term = readonly [condition: string, ...values: (string | number)[]];

const KINDS_MAX = 64;

/** Newest `limit`, oldest first. */
export function eventReader(database: Database): (read: EventsRead) => EventRecord[] {
  const statements = new Map<string, Statement>();
  return ({ since, before, limit, filter }) => {
    const terms = [...termsOf(filter), ['id > ?', since], ['id < ?', before]] satisfies Term[];
    const sql = `SELECT * FROM events WHERE ${terms.map(([condition]) => condition).join(' AND ')} ORDER BY id DESC LIMIT ?`;
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    const values = terms.flatMap(([, ...bound]) => bound);
    return (statement.all(...values, limit) as EventRow[]).map(toEvent).reverse();
  };
}

function termsOf({ kinds, subject, q, from, to }: EventFilter): Term[] {
  const terms: Term[] = [];
  if (kinds !== undefined) {
    const few = kinds.slice(0, KINDS_MAX);
    terms.push([`kind IN (${few.map(() => '?').join(', ')})`, ...few]);
  }
  // '0' is the character after '/': everything that begins with the subject and a slash is between the two.
  if (subject !== undefined)
    terms.push([
      '(subject = ? OR (subject >= ? AND subject < ?))',
      ...[subject, `${subject}/`, `${subject}0`],
    ]);
  if (from !== undefined) terms.push(['at >= ?', from]);
  if (to !== undefined) terms.push(['at <= ?', to]);
  if (q !== undefined) terms.push(holding(['kind', 'subject', 'reason'], q));
  return terms;
}

/** One of the columns has the text in it, whatever the case. */
export function holding(columns: readonly string[], q: string): Term {
  const each = columns.map((column) => `instr(lower(${column}), lower(?)) > 0`);
  return [`(${each.join(' OR ')})`, ...columns.map(() => q)];
}

function toEvent(row: EventRow): EventRecord {
  const { evidence, ...rest } = row;
  return evidence === null ? rest : { ...rest, evidence: JSON.parse(evidence) as JsonValue };
}
