// Accounts as the director's people manage them: users, tokens, sessions. In force at once, on disk when the disk takes
// it; whoever waits for an answer learns which. What comes to the door with a secret is login.ts's business.
import type {
  AccountRole,
  AccountTrace,
  AccountWrite,
  SessionRecord,
  StoredAccounts,
  TokenRecord,
  UserRecord,
} from '../model/account.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { AccountBook, unknownUser } from './core/book.ts';
import { checkPassword } from './core/policy.ts';
import { DAY_MS } from './core/session-life.ts';
import { Hasher, type HasherOptions } from './hasher.ts';
import { isSameOneTimePassword, newTokenSecret } from './secret.ts';

export interface AccountsOptions {
  readonly clock: Clock;
  readonly stored: StoredAccounts;
  /** True when the disk has it, false when it has refused it for now. */
  readonly save: (write: AccountWrite) => Promise<boolean>;
  readonly trace: (trace: AccountTrace) => void;
  /** Names that no password may be: of cluster, node, product. */
  readonly places: () => readonly string[];
  readonly hasher?: HasherOptions;
}

export interface OneTime {
  readonly password: string;
  /** Nobody needs it any more. */
  end(): void;
}

export interface Stored<T> {
  readonly value: T;
  readonly stored: boolean;
}

export interface NewUser {
  readonly name: string;
  readonly role: AccountRole;
  readonly password: string;
}

export interface NewToken {
  readonly name: string;
  readonly role: AccountRole;
  readonly expires_days?: number | undefined;
}

export class Accounts {
  readonly book: AccountBook;
  readonly hasher: Hasher;
  readonly #options: AccountsOptions;
  #oneTime: OneTime | undefined;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.book = new AccountBook(options.stored);
    this.hasher = new Hasher(options.hasher);
    this.sweep();
  }

  get now(): number {
    return Math.floor(this.#options.clock.now());
  }

  /** While there is no user at all. */
  get isFirstRun(): boolean {
    return this.book.isEmpty;
  }

  /** What opens the door while there is no user; ended at once if there is one. */
  offerOneTimePassword(oneTime: OneTime): void {
    this.#oneTime = oneTime;
    if (!this.isFirstRun) this.#endFirstRun();
  }

  isOneTimePassword(given: string): boolean {
    return (
      this.isFirstRun && this.#oneTime !== undefined && isSameOneTimePassword(this.#oneTime.password, given)
    );
  }

  /** In order; true when the disk has them all. */
  async save(writes: readonly AccountWrite[]): Promise<boolean> {
    const stored = await Promise.all(writes.map((write) => this.#options.save(write)));
    return stored.every(Boolean);
  }

  trace(traces: readonly AccountTrace[]): void {
    for (const trace of traces) this.#options.trace(trace);
  }

  /** Ends sessions whose time is over. */
  sweep(): void {
    void this.save(this.book.sweep(this.now));
  }

  checkPassword(user: string, password: string): void {
    checkPassword(password, { user, places: this.#options.places() });
  }

  /** `stillMay` throws if, once the password is hashed, this must not be done any more. */
  async createUser(
    { name, role, password }: NewUser,
    author: string,
    stillMay: () => void = () => {},
  ): Promise<Stored<UserRecord>> {
    this.book.checkNewUser(name, role);
    this.checkPassword(name, password);
    const hash = await this.hasher.hash(password);
    stillMay();
    const { now } = this;
    const user = { name, role, hash, created: now, createdBy: author, passwordChanged: now };
    // Checked again: another one may have come first while this one was hashed.
    const writes = this.book.addUser(user);
    return { value: user, stored: await this.save([...writes, ...this.#endFirstRun()]) };
  }

  /** Ends all sessions of the user but the one that is kept. */
  async setPassword(
    name: string,
    password: string,
    kept?: string,
    stillMay: () => void = () => {},
  ): Promise<Stored<UserRecord>> {
    const before = this.book.needUser(name);
    this.checkPassword(name, password);
    const hash = await this.hasher.hash(password);
    stillMay();
    // Another one of this name is somebody else.
    if (this.book.needUser(name).created !== before.created) throw unknownUser();
    const writes = this.book.setPassword(name, hash, this.now, kept);
    return { value: this.book.needUser(name), stored: await this.save(writes) };
  }

  async setRole(name: string, role: AccountRole): Promise<Stored<UserRecord>> {
    const stored = this.save(this.book.setRole(name, role));
    return { value: this.book.needUser(name), stored: await stored };
  }

  async removeUser(name: string): Promise<boolean> {
    return this.save(this.book.removeUser(name));
  }

  async createToken(
    { name, role, expires_days }: NewToken,
    author: string,
  ): Promise<Stored<TokenRecord> & { readonly secret: string }> {
    const { now } = this;
    const { secret, id, digest } = newTokenSecret();
    const expires = expires_days === undefined ? {} : { expires: now + expires_days * DAY_MS };
    const token = { id, digest, name, role, created: now, createdBy: author, ...expires };
    return { value: token, secret, stored: await this.save(this.book.addToken(token, now)) };
  }

  async revokeToken(id: string): Promise<boolean> {
    return this.save(this.book.revokeToken(id));
  }

  /** Those that live. */
  sessions(): readonly SessionRecord[] {
    this.sweep();
    return this.book.sessions();
  }

  async endSession(id: string): Promise<boolean> {
    if (this.book.session(id) === undefined)
      throw new FairleadError('unknown-session', 'There is no such session.', {
        remedy: 'It may have ended by itself; see "fairlead session list".',
        exit: EXIT.usage,
      });
    return this.save(this.book.endSession(id));
  }

  #endFirstRun(): AccountWrite[] {
    this.#oneTime?.end();
    this.#oneTime = undefined;
    return this.book.endFirstRun();
  }
}
