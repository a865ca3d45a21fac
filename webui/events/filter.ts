// Which events a page shows: as a form gives it, as the API is asked, as addresses carry it on, and as the live tail is
// held against it. All four mean the same.
import type { QueryInputOf } from '../../director/control/routes.ts';
import type { ApiEvent } from '../../director/control/schema.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { kindsOf as kindsOfList, matchesEvent } from '../../director/model/event-filter.ts';
import type { Fields } from '../page.ts';
import { kindsOfGroup } from './kinds.ts';

export interface EventFilter {
  readonly group?: string;
  /** Comma-separated; takes the place of the group. */
  readonly kind?: string;
  readonly subject?: string;
  readonly q?: string;
  /** Wall clock, both included. */
  readonly from?: number;
  readonly to?: number;
}

const TEXT_MAX = 256;
const KINDS_MAX_LENGTH = 1_024;

/** Refuses times that are none: an empty list would look like quiet. */
export function filterOf(fields: Fields): EventFilter {
  const text = (name: string, length_max = TEXT_MAX): Record<string, string> => {
    const value = (fields[name] ?? '').trim().slice(0, length_max);
    return value === '' ? {} : { [name]: value };
  };
  const moment = (name: string): Record<string, number> => {
    const value = parseMoment((fields[name] ?? '').trim());
    return value === undefined ? {} : { [name]: value };
  };
  const group = kindsOfGroup(fields.group) === undefined ? {} : text('group');
  return {
    ...group,
    ...text('kind', KINDS_MAX_LENGTH),
    ...text('subject'),
    ...text('q'),
    ...moment('from'),
    ...moment('to'),
  };
}

/** `2026-11-25T22:50` as browsers send it, in UTC like every time of the console; or milliseconds since 1970. */
export function parseMoment(text: string): number | undefined {
  if (text === '') return undefined;
  const parsed = /^\d{1,15}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z?$/.test(text)
      ? Date.parse(`${text.replace(' ', 'T').replace(/Z$/, '')}Z`)
      : Number.NaN;
  if (Number.isInteger(parsed) && parsed >= 0 && parsed <= 8.64e15) return parsed;
  throw new FairleadError('bad-request', `${text.slice(0, 40)} is no time.`, {
    remedy: 'Write 2026-11-25T22:50, in UTC.',
    exit: EXIT.usage,
  });
}

/** For fields of the kind datetime-local. */
export function momentField(at: number | undefined): string {
  return at === undefined ? '' : new Date(at).toISOString().slice(0, 19);
}

function kindsOf({ group, kind = '' }: EventFilter): readonly string[] | undefined {
  const named = kindsOfList(kind);
  return named.length > 0 ? named : kindsOfGroup(group);
}

export function apiQueryOf(filter: EventFilter): QueryInputOf<'events'> {
  const { subject, q, from, to } = filter;
  const kinds = kindsOf(filter);
  return {
    ...(kinds === undefined ? {} : { kind: kinds.join(',') }),
    ...(subject === undefined ? {} : { subject }),
    ...(q === undefined ? {} : { q }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** `?group=pair&q=lb2`, or nothing. */
export function addressOf(filter: EventFilter, more: Readonly<Record<string, string | number>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, ...more })) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}

/** As the director would say, so that the live tail and the list agree. */
export function passes(filter: EventFilter, event: ApiEvent): boolean {
  const { group: _group, kind: _kind, ...rest } = filter;
  const kinds = kindsOf(filter);
  return matchesEvent({ ...rest, ...(kinds === undefined ? {} : { kinds }) }, event);
}
