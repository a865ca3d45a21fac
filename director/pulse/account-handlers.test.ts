// The routes of accounts as the control API calls them: roles, the audit, and that no secret leaves by either.
import { beforeEach, describe, expect, it } from 'vitest';
import { BETTER, FROM, GOOD, ONE_TIME, open, openWithUsers, type Parts } from '../accounts/support/parts.ts';
import type { AuditEntry, ControlBackend } from '../control/backend.ts';
import { answer, toRefusal } from '../control/dispatch.ts';
import { accountHandlers } from './account-handlers.ts';

let audit: AuditEntry[];
let parts: Parts;

beforeEach(async () => {
  audit = [];
  parts = await openWithUsers();
});

interface Reply {
  readonly status: number;
  // What each route answers is checked by its schema elsewhere; here it is looked into.
  readonly body: Record<string, never>;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const handlers = accountHandlers({ ...parts, [Symbol.dispose]() {} });
  const backend: ControlBackend = {
    handlers: handlers as ControlBackend['handlers'],
    revision: () => 1,
    eventsAfter: async () => [],
    follow: () => ({ [Symbol.dispose]() {} }),
    followLive: () => ({ [Symbol.dispose]() {} }),
    audit: (entry) => void audit.push(entry),
  };
  const raw = await answer(backend, {
    ...{ method, target: `/api/v1${path}`, headers: { 'fairlead-author': 'ann', ...headers } },
    readBody: async () => Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    cameFromPeer: false,
  }).catch(toRefusal);
  return { status: raw.status, body: JSON.parse(raw.body) };
}

describe('the routes of accounts', () => {
  it('are for admins, but for those by which one comes in', async () => {
    for (const [method, path, body] of [
      ['GET', '/users', undefined],
      ['POST', '/users', { name: 'eve', role: 'admin', password: GOOD }],
      ['POST', '/users/ann/password', { password: GOOD }],
      ['POST', '/users/bob/role', { role: 'admin' }],
      ['POST', '/users/ann/remove', {}],
      ['GET', '/tokens', undefined],
      ['POST', '/tokens', { name: 'x', role: 'admin' }],
      ['GET', '/sessions', undefined],
    ] as const)
      for (const role of ['viewer', 'operator', 'root', '', 'admin, viewer'])
        expect((await ask(method, path, body, { 'fairlead-role': role })).status, `${path} ${role}`).toBe(
          403,
        );
    expect(parts.accounts.book.users()).toHaveLength(2);
    expect(audit.every((entry) => entry.outcome === 'refused')).toBe(true);
  });

  it('tell what was changed, and leave a record of it without secrets', async () => {
    const login = await ask('POST', '/login', { name: 'bob', password: BETTER, ...FROM });
    expect(login).toMatchObject({ status: 200, body: { user: 'bob', role: 'operator', first_run: false } });
    const { session, csrf } = login.body;
    expect((await ask('POST', '/authenticate', { session, from: '192.0.2.7' })).body).toMatchObject({
      ...{ kind: 'session', user: 'bob', role: 'operator', csrf, first_run: false },
    });
    const users = await ask('GET', '/users');
    expect(users.body).toMatchObject({
      ...{
        first_run: false,
        users: [
          { name: 'ann', sessions: 0 },
          { name: 'bob', sessions: 1, last_login_from: '192.0.2.7' },
        ],
      },
    });
    expect((await ask('POST', '/users/bob/role', { role: 'viewer' })).body).toMatchObject({
      ...{ stored: true, user: { role: 'viewer', sessions: 1 } },
    });
    const token = await ask('POST', '/tokens', { name: 'ci', role: 'operator', expires_days: 7 });
    const { secret } = token.body;
    expect((await ask('POST', '/authenticate', { token: secret, from: '192.0.2.9' })).body).toMatchObject({
      ...{ kind: 'token', user: 'token ci', role: 'operator', first_run: false, expires: expect.any(Number) },
    });
    const sessions = await ask('GET', '/sessions');
    expect(sessions.body).toMatchObject({ sessions: [{ user: 'bob', role: 'viewer', from: '192.0.2.7' }] });
    const own = { current: BETTER, password: 'six purple lanterns swing', session };
    expect((await ask('POST', '/password', own, { 'fairlead-author': 'bob' })).body).toMatchObject({
      stored: true,
    });
    await ask('POST', '/users/bob/password', { password: GOOD });
    await ask('POST', '/logout', { session });
    await ask('POST', '/users/bob/remove');
    const listed = JSON.stringify([users.body, sessions.body, (await ask('GET', '/tokens')).body]);
    for (const hidden of [session, csrf, secret, GOOD, BETTER, own.password, '$scrypt']) {
      expect(JSON.stringify(audit)).not.toContain(hidden);
      expect(listed).not.toContain(hidden);
    }
    expect(audit.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`)).toEqual([
      'login user bob done',
      'userRole user bob done',
      'tokenCreate token ci done',
      'ownPassword user bob done',
      'userPassword user bob done',
      'logout no session done',
      'userRemove user bob done',
    ]);
    expect(audit[1]).toMatchObject({ who: 'ann', before: { role: 'operator' }, after: { role: 'viewer' } });
    expect(audit[4]).toMatchObject({ after: { password: 'changed', sessions_ended: 1 } });
  });

  it('record who tried to log in from where, and no password that went into the wrong field', async () => {
    await ask('POST', '/login', { name: 'bob', password: GOOD, ...FROM });
    await ask('POST', '/login', { name: BETTER, password: '', from: 'x\r\nset-cookie: y', agent: '' });
    expect(audit).toMatchObject([
      { action: 'login', target: 'user bob', outcome: 'refused', after: { from: '192.0.2.7' } },
      {
        action: 'login',
        target: 'user (no account name)',
        outcome: 'refused',
        after: { from: 'xset-cookie: y' },
      },
    ]);
    expect(JSON.stringify(audit)).not.toContain(BETTER);
    expect(audit[0]!.detail).toContain('bad-credentials');
  });

  it('answer with a status that says what kind of no it is', async () => {
    const status = async (...asked: Parameters<typeof ask>) => {
      const { status: code, body } = await ask(...asked);
      return `${code} ${body.code}`;
    };
    expect(await status('POST', '/login', { name: 'bob', password: 'x', ...FROM })).toBe(
      '401 bad-credentials',
    );
    for (let time = 0; time < 9; time++) await ask('POST', '/login', { name: 'bob', password: 'x', ...FROM });
    expect(await status('POST', '/login', { name: 'bob', password: 'x', ...FROM })).toBe(
      '429 too-many-attempts',
    );
    expect(await status('POST', '/authenticate', { session: 'x', from: '' })).toBe('401 unauthenticated');
    expect(await status('POST', '/authenticate', { token: 'fl_x', from: '' })).toBe('401 unauthenticated');
    expect(await status('POST', '/authenticate', { from: '' })).toBe('400 bad-request');
    expect(await status('POST', '/authenticate', { session: 'x', token: 'y', from: '' })).toBe(
      '400 bad-request',
    );
    expect(await status('POST', '/users', { name: 'eve', role: 'viewer', password: 'short' })).toBe(
      '422 weak-password',
    );
    expect(await status('POST', '/users', { name: 'ann', role: 'viewer', password: GOOD })).toBe(
      '409 user-exists',
    );
    expect(await status('POST', '/users', { name: 'A b', role: 'viewer', password: GOOD })).toBe(
      '400 bad-request',
    );
    expect(await status('POST', '/users', { name: 'eve', role: 'root', password: GOOD })).toBe(
      '400 bad-request',
    );
    expect(await status('POST', '/users/ann/role', { role: 'viewer' })).toBe('409 last-admin');
    expect(await status('POST', '/users/ann/remove')).toBe('409 last-admin');
    expect(await status('POST', '/users/eve/remove')).toBe('404 unknown-user');
    expect(await status('POST', '/tokens/x/revoke')).toBe('404 unknown-token');
    expect(await status('POST', '/sessions/x/end')).toBe('404 unknown-session');
    expect(await status('POST', '/tokens', { name: 'a b', role: 'viewer' })).toBe('400 bad-request');
    const own = { current: 'x', password: BETTER };
    expect(await status('POST', '/password', own, { 'fairlead-author': 'bob' })).toBe('401 bad-credentials');
    expect(await status('POST', '/password', own, { 'fairlead-author': 'token ci' })).toBe(
      '404 unknown-user',
    );
    expect(await status('POST', '/setup', { session: 'x', name: 'eve', password: GOOD, ...FROM })).toBe(
      '401 unauthenticated',
    );
  });

  it('lead through the first run', async () => {
    parts = open();
    expect((await ask('GET', '/users')).body).toEqual({ users: [], first_run: true });
    const begun = await ask('POST', '/login', { name: 'admin', password: ONE_TIME, ...FROM });
    expect(begun.body).toMatchObject({ first_run: true, role: 'viewer' });
    const { session } = begun.body;
    expect((await ask('POST', '/authenticate', { session, from: '' })).body).toMatchObject({
      first_run: true,
    });
    const first = await ask('POST', '/setup', { session, name: 'ann', password: GOOD, ...FROM });
    expect(first.body).toMatchObject({ first_run: false, role: 'admin', user: 'ann' });
    expect((await ask('POST', '/authenticate', { session, from: '' })).status).toBe(401);
    expect(JSON.stringify(audit)).not.toContain(ONE_TIME);
    expect(audit.at(-1)).toMatchObject({ action: 'setup', target: 'user ann', outcome: 'done' });
  });
});
