// Whoever comes to the door: login, first run, one's own password, and whose secret this is. Guarantees: an answer never
// says which part of name and password was wrong, nor takes longer for one of them; attempts are limited by place and
// by account, and whoever is logged in already is not touched by other people's attempts.
import type { AccountRole, SessionRecord, TokenRecord, UserRecord } from '../model/account.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { Accounts, Stored } from './accounts.ts';
import { RateLimit, type RateRule } from './core/rate-limit.ts';
import { isTokenOver, sessionExpires } from './core/session-life.ts';
import { agentOf, placeKey, placeOf } from './core/words.ts';
import { csrfOf, findBySecret, newSessionSecret } from './secret.ts';

/** The name that the one-time password goes with. */
export const FIRST_RUN_NAME = 'admin';

/** Attempts that fail. An account's are more, so that one place cannot easily keep its owner out. */
const RULES: Readonly<Record<'place' | 'account', RateRule>> = {
  place: { burst: 10, refill_ms: 10_000, keys_max: 4_096 },
  account: { burst: 20, refill_ms: 30_000, keys_max: 4_096 },
};

export interface Whence {
  readonly from: string;
  readonly agent: string;
}

export interface BegunSession {
  readonly secret: string;
  readonly csrf: string;
  readonly user: string;
  readonly role: AccountRole;
  readonly expires: number;
  readonly firstRun: boolean;
}

export type Identified =
  | {
      readonly kind: 'session';
      readonly session: SessionRecord;
      readonly role: AccountRole;
      readonly csrf: string;
      readonly expires: number;
    }
  | { readonly kind: 'token'; readonly token: TokenRecord };

export class Login {
  readonly #accounts: Accounts;
  readonly #clock: Clock;
  readonly #places = new RateLimit(RULES.place);
  readonly #names = new RateLimit(RULES.account);

  constructor(accounts: Accounts, clock: Clock) {
    this.#accounts = accounts;
    this.#clock = clock;
  }

  /** How many keys attempts are counted by. */
  get counted(): { readonly places: number; readonly names: number } {
    return { places: this.#places.size, names: this.#names.size };
  }

  /** Throws bad-credentials, too-many-attempts, busy. */
  async login(name: string, password: string, whence: Whence): Promise<BegunSession> {
    const { book } = this.#accounts;
    const place = placeOf(whence.from);
    const user = book.user(name);
    // Where an account was last used it has attempts of its own: others can use up theirs, not these.
    const key = user?.lastLoginFrom === place ? `known ${name} ${place}` : `name ${name}`;
    const attempt = this.#attempt(key, placeKey(whence.from));
    if (this.#accounts.isFirstRun) {
      if (name !== FIRST_RUN_NAME || !this.#accounts.isOneTimePassword(password)) throw badCredentials();
      attempt.giveBack();
      return this.#begin(FIRST_RUN_NAME, true, whence);
    }
    const { ok, outdated } = await attempt.during(this.#accounts.hasher.verify(password, user?.hash));
    // While it was checked the account may have gone, or got another password.
    if (!ok || user === undefined || !isUnchanged(book.user(name), user)) throw badCredentials();
    attempt.giveBack();
    if (outdated) await this.#rehash(user, password);
    this.#accounts.trace(book.loggedIn(name, this.#accounts.now, place));
    return this.#begin(name, false, whence);
  }

  /** The first account, in exchange for the session that the one-time password gave. */
  async setup(secret: string, name: string, password: string, whence: Whence): Promise<BegunSession> {
    if (!this.#sessionOf(secret).firstRun)
      throw new FairleadError('forbidden', 'There are accounts already.', {
        remedy: 'Ask an admin for one.',
        exit: EXIT.refused,
      });
    await this.#accounts.createUser({ name, role: 'admin', password }, 'first run', () =>
      // While it was hashed somebody else may have made the first one.
      this.#sessionOf(secret),
    );
    this.#accounts.trace(this.#accounts.book.loggedIn(name, this.#accounts.now, placeOf(whence.from)));
    return this.#begin(name, false, whence);
  }

  /** `session`: the one that stays. Throws unknown-user, bad-credentials, too-many-attempts, weak-password, busy. */
  async changeOwnPassword(
    name: string,
    current: string,
    password: string,
    session: string | undefined,
  ): Promise<Stored<UserRecord>> {
    const { book, hasher } = this.#accounts;
    const user = book.needUser(name);
    // Counted apart from logins, so that nobody who is not logged in can stand in the way.
    const attempt = this.#attempt(`own ${name}`, undefined);
    const { ok } = await attempt.during(hasher.verify(current, user.hash));
    if (!ok || !isUnchanged(book.user(name), user))
      throw new FairleadError('bad-credentials', 'The current password is not right.', {
        remedy: 'Type it again; an admin can give you another one.',
        exit: EXIT.refused,
      });
    attempt.giveBack();
    const kept = session === undefined ? undefined : findBySecret(session, (id) => book.session(id));
    const keptId = kept?.user === name ? kept.id : undefined;
    return this.#accounts.setPassword(name, password, keptId, () => {
      // An admin's new password counts more than what was right a moment ago.
      if (!isUnchanged(book.user(name), user)) throw stale();
    });
  }

  /** Throws unauthenticated. What is looked at is used: its idle time begins again. */
  session(secret: string): Extract<Identified, { kind: 'session' }> {
    const found = this.#sessionOf(secret);
    const { book, now } = this.#accounts;
    this.#accounts.trace(book.seen(found.id, now));
    const session = book.session(found.id) ?? found;
    const role = session.firstRun ? 'viewer' : book.needUser(session.user).role;
    return { kind: 'session', session, role, csrf: csrfOf(secret), expires: sessionExpires(session) };
  }

  token(secret: string, from: string): Extract<Identified, { kind: 'token' }> {
    const { book, now } = this.#accounts;
    const token = findBySecret(secret, (id) => book.token(id));
    if (token === undefined)
      throw unauthenticated(
        'This token is not known.',
        'It may have been revoked. Ask an admin for another one.',
      );
    if (isTokenOver(token, now))
      throw unauthenticated('This token has expired.', 'Ask an admin for another one.');
    this.#accounts.trace(book.tokenUsed(token.id, now, placeOf(from)));
    return { kind: 'token', token };
  }

  /** Whether or not there is such a session: afterwards there is none. */
  async logout(secret: string): Promise<{ readonly user: string | undefined; readonly stored: boolean }> {
    const { book } = this.#accounts;
    const session = findBySecret(secret, (id) => book.session(id));
    if (session === undefined) return { user: undefined, stored: true };
    return { user: session.user, stored: await this.#accounts.save(book.endSession(session.id)) };
  }

  #sessionOf(secret: string): SessionRecord {
    const { book, now } = this.#accounts;
    const session = findBySecret(secret, (id) => book.session(id));
    if (session !== undefined && !book.isOver(session, now)) return session;
    if (session !== undefined) void this.#accounts.save(book.endSession(session.id));
    throw unauthenticated('This session is over.', 'Log in again.');
  }

  #begin(user: string, firstRun: boolean, { from, agent }: Whence): BegunSession {
    const { book, now } = this.#accounts;
    const { secret, id, digest } = newSessionSecret();
    const session: SessionRecord = {
      ...{ id, digest, user, firstRun, from: placeOf(from), agent: agentOf(agent) },
      ...{ created: now, lastSeen: now },
    };
    // Nobody waits for the disk to log in.
    void this.#accounts.save(book.addSession(session, now));
    const role = firstRun ? 'viewer' : book.needUser(user).role;
    return { secret, csrf: csrfOf(secret), user, role, expires: sessionExpires(session), firstRun };
  }

  async #rehash(user: UserRecord, password: string): Promise<void> {
    const { book, hasher } = this.#accounts;
    try {
      const hash = await hasher.hash(password);
      void this.#accounts.save(book.rehash(user.name, user.hash, hash));
    } catch (error) {
      // Busy: the next login does it.
      if (!(error instanceof FairleadError)) throw error;
    }
  }

  /** Uses an attempt up before the password is looked at, so that many at once cannot be more than one by one. */
  #attempt(name: string, place: string | undefined) {
    const now_ms = this.#clock.monotonic_ms();
    const [names, places] = [this.#names, this.#places];
    const wait_ms = Math.max(
      names.wait_ms(name, now_ms),
      place === undefined ? 0 : places.wait_ms(place, now_ms),
    );
    if (wait_ms > 0) throw tooManyAttempts(wait_ms);
    names.take(name, now_ms);
    if (place !== undefined) places.take(place, now_ms);
    const giveBack = (): void => {
      const later_ms = this.#clock.monotonic_ms();
      names.giveBack(name, later_ms);
      if (place !== undefined) places.giveBack(place, later_ms);
    };
    return {
      giveBack,
      /** What fails without an answer was no attempt. */
      async during<T>(work: Promise<T>): Promise<T> {
        try {
          return await work;
        } catch (error) {
          giveBack();
          throw error;
        }
      },
    };
  }
}

function isUnchanged(present: UserRecord | undefined, was: UserRecord): boolean {
  return present !== undefined && present.hash === was.hash && present.created === was.created;
}

function badCredentials(): FairleadError {
  return new FairleadError('bad-credentials', 'Name or password is not right.', {
    remedy: 'Type both again; an admin can give you another password.',
    exit: EXIT.refused,
  });
}

function stale(): FairleadError {
  return new FairleadError('stale', 'The password was changed by somebody else meanwhile.', {
    remedy: 'Log in again.',
    exit: EXIT.refused,
  });
}

function unauthenticated(message: string, remedy: string): FairleadError {
  return new FairleadError('unauthenticated', message, { remedy, exit: EXIT.refused });
}

function tooManyAttempts(wait_ms: number): FairleadError {
  const seconds = Math.ceil(wait_ms / 1_000);
  return new FairleadError('too-many-attempts', `Too many attempts: the next one is free in ${seconds} s.`, {
    remedy: 'Wait that long; sessions that are open go on meanwhile.',
    exit: EXIT.refused,
  });
}
