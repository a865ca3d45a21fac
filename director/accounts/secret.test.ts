import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  csrfOf,
  digestOf,
  findBySecret,
  isOneTimePassword,
  isSameOneTimePassword,
  newOneTimePassword,
  newSessionSecret,
  newTokenSecret,
} from './secret.ts';
import { anyText } from './support/text.ts';

describe('secrets', () => {
  it('have 256 bits, differ, and are known by their digest alone', () => {
    const sessions = Array.from({ length: 200 }, newSessionSecret);
    expect(new Set(sessions.map((each) => each.secret)).size).toBe(200);
    for (const { secret, digest, id } of sessions) {
      expect(secret).toMatch(/^[\w-]{43}$/);
      expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
      expect(digest).toBe(digestOf(secret));
      expect(digest.startsWith(id)).toBe(true);
      expect(digest).not.toContain(secret);
    }
    expect(newTokenSecret().secret).toMatch(/^fl_[\w-]{43}$/);
  });

  it('find their record, and nothing else does', () => {
    const known = newTokenSecret();
    const find = (id: string) => (id === known.id ? known : undefined);
    expect(findBySecret(known.secret, find)).toBe(known);
    fc.assert(
      fc.property(fc.oneof(anyText(100), fc.constantFrom(known.id, known.digest)), (text) => {
        expect(findBySecret(text, find)).toBeUndefined();
      }),
    );
  });

  it('a record at the right place with another digest is not it', () => {
    const known = newSessionSecret();
    for (const digest of [`${known.id}${'0'.repeat(48)}`, '', 'ä'.repeat(64), known.digest.toUpperCase()])
      expect(findBySecret(known.secret, () => ({ digest }))).toBeUndefined();
  });

  it('lead to a CSRF token that is the same each time and leads nowhere', () => {
    const { secret, digest } = newSessionSecret();
    expect(csrfOf(secret)).toBe(csrfOf(secret));
    expect(csrfOf(secret)).toMatch(/^[\w-]{43}$/);
    expect([secret, Buffer.from(digest, 'hex').toString('base64url')]).not.toContain(csrfOf(secret));
    expect(csrfOf(newSessionSecret().secret)).not.toBe(csrfOf(secret));
  });
});

describe('the one-time password', () => {
  it('has at least 75 bits in signs that nobody confuses', () => {
    const made = Array.from({ length: 500 }, newOneTimePassword);
    const signs = new Set(made.join('').replaceAll('-', ''));
    expect(16 * Math.log2(signs.size)).toBeGreaterThan(75);
    expect(new Set(made).size).toBe(500);
    for (const text of made) {
      expect(text).toMatch(/^[^01oil]{4}(-[^01oil]{4}){3}$/);
      expect(isOneTimePassword(text)).toBe(true);
    }
  });

  it('may be typed in capitals and with blanks', () => {
    expect(isSameOneTimePassword('f7kd-x2mp-qr9t-abcd', ' F7KD X2MP QR9T ABCD\n')).toBe(true);
    expect(isSameOneTimePassword('f7kd-x2mp-qr9t-abcd', 'f7kdx2mpqr9tabce')).toBe(false);
    expect(isSameOneTimePassword('f7kd-x2mp-qr9t-abcd', '')).toBe(false);
  });

  it.each(['', 'f7kd', 'f7kd-x2mp-qr9t-abco', 'f7kd-x2mp-qr9t-abcd ', 'F7KD-X2MP-QR9T-ABCD'])(
    'is not %j',
    (text) => expect(isOneTimePassword(text)).toBe(false),
  );
});
