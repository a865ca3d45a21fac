// Any JSON as a table of paths and values: evidence of events, before and after in the audit. Whatever is given, the
// result is bounded in rows, in depth and in length, and says so where it had to be cut.

import { absolute } from './format.ts';

export interface ValueRow {
  readonly path: string;
  readonly value: string;
}

export interface ValueRows {
  readonly rows: readonly ValueRow[];
  /** Whether something was left out. */
  readonly cut: boolean;
}

const ROWS_MAX = 200;
const LIST_ITEM_LENGTH = 40;
const DEPTH_MAX = 8;
const PATH_MAX_LENGTH = 200;
const VALUE_MAX_LENGTH = 4_096;

export function valueRows(value: unknown): ValueRows {
  const rows: ValueRow[] = [];
  let cut = false;
  const add = (path: string, text: string): void => {
    if (rows.length >= ROWS_MAX || text.length > VALUE_MAX_LENGTH) cut = true;
    if (rows.length >= ROWS_MAX) return;
    rows.push({ path: shorten(path, PATH_MAX_LENGTH), value: shorten(text, VALUE_MAX_LENGTH) });
  };
  const walk = (path: string, each: unknown, depth: number): void => {
    if (typeof each !== 'object' || each === null) add(path, momentText(path, each) ?? plainText(each));
    else if (isFlat(each)) add(path, listText(each));
    else if (Object.keys(each).length === 0) add(path, 'nothing');
    else if (depth >= DEPTH_MAX) {
      add(path, '…');
      cut = true;
    } else
      for (const [key, item] of Object.entries(each)) {
        if (rows.length >= ROWS_MAX) {
          cut = true;
          return;
        }
        walk(path === '' ? key : `${path}.${key}`, item, depth + 1);
      }
  };
  if (value !== undefined) walk('', value, 0);
  return { rows, cut };
}

const MOMENT = /(^|[._])(at|since|until|deadline|expires|created|started|drained|done)$/;

/** Numbers that are wall clock by name and by size: those of this century. */
function momentText(path: string, value: unknown): string | undefined {
  const isMoment = typeof value === 'number' && value > 9.5e11 && value < 4.1e12 && MOMENT.test(path);
  return isMoment ? absolute(value) : undefined;
}

/** Short ones in a row, sentences below each other. */
function listText(list: readonly unknown[]): string {
  const texts = list.slice(0, ROWS_MAX).map(plainText);
  return texts.join(texts.some(({ length }) => length > LIST_ITEM_LENGTH) ? '\n' : ', ') || 'none';
}

function isFlat(value: object): value is readonly unknown[] {
  return Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null);
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Math.round(value * 1_000) / 1_000);
  return value === undefined ? '' : String(value);
}

/** In one line, for lists. */
export function valuesInShort(value: unknown, length_max = 160): string {
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return '';
  const text = valueRows(value)
    .rows.slice(0, 12)
    .map(({ path, value: each }) => (path === '' ? each : `${path} ${each}`))
    .join(' · ')
    .replace(/\s+/g, ' ');
  return shorten(text, length_max);
}

export interface Change {
  readonly path: string;
  /** Undefined: it was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Only what differs. */
export function changesOf(
  before: unknown,
  after: unknown,
): { readonly changes: readonly Change[]; readonly cut: boolean } {
  const [old, fresh] = [valueRows(before), valueRows(after)];
  const [was, is] = [byPath(old), byPath(fresh)];
  const changes = [...new Set([...was.keys(), ...is.keys()])].flatMap((path) => {
    const change = { path, before: was.get(path), after: is.get(path) };
    return change.before === change.after ? [] : [change];
  });
  return { changes, cut: old.cut || fresh.cut };
}

function byPath({ rows }: ValueRows): Map<string, string> {
  return new Map(rows.map(({ path, value }) => [path, value]));
}

function shorten(text: string, length_max: number): string {
  return text.length <= length_max ? text : `${text.slice(0, length_max - 1)}…`;
}
