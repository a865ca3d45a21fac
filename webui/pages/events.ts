// Events: one time line of all that happened and why, newest first, with filters that addresses carry; one event with its
// evidence and what happened around it; both as files.
import type { ControlClient } from '../../director/control/client.ts';
import type { ApiEvent } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { addressOf, apiQueryOf, type EventFilter, filterOf } from '../events/filter.ts';
import { csv } from '../html/csv.ts';
import type { Page, PageContext } from '../page.ts';
import { view } from '../page.ts';
import { eventBody, eventsBody } from './events-view.ts';

const SHOWN = 100;
const FILE_MAX = 10_000;
const AROUND = 10;
const ID = /^[1-9]\d{0,14}$/;

export const eventPages: readonly Page[] = [
  {
    method: 'get',
    path: '/events',
    role: 'viewer',
    async handle({ client, query, now }) {
      const filter = filterOf(query);
      const before = ID.test(query.before ?? '') ? Number(query.before) : undefined;
      // One more than is shown tells whether there are older ones.
      const asked = { ...apiQueryOf(filter), limit: SHOWN + 1, ...(before === undefined ? {} : { before }) };
      const { events } = await client.call('events', { query: asked });
      const shown = events.slice(-SHOWN).reverse();
      const live = before === undefined && (filter.to === undefined || filter.to > now);
      const newest = events.at(-1)?.id ?? 0;
      return view(
        'Events',
        eventsBody({
          events: shown,
          more: events.length > SHOWN,
          filter,
          before,
          now,
          live: live ? newest : undefined,
        }),
        live ? { scripts: ['events'] } : {},
      );
    },
  },
  {
    method: 'get',
    path: '/events.csv',
    role: 'viewer',
    async handle(context) {
      const events = await everything(context);
      const rows = events.map(({ id, at, kind, subject, reason, evidence }) => [
        ...[id, new Date(at).toISOString(), kind, subject, reason],
        evidence === undefined ? '' : JSON.stringify(evidence),
      ]);
      const body = csv(['id', 'at', 'kind', 'subject', 'reason', 'evidence'], rows);
      return { kind: 'download', name: fileName(context, 'csv'), type: 'text/csv; charset=utf-8', body };
    },
  },
  {
    method: 'get',
    path: '/events.json',
    role: 'viewer',
    async handle(context) {
      const body = `${JSON.stringify({ events: await everything(context) }, null, 1)}\n`;
      return { kind: 'download', name: fileName(context, 'json'), type: 'application/json', body };
    },
  },
  {
    method: 'get',
    path: '/events/:id',
    role: 'viewer',
    async handle({ client, params, now }) {
      const id = ID.test(params.id ?? '') ? Number(params.id) : 0;
      const around = await eventsAround(client, id);
      const event = around.find((each) => each.id === id);
      if (event === undefined)
        throw new FairleadError(
          'unknown-subject',
          `There is no event ${id === 0 ? 'of that number' : id}, or it is no longer kept.`,
          {
            remedy: 'See the list of events.',
          },
        );
      return view(`Event ${id}`, eventBody(event, around, now));
    },
  },
];

/** Newest first. */
async function eventsAround(client: Pick<ControlClient, 'call'>, id: number): Promise<ApiEvent[]> {
  if (id === 0) return [];
  const query = { since: Math.max(0, id - AROUND - 1), before: id + AROUND + 1, limit: 2 * AROUND + 1 };
  const { events } = await client.call('events', { query });
  return events.filter((each) => Math.abs(each.id - id) <= AROUND).reverse();
}

/** What the filter lets through, newest first, as far as the API gives it at once. */
async function everything({ client, query }: PageContext): Promise<ApiEvent[]> {
  const filter: EventFilter = filterOf(query);
  const { events } = await client.call('events', { query: { ...apiQueryOf(filter), limit: FILE_MAX } });
  return events.reverse();
}

function fileName({ picture, now, query }: PageContext, type: string): string {
  const filtered = addressOf(filterOf(query)) === '' ? '' : '-filtered';
  return `events-${picture?.status.node ?? 'director'}-${new Date(now).toISOString().slice(0, 10)}${filtered}.${type}`;
}
