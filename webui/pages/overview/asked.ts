// What an address of the overview asks for: filter, states, order, page, and perhaps a time in the past. Whatever cannot be
// understood is as if it were not there. Pure.
import type { Fields } from '../../page.ts';

export const SORTS = ['configured', 'name', 'health', 'load'] as const;
export type Sort = (typeof SORTS)[number];
export const STATES = ['all', 'trouble'] as const;
export type States = (typeof STATES)[number];

export interface Asked {
  readonly q: string;
  readonly states: States;
  readonly sort: Sort;
  readonly page: number | 'all';
  /** Start of a minute in the past; undefined: now. */
  readonly at: number | undefined;
}

const QUERY_MAX_LENGTH = 256;
const PAGE_MAX = 1_000_000;
const MINUTE_MS = 60_000;

export function readAsked(query: Fields): Asked {
  const page = Number(query.page ?? 1);
  return {
    q: (query.q ?? '').slice(0, QUERY_MAX_LENGTH).trim(),
    states: STATES.find((each) => each === query.states) ?? 'all',
    sort: SORTS.find((each) => each === query.sort) ?? 'configured',
    page:
      query.page === 'all' ? 'all' : Number.isSafeInteger(page) && page >= 1 && page <= PAGE_MAX ? page : 1,
    at: readMinute(query.at ?? ''),
  };
}

/** `2026-11-25T22:50`, as a datetime-local field has it, in UTC as all times of the console. */
function readMinute(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(text)) return undefined;
  const at = Date.parse(`${text}Z`);
  return Number.isNaN(at) || at < 0 ? undefined : Math.floor(at / MINUTE_MS) * MINUTE_MS;
}

export function minuteText(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}

/** The address that asks for this; what is usual is left out. */
export function addressOf(asked: Asked, changes: Partial<Asked> = {}, path = '/'): string {
  const { q, states, sort, page, at } = { ...asked, ...changes };
  const query = new URLSearchParams();
  if (q !== '') query.set('q', q);
  if (states !== 'all') query.set('states', states);
  if (sort !== 'configured') query.set('sort', sort);
  if (page !== 1) query.set('page', String(page));
  if (at !== undefined) query.set('at', minuteText(at));
  return query.size === 0 ? path : `${path}?${query}`;
}

export function minuteBefore(at: number): number {
  return at - MINUTE_MS;
}

export function minuteAfter(at: number): number {
  return at + MINUTE_MS;
}
