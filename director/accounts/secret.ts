// Secrets of sessions and tokens, and the one-time password. Guarantees: 256 random bits (the one-time password 79);
// only digests are kept; comparing takes the same time wherever the difference is.
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;
/** Characters of a digest by which its record is found; the rest is compared. */
const ID_CHARS = 16;
const TOKEN_PREFIX = 'fl_';

export interface NewSecret {
  readonly secret: string;
  readonly id: string;
  readonly digest: string;
}

export function newSessionSecret(): NewSecret {
  return withDigest(randomBytes(SECRET_BYTES).toString('base64url'));
}

/** With a prefix, so that those who search for leaked secrets know it. */
export function newTokenSecret(): NewSecret {
  return withDigest(TOKEN_PREFIX + randomBytes(SECRET_BYTES).toString('base64url'));
}

function withDigest(secret: string): NewSecret {
  const digest = digestOf(secret);
  return { secret, digest, id: digest.slice(0, ID_CHARS) };
}

/** 256 random bits need no slow hash: nobody can try them all. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/**
 * The record that a secret belongs to. It is looked up by the first quarter of the digest, which whoever guesses secrets
 * cannot steer; that the rest is right is found out in constant time.
 */
export function findBySecret<T extends { readonly digest: string }>(
  secret: string,
  find: (id: string) => T | undefined,
): T | undefined {
  const digest = digestOf(secret);
  const record = find(digest.slice(0, ID_CHARS));
  return isSame(digest, record?.digest ?? '0'.repeat(digest.length)) ? record : undefined;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'utf8'), Buffer.from(other, 'utf8')];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Against forged forms: follows from the session's secret, so nothing more is kept. Does not lead back to it. */
export function csrfOf(sessionSecret: string): string {
  return createHmac('sha256', sessionSecret).update('fairlead csrf').digest('base64url');
}

/** Without those that look alike (0 and o, 1 and l and i): 31 signs, 4.95 bits each. */
const READABLE = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const GROUP_CHARS = 4;

/** `f7kd-x2mp-…`: to be read from one screen and typed into another. */
export function newOneTimePassword(): string {
  const sign = (): string => READABLE[randomInt(READABLE.length)]!;
  const group = (): string => Array.from({ length: GROUP_CHARS }, sign).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

export function isOneTimePassword(text: string): boolean {
  return new RegExp(`^[${READABLE}]{4}(-[${READABLE}]{4}){${GROUPS - 1}}$`).test(text);
}

/** Capitals, blanks and hyphens do not matter to whoever types it. */
export function isSameOneTimePassword(expected: string, given: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[\s-]/g, '');
  return isSame(digestOf(plain(expected)), digestOf(plain(given)));
}
