// Every write there is, through every door: console, API and command line do the same, and leave the same record in the
// audit but for who and whence. A route that is new and has no row here, no page or no command fails.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../director/control/audit-schema.ts';
import { type Route, type RouteName, routes } from '../../director/control/routes.ts';
import { PAGES } from '../../webui/pages/all.ts';
import { start } from '../cli/support/instance.ts';
import { ConsoleSite, PASSWORD, type Visitor } from './support/site.ts';

interface Deed {
  /** Before each of the three, so that they find the same. */
  readonly before?: () => Promise<unknown>;
  readonly cli: (subject: Subject) => readonly string[];
  /** For standard input. */
  readonly input?: string;
  readonly api: (subject: Subject) => {
    readonly path: string;
    readonly body?: unknown;
    readonly text?: string;
  };
  readonly form: (subject: Subject) => { readonly path: string; readonly fields: Record<string, string> };
}

/** What was made for this deed to be done to. */
interface Subject {
  readonly revision: number;
  /** Of a token or a session. */
  readonly id: string;
  readonly text: string;
}

const OTHER = 'another long password';
const RS1 = { service: 'www', server: 'rs1' };

let site: ConsoleSite;
let visitor: Visitor;
let bearer: string;

const client = () => site.instance.client;
const order = (action: 'drain' | 'enable' | 'disable') =>
  client().call(action, { params: RS1, ifMatch: '*', ...(action === 'drain' ? { body: {} } : {}) });
const remove = (name: string) =>
  client()
    .call('userRemove', { params: { user: name } })
    .catch(() => undefined);
const anew = async () => {
  await remove('eve');
  await client().call('userCreate', { body: { name: 'eve', role: 'viewer', password: PASSWORD } });
};
const server = { server: 'www/rs1' };
const path = (action: string) => `/services/www/servers/rs1/${action}`;
const rowOf = (form: string, fields: Record<string, string>) => (subject: Subject) => ({
  path: form,
  fields: { revision: String(subject.revision), sure: 'yes', ...fields },
});

const DEEDS: Partial<Record<RouteName, Deed>> = {
  drain: {
    before: () => order('enable'),
    cli: () => ['drain', 'www', 'rs1'],
    api: () => ({ path: path('drain'), body: {} }),
    form: rowOf('/orders/drain', server),
  },
  enable: {
    before: () => order('drain'),
    cli: () => ['enable', 'www', 'rs1'],
    api: () => ({ path: path('enable') }),
    form: rowOf('/orders/enable', server),
  },
  disable: {
    before: () => order('enable'),
    cli: () => ['disable', 'www', 'rs1'],
    api: () => ({ path: path('disable') }),
    form: rowOf('/orders/disable', server),
  },
  weight: {
    before: () => client().call('weight', { params: RS1, body: { weight: null }, ifMatch: '*' }),
    cli: () => ['weight', 'www', 'rs1', '7'],
    api: () => ({ path: path('weight'), body: { weight: 7 } }),
    form: rowOf('/orders/weight', { ...server, weight: '7' }),
  },
  probe: {
    cli: () => ['probe', 'www', 'rs1'],
    api: () => ({ path: '/probe-now', body: RS1 }),
    form: rowOf('/monitors/probe', server),
  },
  apply: {
    cli: ({ text }) => ['apply', site.instance.file('next.yaml', text), '--comment', 'why'],
    api: ({ text }) => ({ path: '/apply?comment=why', text }),
    form: ({ revision, text }) => ({
      path: '/configuration/apply',
      fields: { base: String(revision), text, comment: 'why' },
    }),
  },
  rollback: {
    cli: () => ['rollback', '1'],
    api: () => ({ path: '/rollback', body: { revision: 1 } }),
    form: ({ revision }) => ({
      path: '/configuration/rollback',
      fields: { base: String(revision), revision: '1' },
    }),
  },
  hold: {
    cli: () => ['hold'],
    api: () => ({ path: '/ha/hold' }),
    form: () => ({ path: '/ha/hold', fields: { moves: 'yes' } }),
  },
  release: {
    cli: () => ['release'],
    api: () => ({ path: '/ha/release' }),
    form: () => ({ path: '/ha/release', fields: {} }),
  },
  notificationsTest: {
    cli: () => ['notifications', '--test'],
    api: () => ({ path: '/notifications/test', body: {} }),
    form: () => ({ path: '/system/notifications', fields: {} }),
  },
  backup: {
    cli: () => ['backup'],
    api: () => ({ path: '/backups', body: {} }),
    form: () => ({ path: '/system/backup', fields: {} }),
  },
  userCreate: {
    before: () => remove('eve'),
    cli: () => ['user', 'add', 'eve', '--role', 'operator', '--password-stdin'],
    input: `${PASSWORD}\n`,
    api: () => ({ path: '/users', body: { name: 'eve', role: 'operator', password: PASSWORD } }),
    form: () => ({
      path: '/system/users',
      fields: { name: 'eve', role: 'operator', password: PASSWORD, again: PASSWORD },
    }),
  },
  userRole: {
    before: anew,
    cli: () => ['user', 'role', 'eve', 'admin'],
    api: () => ({ path: '/users/eve/role', body: { role: 'admin' } }),
    form: () => ({ path: '/system/users/eve/role', fields: { role: 'admin' } }),
  },
  userPassword: {
    before: anew,
    cli: () => ['user', 'password', 'eve', '--password-stdin'],
    input: `${OTHER}\n`,
    api: () => ({ path: '/users/eve/password', body: { password: OTHER } }),
    form: () => ({ path: '/system/users/eve/password', fields: { password: OTHER, again: OTHER } }),
  },
  userRemove: {
    before: anew,
    cli: () => ['user', 'remove', 'eve'],
    api: () => ({ path: '/users/eve/remove' }),
    form: () => ({ path: '/system/users/eve/remove', fields: { sure: 'yes' } }),
  },
  tokenCreate: {
    before: async () => {
      const { tokens } = await client().call('tokens');
      for (const { id } of tokens.filter(({ name }) => name === 'nightly'))
        await client().call('tokenRevoke', { params: { token: id } });
    },
    cli: () => ['token', 'create', 'nightly', '--role', 'viewer'],
    api: () => ({ path: '/tokens', body: { name: 'nightly', role: 'viewer' } }),
    form: () => ({ path: '/system/tokens', fields: { name: 'nightly', role: 'viewer', expires_days: '' } }),
  },
  tokenRevoke: {
    cli: ({ id }) => ['token', 'revoke', id],
    api: ({ id }) => ({ path: `/tokens/${id}/revoke` }),
    form: ({ id }) => ({ path: `/system/tokens/${id}/revoke`, fields: { sure: 'yes' } }),
  },
  sessionEnd: {
    cli: ({ id }) => ['session', 'end', id],
    api: ({ id }) => ({ path: `/sessions/${id}/end` }),
    form: ({ id }) => ({ path: `/system/sessions/${id}/end`, fields: { sure: 'yes' } }),
  },
};

/** Needs a second director: test/browser/lab.root.test.ts. */
const ELSEWHERE: ReadonlySet<string> = new Set(['switchover']);

const WRITES = (Object.entries(routes) as [RouteName, Route][])
  .filter(([, route]) => route.audited === true && route.inside !== true)
  .map(([name]) => name);

let texts = 0;
/** One more server each time, so that the changes are alike and the texts are not. */
async function subjectOf(name: RouteName): Promise<Subject> {
  const { number, text } = await client().call('revision', {
    params: { revision: String((await client().call('revisions')).current) },
  });
  let id = '';
  if (name === 'tokenRevoke')
    id = (await client().call('tokenCreate', { body: { name: 'passing', role: 'viewer' } })).token.id;
  if (name === 'sessionEnd') {
    await anew();
    await site.stranger().login('eve', PASSWORD);
    id = (await client().call('sessions')).sessions.find(({ user }) => user === 'eve')!.id;
  }
  return { revision: number, id, text: `${text.replace(/\n#.*/g, '')}\n# ${++texts}\n` };
}

const DOORS: readonly {
  readonly door: string;
  readonly go: (deed: Deed, subject: Subject) => Promise<unknown>;
}[] = [
  {
    door: 'command line',
    async go(deed, subject) {
      const args = [...deed.cli(subject), '--runtime', site.instance.runtime];
      const started = start(args, {}, 'pipe', deed.input);
      return started.ended;
    },
  },
  {
    door: 'API',
    async go(deed, subject) {
      const { path: target, body, text } = deed.api(subject);
      return site
        .stranger()
        .request(
          'POST',
          `/api/v1${target}`,
          text ?? (body === undefined ? undefined : JSON.stringify(body)),
          {
            authorization: `Bearer ${bearer}`,
            'if-match': '*',
            'content-type': text === undefined ? 'application/json' : 'application/yaml',
          },
        );
    },
  },
  {
    door: 'console',
    async go(deed, subject) {
      const { path: target, fields } = deed.form(subject);
      await visitor.get('/account');
      return visitor.post(target, fields);
    },
  },
];

/** What must be alike: everything but who, whence, when, and what the deed itself was numbered. */
function essence({ action, target, before, after, outcome, detail }: AuditRecord): unknown {
  const text = JSON.stringify({ action, target, before, after, outcome, detail });
  return JSON.parse(
    text
      .replace(/"[0-9a-f]{8,64}"/g, '"HASH"')
      .replace(/\b[0-9a-f]{16}\b/g, 'ID')
      .replace(/"(revision|number)":\d+/g, '"$1":0')
      .replace(/revision \d+/g, 'revision N')
      .replace(/\d{13}/g, 'TIME')
      .replace(/\d{8}T\d{9}Z/g, 'STAMP')
      .replace(/"bytes":\d+/g, '"bytes":0'),
  );
}

beforeAll(async () => {
  site = await ConsoleSite.open();
  visitor = await site.visitor('admin');
  bearer = (await client().call('tokenCreate', { body: { name: 'matrix', role: 'admin' } })).secret;
});
afterAll(() => site?.[Symbol.asyncDispose]());

describe('every write', () => {
  it.each(WRITES)('%s is on a page', (name) => {
    expect(PAGES.filter(({ acts }) => acts === name)).not.toHaveLength(0);
  });

  it.each(WRITES.filter((name) => !ELSEWHERE.has(name)))(
    '%s leaves the same record through every door',
    async (name) => {
      const deed = DEEDS[name];
      if (deed === undefined) throw new Error(`${name} has no row in the matrix`);
      const records: { door: string; record: unknown }[] = [];
      for (const { door, go } of DOORS) {
        await deed.before?.();
        const subject = await subjectOf(name);
        const { records: former } = await client().call('audit', { query: { limit: 1 } });
        const answer = await go(deed, subject);
        const { records: later } = await client().call('audit', { query: { action: name, limit: 1 } });
        const record = later[0];
        if (record === undefined || record.id <= (former[0]?.id ?? 0))
          throw new Error(`${door}: no record of ${name}: ${JSON.stringify(answer).slice(0, 1_000)}`);
        records.push({ door, record: essence(record) });
      }
      const [first, ...others] = records;
      for (const other of others) expect(other).toEqual({ door: other.door, record: first!.record });
    },
  );
});
