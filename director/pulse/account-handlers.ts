// Routes about who may use console and API: from records to what is shown, and for the audit what changed. No secret is
// noted, and none but the one that was just made is answered.

import type { Accounts } from '../accounts/accounts.ts';
import { sessionExpires } from '../accounts/core/session-life.ts';
import { nameForRecords, placeOf } from '../accounts/core/words.ts';
import type { BegunSession, Identified } from '../accounts/login.ts';
import type { Identity, LoginReply, Session, Token, User } from '../control/account-schema.ts';
import type { Handlers } from '../control/backend.ts';
import type { SessionRecord, TokenRecord, UserRecord } from '../model/account.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { OpenedAccounts } from './open-accounts.ts';

type AccountRoute =
  | ('users' | 'userCreate' | 'userPassword' | 'userRole' | 'userRemove' | 'ownPassword')
  | ('tokens' | 'tokenCreate' | 'tokenRevoke')
  | ('sessions' | 'sessionEnd' | 'login' | 'setup' | 'authenticate' | 'logout');

export function accountHandlers({ accounts, login }: OpenedAccounts): Pick<Handlers, AccountRoute> {
  const { book } = accounts;
  return {
    users: () => {
      accounts.sweep();
      const counts = book.sessionCounts();
      const users = book.users().map((user) => toUser(user, counts.get(user.name) ?? 0));
      return { users, first_run: accounts.isFirstRun };
    },
    userCreate: async ({ body, author, note }) => {
      note({ target: `user ${body.name}`, after: { role: body.role } });
      const { value, stored } = await accounts.createUser(body, author);
      return { user: toUser(value, 0), stored };
    },
    userPassword: async ({ params, body, note }) => {
      note(targetUser(params.user!));
      const before = sessionsOf(accounts, params.user!);
      const { value, stored } = await accounts.setPassword(params.user!, body.password);
      note({ after: { password: 'changed', sessions_ended: before } });
      return { user: toUser(value, 0), stored };
    },
    userRole: async ({ params, body, note }) => {
      note({ ...targetUser(params.user!), before: { role: book.user(params.user!)?.role } });
      note({ after: { role: body.role } });
      const { value, stored } = await accounts.setRole(params.user!, body.role);
      return { user: toUser(value, sessionsOf(accounts, value.name)), stored };
    },
    userRemove: async ({ params, note }) => {
      const sessions = sessionsOf(accounts, params.user!);
      note({ ...targetUser(params.user!), before: { role: book.user(params.user!)?.role, sessions } });
      return { done: true, stored: await accounts.removeUser(params.user!) };
    },
    ownPassword: async ({ body, author, note }) => {
      note(targetUser(author));
      const before = sessionsOf(accounts, author);
      const { current, password, session } = body;
      const { value, stored } = await login.changeOwnPassword(author, current, password, session);
      const sessions = sessionsOf(accounts, author);
      note({ after: { password: 'changed', sessions_ended: before - sessions } });
      return { user: toUser(value, sessions), stored };
    },
    tokens: () => ({ tokens: book.tokens().map(toToken) }),
    tokenCreate: async ({ body, author, note }) => {
      const { name, role, expires_days } = body;
      note({ target: `token ${name}`, after: { role, expires_days: expires_days ?? null } });
      const { value, secret, stored } = await accounts.createToken(body, author);
      return { token: toToken(value), secret, stored };
    },
    tokenRevoke: async ({ params, note }) => {
      const token = book.token(params.token!);
      if (token !== undefined) note({ target: `token ${token.name}`, before: { role: token.role } });
      return { done: true, stored: await accounts.revokeToken(params.token!) };
    },
    sessions: () => ({
      sessions: accounts.sessions().map((each) => toSession(each, book.user(each.user))),
    }),
    sessionEnd: async ({ params, note }) => {
      const session = book.session(params.session!);
      if (session !== undefined)
        note({ target: `session of ${session.user}`, before: { from: session.from } });
      return { done: true, stored: await accounts.endSession(params.session!) };
    },
    login: async ({ body, note }) => {
      note({ ...targetUser(body.name), after: { from: placeOf(body.from) } });
      return toLogin(await login.login(body.name, body.password, body));
    },
    setup: async ({ body, note }) => {
      note({ target: `user ${body.name}`, after: { role: 'admin', from: placeOf(body.from) } });
      return toLogin(await login.setup(body.session, body.name, body.password, body));
    },
    authenticate: ({ body: { session, token, from } }) => {
      if (session !== undefined && token === undefined) return toIdentity(login.session(session));
      if (token !== undefined && session === undefined) return toIdentity(login.token(token, from));
      throw new FairleadError('bad-request', 'Exactly one of session and token is needed.', {
        exit: EXIT.usage,
      });
    },
    logout: async ({ body, note }) => {
      const { user, stored } = await login.logout(body.session);
      note(user === undefined ? { target: 'no session' } : targetUser(user));
      return { done: true, stored };
    },
  };
}

function targetUser(name: string): { target: string } {
  return { target: `user ${nameForRecords(name)}` };
}

function sessionsOf({ book }: Accounts, name: string): number {
  return book.sessionCounts().get(name) ?? 0;
}

function toUser(user: UserRecord, sessions: number): User {
  const { name, role, created, createdBy, passwordChanged, lastLogin, lastLoginFrom } = user;
  return {
    ...{ name, role, created, created_by: createdBy, password_changed: passwordChanged, sessions },
    ...(lastLogin === undefined ? {} : { last_login: lastLogin }),
    ...(lastLoginFrom === undefined ? {} : { last_login_from: lastLoginFrom }),
  };
}

function toToken({
  id,
  name,
  role,
  created,
  createdBy,
  expires,
  lastUsed,
  lastUsedFrom,
}: TokenRecord): Token {
  return {
    ...{ id, name, role, created, created_by: createdBy },
    ...(expires === undefined ? {} : { expires }),
    ...(lastUsed === undefined ? {} : { last_used: lastUsed }),
    ...(lastUsedFrom === undefined ? {} : { last_used_from: lastUsedFrom }),
  };
}

function toSession(session: SessionRecord, user: UserRecord | undefined): Session {
  const { id, from, agent, created, lastSeen } = session;
  return {
    ...{ id, user: session.user, role: user?.role ?? 'viewer', from, agent, created },
    ...{ last_seen: lastSeen, expires: sessionExpires(session) },
  };
}

function toLogin({ secret, csrf, user, role, expires, firstRun }: BegunSession): LoginReply {
  return { session: secret, csrf, user, role, expires, first_run: firstRun };
}

function toIdentity(found: Identified): Identity {
  if (found.kind === 'token') {
    const { id, name, role, expires } = found.token;
    const end = expires === undefined ? {} : { expires };
    return { kind: 'token', id, user: `token ${name}`, role, ...end, first_run: false };
  }
  const { session, role, csrf, expires } = found;
  const { id, user, firstRun } = session;
  return { kind: 'session', id, user, role, csrf, expires, first_run: firstRun };
}
