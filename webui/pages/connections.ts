// Connections and persistence templates: searched by client, service, server, state and kind, in pages and as a file. The API
// gives as many as one wants and no pages, so that a bounded number is read and cut here.

import { csv } from '../html/csv.ts';
import type { Fields, Page } from '../page.ts';
import { view } from '../page.ts';
import type { ConnectionsAsked } from './connections-view.ts';
import { connectionsBody } from './connections-view.ts';

const READ_MAX = 10_000;
const FILE_MAX = 100_000;
const TEXT_MAX_LENGTH = 128;

const COLUMNS = [
  ...['kind', 'protocol', 'client', 'virtual', 'server', 'service', 'server_name', 'method', 'state'],
  ...['expires_ms', 'packets_in', 'packets_out', 'bytes_in', 'bytes_out', 'controls'],
] as const;
export const connectionPages: readonly Page[] = [
  {
    method: 'get',
    path: '/connections',
    role: 'viewer',
    async handle({ client, query, picture, now }) {
      const asked = askedOf(query);
      const { connections, truncated } = await client.call('connections', {
        query: { ...asked, limit: READ_MAX },
      });
      return view(
        'Connections',
        connectionsBody({
          ...{ asked, found: connections, truncated, now, page: pageOf(query.page) },
          services: picture?.services.map(({ name }) => name) ?? [],
        }),
      );
    },
  },
  {
    method: 'get',
    path: '/connections.csv',
    role: 'viewer',
    async handle({ client, query, picture, now }) {
      const { connections } = await client.call('connections', {
        query: { ...askedOf(query), limit: FILE_MAX },
      });
      const rows = connections.map((each) => COLUMNS.map((column) => each[column]));
      const name = `connections-${picture?.status.node ?? 'director'}-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}.csv`;
      return { kind: 'download', name, type: 'text/csv; charset=utf-8', body: csv(COLUMNS, rows) };
    },
  },
];

function askedOf(query: Fields): ConnectionsAsked {
  const field = (name: 'client' | 'service' | 'server' | 'state'): ConnectionsAsked => {
    const value = (query[name] ?? '').trim().slice(0, TEXT_MAX_LENGTH);
    return value === '' ? {} : { [name]: value };
  };
  const { kind } = query;
  return {
    ...{ ...field('client'), ...field('service'), ...field('server'), ...field('state') },
    ...(kind === 'connection' || kind === 'template' ? { kind } : {}),
  };
}

function pageOf(text: string | undefined): number {
  return /^[1-9]\d{0,5}$/.test(text ?? '') ? Number(text) : 1;
}
