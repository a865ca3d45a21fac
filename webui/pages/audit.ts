// The audit: who changed what, from where, with what outcome; the chain of hashes can be followed from here.
import type { AuditRecord } from '../../director/control/audit-schema.ts';
import type { QueryInputOf } from '../../director/control/routes.ts';
import { csv } from '../html/csv.ts';
import { html } from '../html/html.ts';
import type { Fields, Page, PageContext } from '../page.ts';
import { view } from '../page.ts';
import { type AuditFilter, auditBody, verifyBody } from './audit-view.ts';

const SHOWN = 50;
const FILE_PAGE = 1_000;
const FILE_MAX = 20_000;
const ID = /^[1-9]\d{0,14}$/;

export const auditPages: readonly Page[] = [
  {
    method: 'get',
    path: '/audit',
    role: 'admin',
    async handle({ client, query, now }) {
      const filter = auditFilterOf(query);
      const before = beforeOf(query);
      const { records, more } = await client.call('audit', { query: { ...filter, ...before, limit: SHOWN } });
      return view('Audit', auditBody({ records, more, filter, before: before.before, now }));
    },
  },
  {
    method: 'get',
    path: '/audit.csv',
    role: 'admin',
    async handle(context) {
      const records = await everything(context);
      const rows = records.map(
        ({ id, at, who, origin, action, target, outcome, detail, before, after, hash }) => [
          ...[id, new Date(at).toISOString(), who, origin, action, target, outcome, detail],
          ...[jsonOf(before), jsonOf(after), hash],
        ],
      );
      const head = [
        'id',
        'at',
        'who',
        'origin',
        'action',
        'target',
        'outcome',
        'detail',
        'before',
        'after',
        'hash',
      ];
      const name = `audit-${context.picture?.status.node ?? 'director'}-${new Date(context.now).toISOString().slice(0, 10)}.csv`;
      return { kind: 'download', name, type: 'text/csv; charset=utf-8', body: csv(head, rows) };
    },
  },
  {
    method: 'get',
    path: '/audit/verify',
    role: 'admin',
    async handle({ client }) {
      const result = await client.call('auditVerify');
      return view('Chain of the audit', html`<p><a href="/audit">Audit</a></p>${verifyBody(result)}`);
    },
  },
];

function auditFilterOf(query: Fields): AuditFilter {
  const field = (name: 'who' | 'action' | 'q', length_max: number): AuditFilter => {
    const value = (query[name] ?? '').trim().slice(0, length_max);
    return value === '' ? {} : { [name]: value };
  };
  return { ...field('who', 64), ...field('action', 64), ...field('q', 256) };
}

function beforeOf(query: Fields): Pick<QueryInputOf<'audit'>, 'before'> & { readonly before?: number } {
  return ID.test(query.before ?? '') ? { before: Number(query.before) } : {};
}

/** Page by page, as far as it goes; bounded, as a file that nobody can open helps nobody. */
async function everything({ client, query }: PageContext): Promise<AuditRecord[]> {
  const filter = auditFilterOf(query);
  const all: AuditRecord[] = [];
  let before: number | undefined;
  while (all.length < FILE_MAX) {
    const page = { ...filter, ...(before === undefined ? {} : { before }), limit: FILE_PAGE };
    const { records, more } = await client.call('audit', { query: page });
    all.push(...records);
    const last = records.at(-1)?.id;
    if (!more || last === undefined || (before !== undefined && last >= before)) break;
    before = last;
  }
  return all;
}

function jsonOf(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}
