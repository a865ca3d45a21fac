// The pair's shared key: read from its file, and turned into a key of its own for each purpose (HKDF, RFC 5869), so
// that what is signed for one purpose never passes for another. The first line signs, every line verifies: that is how
// keys are changed without a gap. Guarantees: no key comes from a file that others may read; comparing takes the same time whatever differs.
import {
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { MAC_BYTES } from './frame.ts';

/** Half of what HMAC-SHA256 makes use of (RFC 2104, 3: shorter than the output weakens it). */
const KEY_LEAST_BYTES = 16;
const KEYS_MAX = 8;
const FILE_MAX_BYTES = 64 << 10;
const OTHERS = 0o077;
const SUBKEY_BYTES = 32;
const SALT = 'fairlead';

export const PURPOSES = ['beat', 'sync', 'peer'] as const;
export type Purpose = (typeof PURPOSES)[number];

export type Verification = 'authentic' | 'unknown-key' | 'bad-signature';

export interface PurposeKey {
  /** Says which key it is without saying what it is: the first byte of the file's key's SHA-256. */
  readonly id: number;
  readonly secret: Uint8Array;
}

/** The keys of one purpose. */
export interface Keyring {
  /** The first one signs. */
  readonly keys: readonly PurposeKey[];
  /** Of the key that signs. */
  readonly keyId: number;
  /** 16 bytes: HMAC-SHA256, truncated (RFC 2104, 5). */
  sign(bytes: Uint8Array): Uint8Array;
  verify(bytes: Uint8Array, keyId: number, mac: Uint8Array): Verification;
}

export interface Keyrings {
  forPurpose(purpose: Purpose): Keyring;
}

/** Throws FairleadError with a remedy: `key-missing`, `key-unreadable`, `key-exposed`, `key-unusable`. */
export function readKeyFile(path: string): Keyrings {
  return keyringsFrom(readKeys(path));
}

/** `keys`: as in the file, at least one; the first one signs. */
export function keyringsFrom(keys: readonly string[]): Keyrings {
  const rings = new Map(PURPOSES.map((purpose) => [purpose, new Ring(keys, purpose)]));
  return { forPurpose: (purpose) => rings.get(purpose)! };
}

class Ring implements Keyring {
  readonly keys: readonly PurposeKey[];
  readonly keyId: number;
  readonly #objects: readonly { readonly id: number; readonly key: KeyObject }[];

  constructor(keys: readonly string[], purpose: Purpose) {
    this.keys = keys.map((key) => ({
      id: createHash('sha256').update(key).digest()[0]!,
      secret: new Uint8Array(hkdfSync('sha256', key, SALT, `fairlead ${purpose}`, SUBKEY_BYTES)),
    }));
    this.#objects = this.keys.map(({ id, secret }) => ({ id, key: createSecretKey(secret) }));
    this.keyId = this.keys[0]!.id;
  }

  sign(bytes: Uint8Array): Uint8Array {
    return mac(this.#objects[0]!.key, bytes);
  }

  verify(bytes: Uint8Array, keyId: number, claimed: Uint8Array): Verification {
    let known = false;
    for (const { id, key } of this.#objects) {
      if (id !== keyId) continue; // two keys may have one id: each is tried
      known = true;
      if (claimed.length === MAC_BYTES && timingSafeEqual(mac(key, bytes), claimed)) return 'authentic';
    }
    return known ? 'bad-signature' : 'unknown-key';
  }
}

function mac(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(bytes).digest().subarray(0, MAC_BYTES);
}

function readKeys(path: string): string[] {
  const keys = readProtected(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (keys.length === 0 || keys.some((key) => Buffer.byteLength(key) < KEY_LEAST_BYTES))
    throw refusal(
      'key-unusable',
      `The key file ${path} holds a key of fewer than ${KEY_LEAST_BYTES} bytes, or none.`,
      newKey(path),
    );
  if (keys.length > KEYS_MAX)
    throw refusal(
      'key-unusable',
      `The key file ${path} holds ${keys.length} keys, more than ${KEYS_MAX}.`,
      'Keep the new key in the first line and the one that it replaces in the second.',
    );
  return keys;
}

/** What is judged is what is read: one open file, not a path looked at twice. */
function readProtected(path: string): string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a named pipe must not hold us
  } catch (cause) {
    throw unopened(path, cause);
  }
  try {
    const { mode, size } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > FILE_MAX_BYTES)
      throw refusal('key-unreadable', `The key file ${path} is no regular file of keys.`, newKey(path));
    if (mode & OTHERS)
      throw refusal('key-exposed', `Others may read the key file ${path}.`, `Run: chmod 600 ${path}`);
    const bytes = Buffer.alloc(size);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function unopened(path: string, cause: unknown): FairleadError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return refusal('key-missing', `There is no key file ${path}.`, newKey(path), cause);
  return refusal(
    'key-unreadable',
    `The key file ${path} cannot be read.`,
    'Let the user that runs Fairlead own it, mode 0600.',
    cause,
  );
}

function newKey(path: string): string {
  return `Make one on one director and copy it to the other: (umask 077; openssl rand -hex 32 > ${path})`;
}

function refusal(code: string, message: string, remedy: string, cause?: unknown): FairleadError {
  return new FairleadError(code, message, { remedy, exit: EXIT.usage, cause });
}
