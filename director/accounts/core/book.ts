// Users, tokens and sessions in memory, and the rules among them. Pure: time is given, and each change gives back what has
// to be written down. Guarantees: there is an admin as long as there is a user; no session without its user; every
// table bounded by ACCOUNT_LIMITS.
import {
  ACCOUNT_LIMITS,
  type AccountRole,
  type AccountTrace,
  type AccountWrite,
  type SessionRecord,
  type StoredAccounts,
  type TokenRecord,
  type UserRecord,
} from '../../model/account.ts';
import { EXIT, FairleadError } from '../../model/error.ts';
import { isSessionOver, isTokenOver, LIFE } from './session-life.ts';

type Traced<T> = { readonly record: T /** As of when the disk knows. */; readonly traced: number };

export class AccountBook {
  readonly #users = new Map<string, UserRecord>();
  readonly #tokens = new Map<string, Traced<TokenRecord>>();
  readonly #sessions = new Map<string, Traced<SessionRecord>>();

  constructor(stored: StoredAccounts) {
    for (const user of stored.users.slice(0, ACCOUNT_LIMITS.users)) this.#users.set(user.name, user);
    for (const token of stored.tokens.slice(0, ACCOUNT_LIMITS.tokens))
      this.#tokens.set(token.id, { record: token, traced: token.lastUsed ?? 0 });
    for (const session of stored.sessions.slice(0, ACCOUNT_LIMITS.sessions))
      this.#sessions.set(session.id, { record: session, traced: session.lastSeen });
  }

  get isEmpty(): boolean {
    return this.#users.size === 0;
  }

  users(): readonly UserRecord[] {
    return [...this.#users.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  user(name: string): UserRecord | undefined {
    return this.#users.get(name);
  }

  /** Throws unknown-user. */
  needUser(name: string): UserRecord {
    const user = this.#users.get(name);
    if (user !== undefined) return user;
    throw unknownUser();
  }

  /** Throws what stands in the way of a new user, before anybody hashes a password. */
  checkNewUser(name: string, role: AccountRole): void {
    if (this.#users.has(name))
      throw refused('user-exists', `There is a user ${name} already.`, 'Take another name.');
    if (this.#users.size >= ACCOUNT_LIMITS.users)
      throw refused(
        'too-many-users',
        `There are ${ACCOUNT_LIMITS.users} users already.`,
        'Remove some first.',
      );
    if (this.isEmpty && role !== 'admin')
      throw refused('first-admin', 'The first user must be an admin.', 'Give it the role admin.');
  }

  addUser(user: UserRecord): AccountWrite[] {
    this.checkNewUser(user.name, user.role);
    this.#users.set(user.name, user);
    return [{ kind: 'user', user }];
  }

  setPassword(name: string, hash: string, now: number, keptSession?: string): AccountWrite[] {
    const user = { ...this.needUser(name), hash, passwordChanged: now };
    this.#users.set(name, user);
    // The sessions first: if only a part of this reaches the disk, it is the part that takes away.
    const ended = this.#endSessions((each) => each.user === name && each.id !== keptSession);
    return [...ended, { kind: 'user', user }];
  }

  /** The same password, hashed with other parameters. */
  rehash(name: string, was: string, hash: string): AccountWrite[] {
    const present = this.#users.get(name);
    if (present?.hash !== was) return [];
    const user = { ...present, hash };
    this.#users.set(name, user);
    return [{ kind: 'user', user }];
  }

  setRole(name: string, role: AccountRole): AccountWrite[] {
    const present = this.needUser(name);
    if (present.role === role) return [];
    if (role !== 'admin') this.#insistOnAnotherAdmin(present);
    const user = { ...present, role };
    this.#users.set(name, user);
    return [{ kind: 'user', user }];
  }

  removeUser(name: string): AccountWrite[] {
    this.#insistOnAnotherAdmin(this.needUser(name));
    this.#users.delete(name);
    return [...this.#endSessions((each) => each.user === name), { kind: 'forget-user', name }];
  }

  loggedIn(name: string, at: number, from: string): AccountTrace[] {
    const user = this.#users.get(name);
    if (user === undefined) return [];
    this.#users.set(name, { ...user, lastLogin: at, lastLoginFrom: from });
    return [{ kind: 'user-login', name, at, from }];
  }

  #insistOnAnotherAdmin(user: UserRecord): void {
    if (user.role !== 'admin') return;
    for (const other of this.#users.values()) if (other.role === 'admin' && other.name !== user.name) return;
    throw refused('last-admin', `${user.name} is the last admin.`, 'Make somebody else an admin first.');
  }

  tokens(): readonly TokenRecord[] {
    return [...this.#tokens.values()]
      .map((each) => each.record)
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  token(id: string): TokenRecord | undefined {
    return this.#tokens.get(id)?.record;
  }

  addToken(token: TokenRecord, now: number): AccountWrite[] {
    const present = this.tokens();
    if (present.some((each) => each.name === token.name))
      throw refused(
        'token-exists',
        `There is a token ${token.name} already.`,
        'Take another name, or revoke that one first.',
      );
    // Expired ones are shown as long as there is room.
    const over =
      present.length < ACCOUNT_LIMITS.tokens ? [] : present.filter((each) => isTokenOver(each, now));
    if (present.length - over.length >= ACCOUNT_LIMITS.tokens)
      throw refused(
        'too-many-tokens',
        `There are ${ACCOUNT_LIMITS.tokens} tokens already.`,
        'Revoke some first.',
      );
    const forgotten = over.flatMap((each) => this.#forgetToken(each.id));
    this.#tokens.set(token.id, { record: token, traced: 0 });
    return [...forgotten, { kind: 'token', token }];
  }

  revokeToken(id: string): AccountWrite[] {
    if (this.#tokens.has(id)) return this.#forgetToken(id);
    throw new FairleadError('unknown-token', 'There is no such token.', {
      remedy: 'See "fairlead token list".',
      exit: EXIT.usage,
    });
  }

  tokenUsed(id: string, now: number, from: string): AccountTrace[] {
    const token = this.#tokens.get(id);
    if (token === undefined) return [];
    const due = isDue(token.traced, now);
    const record = { ...token.record, lastUsed: now, lastUsedFrom: from };
    this.#tokens.set(id, { record, traced: due ? now : token.traced });
    return due ? [{ kind: 'token-used', id, at: now, from }] : [];
  }

  #forgetToken(id: string): AccountWrite[] {
    this.#tokens.delete(id);
    return [{ kind: 'forget-token', id }];
  }

  sessions(): readonly SessionRecord[] {
    return [...this.#sessions.values()]
      .map((each) => each.record)
      .sort((one, other) => other.lastSeen - one.lastSeen);
  }

  session(id: string): SessionRecord | undefined {
    return this.#sessions.get(id)?.record;
  }

  /** How many each user has. */
  sessionCounts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { record } of this.#sessions.values())
      if (!record.firstRun) counts.set(record.user, (counts.get(record.user) ?? 0) + 1);
    return counts;
  }

  /** Makes room: of one user's sessions the one that began first ends, of all the one that nobody has used longest. */
  addSession(session: SessionRecord, now: number): AccountWrite[] {
    const over = this.sweep(now);
    const own = this.sessions()
      .filter((each) => each.user === session.user)
      .sort((one, other) => one.created - other.created);
    const surplus = own.slice(0, Math.max(0, own.length + 1 - ACCOUNT_LIMITS.sessionsPerUser));
    const room = this.#endSessions((each) => surplus.includes(each));
    const unused = this.#sessions.size < ACCOUNT_LIMITS.sessions ? undefined : this.sessions().at(-1);
    const crowded = this.#endSessions((each) => each.id === unused?.id);
    this.#sessions.set(session.id, { record: session, traced: now });
    return [...over, ...room, ...crowded, { kind: 'session', session }];
  }

  seen(id: string, now: number): AccountTrace[] {
    const session = this.#sessions.get(id);
    if (session === undefined) return [];
    const due = isDue(session.traced, now);
    const lastSeen = Math.max(now, session.record.lastSeen);
    this.#sessions.set(id, { record: { ...session.record, lastSeen }, traced: due ? now : session.traced });
    return due ? [{ kind: 'session-seen', id, at: now }] : [];
  }

  endSession(id: string): AccountWrite[] {
    return this.#endSessions((each) => each.id === id);
  }

  endFirstRun(): AccountWrite[] {
    return this.#endSessions((each) => each.firstRun);
  }

  /** Its time is over, or its user is gone. */
  isOver(session: SessionRecord, now: number): boolean {
    if (isSessionOver(session, now)) return true;
    return session.firstRun ? !this.isEmpty : !this.#users.has(session.user);
  }

  sweep(now: number): AccountWrite[] {
    return this.#endSessions((each) => this.isOver(each, now));
  }

  #endSessions(isOver: (session: SessionRecord) => boolean): AccountWrite[] {
    const ended = [...this.#sessions.values()].map((each) => each.record).filter(isOver);
    for (const { id } of ended) this.#sessions.delete(id);
    return ended.map(({ id }) => ({ kind: 'forget-session', id }));
  }
}

function isDue(traced: number, now: number): boolean {
  // Set back by much: the clock was put right, and what is kept is from the future.
  return now - traced >= LIFE.trace_ms || now < traced - LIFE.skew_ms;
}

export function unknownUser(): FairleadError {
  return new FairleadError('unknown-user', 'There is no such user.', {
    remedy: 'See "fairlead user list".',
    exit: EXIT.usage,
  });
}

function refused(code: string, message: string, remedy: string): FairleadError {
  return new FairleadError(code, message, { remedy, exit: EXIT.refused });
}
