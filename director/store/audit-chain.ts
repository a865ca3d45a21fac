// The chain of hashes through the audit: each record carries SHA-256 over the hash of the one before it and its own canonical
// JSON, so that whoever changes or removes one breaks the chain from there on. Whoever keeps a hash elsewhere (the log has
// them) can also tell that the whole chain was made anew.
import { createHash } from 'node:crypto';
import type { AuditRecord, JsonValue, NewAudit } from './record.ts';

/** What the first record chains from: SHA-256 of `fairlead audit`. */
export const GENESIS = '55c93f3d137ac02d534fbb6288d7b3fdf2d33d4fc8f8919682a9f53ac0824ee3';

/** A place in the chain: everything up to this record. */
export interface ChainPoint {
  readonly id: number;
  readonly hash: string;
}

export const BEGINNING: ChainPoint = { id: 0, hash: GENESIS };

/** What was followed of the chain in one go. */
export interface ChainWalk {
  /** The point before the oldest record that is kept. */
  readonly start: ChainPoint;
  /** How far it holds. */
  readonly point: ChainPoint;
  readonly checked: number;
  /** The end was reached. */
  readonly done: boolean;
  readonly broken?: { readonly id: number; readonly detail: string };
}

/** JSON without blanks, keys in order of their code units: one text for one value. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value as Readonly<Record<string, JsonValue>>);
  return `{${members
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    .join(',')}}`;
}

/** The columns as they are stored: texts, and JSON as canonical text. */
export interface ChainColumns {
  readonly id: number;
  readonly at: number;
  readonly who: string;
  readonly origin: string;
  readonly action: string;
  readonly target: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly outcome: string;
  readonly detail: string;
}

/** SHA-256 over the hash before, a line feed, and the canonical JSON of the record without its hash. */
function chainHash(previous: string, columns: ChainColumns): string {
  const { id, at, who, origin, action, target, before, after, outcome, detail } = columns;
  const text = [
    `"action":${JSON.stringify(action)}`,
    ...(after === null ? [] : [`"after":${after}`]),
    `"at":${at}`,
    ...(before === null ? [] : [`"before":${before}`]),
    `"detail":${JSON.stringify(detail)}`,
    `"id":${id}`,
    `"origin":${JSON.stringify(origin)}`,
    `"outcome":${JSON.stringify(outcome)}`,
    `"target":${JSON.stringify(target)}`,
    `"who":${JSON.stringify(who)}`,
  ];
  return createHash('sha256')
    .update(`${previous}\n{${text.join(',')}}`)
    .digest('hex');
}

export function columnsOf(record: Omit<AuditRecord, 'hash'>): ChainColumns {
  const { before, after, ...rest } = record;
  return {
    ...rest,
    before: before === undefined ? null : canonicalJson(before),
    after: after === undefined ? null : canonicalJson(after),
  };
}

/** The next record of the chain. What the database would change on its way (half characters, fractions) is changed here. */
export function chained(last: ChainPoint, entry: NewAudit): AuditRecord {
  const text = (given: string): string => given.toWellFormed();
  const record = {
    id: last.id + 1,
    at: Math.trunc(entry.at),
    who: text(entry.who),
    origin: text(entry.origin),
    action: text(entry.action),
    target: text(entry.target),
    ...(entry.before === undefined ? {} : { before: entry.before }),
    ...(entry.after === undefined ? {} : { after: entry.after }),
    outcome: entry.outcome,
    detail: text(entry.detail),
  };
  return { ...record, hash: chainHash(last.hash, columnsOf(record)) };
}

/** From there through these records, oldest first. */
export function walk(
  from: ChainPoint,
  records: readonly (ChainColumns & { readonly hash: string })[],
): Pick<ChainWalk, 'point' | 'checked' | 'broken'> {
  let point = from;
  let checked = 0;
  for (const record of records) {
    if (record.id !== point.id + 1)
      return { point, checked, broken: { id: point.id + 1, detail: missing(point.id + 1, record.id - 1) } };
    const hash = chainHash(point.hash, record);
    if (hash !== record.hash)
      return {
        point,
        checked,
        broken: {
          id: record.id,
          detail: `record ${record.id} does not carry the hash that follows from it and the record before: it was changed`,
        },
      };
    point = { id: record.id, hash };
    checked++;
  }
  return { point, checked };
}

export function missing(first: number, last: number): string {
  return first >= last ? `record ${first} is missing` : `records ${first} to ${last} are missing`;
}
