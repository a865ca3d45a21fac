// Who may use the console and the API: users, sessions and tokens as values. No secret is among them: passwords are
// kept as scrypt hashes, the secrets of sessions and tokens as digests.

/** Each may what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type AccountRole = (typeof ROLES)[number];

export const ACCOUNT_NAME = /^[a-z][a-z0-9._-]{0,31}$/;
export const PASSWORD_MIN_LENGTH = 12;

export interface UserRecord {
  readonly name: string;
  readonly role: AccountRole;
  /** With its parameters: `$scrypt$ln=15,r=8,p=1$SALT$KEY`. */
  readonly hash: string;
  readonly created: number;
  readonly createdBy: string;
  readonly passwordChanged: number;
  readonly lastLogin?: number;
  readonly lastLoginFrom?: string;
}

export interface TokenRecord {
  /** The digest's first part: what it is found by, and shown as. */
  readonly id: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly digest: string;
  readonly name: string;
  readonly role: AccountRole;
  readonly created: number;
  readonly createdBy: string;
  readonly expires?: number;
  readonly lastUsed?: number;
  readonly lastUsedFrom?: string;
}

export interface SessionRecord {
  readonly id: string;
  readonly digest: string;
  readonly user: string;
  /** Begun with the one-time password: it can make the first account, and nothing else. */
  readonly firstRun: boolean;
  readonly from: string;
  readonly agent: string;
  readonly created: number;
  readonly lastSeen: number;
}

export interface StoredAccounts {
  readonly users: readonly UserRecord[];
  readonly tokens: readonly TokenRecord[];
  readonly sessions: readonly SessionRecord[];
}

export type AccountWrite =
  | { readonly kind: 'user'; readonly user: UserRecord }
  | { readonly kind: 'forget-user'; readonly name: string }
  | { readonly kind: 'token'; readonly token: TokenRecord }
  | { readonly kind: 'forget-token'; readonly id: string }
  | { readonly kind: 'session'; readonly session: SessionRecord }
  | { readonly kind: 'forget-session'; readonly id: string };

/** When and whence something was last used: worth knowing, and no loss if the disk never hears of it. */
export type AccountTrace =
  | { readonly kind: 'user-login'; readonly name: string; readonly at: number; readonly from: string }
  | { readonly kind: 'token-used'; readonly id: string; readonly at: number; readonly from: string }
  | { readonly kind: 'session-seen'; readonly id: string; readonly at: number };

/** What is full refuses newcomers, but for sessions, where the longest unused one ends. */
export const ACCOUNT_LIMITS = { users: 1_000, tokens: 1_000, sessions: 10_000, sessionsPerUser: 16 } as const;
