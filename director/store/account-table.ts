// Reads and writes of users, tokens and sessions. What is read is held against ACCOUNT_LIMITS: the newest stay.
import type { Database } from 'better-sqlite3';
import {
  ACCOUNT_LIMITS,
  type AccountTrace,
  type AccountWrite,
  type SessionRecord,
  type StoredAccounts,
  type TokenRecord,
  type UserRecord,
} from '../model/account.ts';

export const ACCOUNT_MIGRATION = `
  CREATE TABLE users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    hash TEXT NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    password_changed INTEGER NOT NULL,
    last_login INTEGER,
    last_login_from TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires INTEGER,
    last_used INTEGER,
    last_used_from TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    user TEXT NOT NULL,
    first_run INTEGER NOT NULL,
    "from" TEXT NOT NULL,
    agent TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `;

interface UserRow {
  name: string;
  role: UserRecord['role'];
  hash: string;
  created: number;
  created_by: string;
  password_changed: number;
  last_login: number | null;
  last_login_from: string | null;
}

interface TokenRow {
  id: string;
  digest: string;
  name: string;
  role: TokenRecord['role'];
  created: number;
  created_by: string;
  expires: number | null;
  last_used: number | null;
  last_used_from: string | null;
}

interface SessionRow {
  id: string;
  digest: string;
  user: string;
  first_run: number;
  from: string;
  agent: string;
  created: number;
  last_seen: number;
}

export interface AccountTable {
  write(write: AccountWrite | AccountTrace): void;
  state(): StoredAccounts;
}

export function openAccountTable(database: Database): AccountTable {
  const putUser = database.prepare('INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const dropUser = database.prepare('DELETE FROM users WHERE name = ?');
  const noteLogin = database.prepare('UPDATE users SET last_login = ?, last_login_from = ? WHERE name = ?');
  const putToken = database.prepare('INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const dropToken = database.prepare('DELETE FROM tokens WHERE id = ?');
  const noteUse = database.prepare('UPDATE tokens SET last_used = ?, last_used_from = ? WHERE id = ?');
  const putSession = database.prepare('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const dropSession = database.prepare('DELETE FROM sessions WHERE id = ?');
  const noteSeen = database.prepare('UPDATE sessions SET last_seen = ? WHERE id = ?');

  return {
    write(write) {
      switch (write.kind) {
        case 'user': {
          const { name, role, hash, created, createdBy, passwordChanged, lastLogin, lastLoginFrom } =
            write.user;
          const seen = [lastLogin ?? null, lastLoginFrom ?? null];
          putUser.run(name, role, hash, created, createdBy, passwordChanged, ...seen);
          return;
        }
        case 'forget-user':
          dropUser.run(write.name);
          return;
        case 'user-login':
          noteLogin.run(write.at, write.from, write.name);
          return;
        case 'token': {
          const { id, digest, name, role, created, createdBy, expires, lastUsed, lastUsedFrom } = write.token;
          const used = [expires ?? null, lastUsed ?? null, lastUsedFrom ?? null];
          putToken.run(id, digest, name, role, created, createdBy, ...used);
          return;
        }
        case 'forget-token':
          dropToken.run(write.id);
          return;
        case 'token-used':
          noteUse.run(write.at, write.from, write.id);
          return;
        case 'session': {
          const { id, digest, user, firstRun, from, agent, created, lastSeen } = write.session;
          putSession.run(id, digest, user, firstRun ? 1 : 0, from, agent, created, lastSeen);
          return;
        }
        case 'forget-session':
          dropSession.run(write.id);
          return;
        case 'session-seen':
          noteSeen.run(write.at, write.id);
      }
    },
    state() {
      const read = <T>(table: string, order: string, limit: number): T[] =>
        database.prepare(`SELECT * FROM ${table} ORDER BY ${order} LIMIT ?`).all(limit) as T[];
      return {
        users: read<UserRow>('users', 'created, name', ACCOUNT_LIMITS.users).map(toUser),
        tokens: read<TokenRow>('tokens', 'created DESC, id', ACCOUNT_LIMITS.tokens).map(toToken),
        sessions: read<SessionRow>('sessions', 'last_seen DESC, id', ACCOUNT_LIMITS.sessions).map(toSession),
      };
    },
  };
}

function toUser(row: UserRow): UserRecord {
  const { name, role, hash, created, created_by, password_changed, last_login, last_login_from } = row;
  return {
    ...{ name, role, hash, created, createdBy: created_by, passwordChanged: password_changed },
    ...(last_login === null ? {} : { lastLogin: last_login }),
    ...(last_login_from === null ? {} : { lastLoginFrom: last_login_from }),
  };
}

function toToken(row: TokenRow): TokenRecord {
  const { id, digest, name, role, created, created_by, expires, last_used, last_used_from } = row;
  return {
    ...{ id, digest, name, role, created, createdBy: created_by },
    ...(expires === null ? {} : { expires }),
    ...(last_used === null ? {} : { lastUsed: last_used }),
    ...(last_used_from === null ? {} : { lastUsedFrom: last_used_from }),
  };
}

function toSession(row: SessionRow): SessionRecord {
  const { first_run, last_seen, ...rest } = row;
  return { ...rest, firstRun: first_run !== 0, lastSeen: last_seen };
}
