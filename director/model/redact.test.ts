import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSecretKey, REDACTED, redactText, redactValue } from './redact.ts';

it.each([
  ...['password', 'smtp_password', 'smtpPassword', 'Passphrase', 'api_key', 'apiKey', 'key', 'keys', 'PSK'],
  ...['secret', 'client-secret', 'token', 'access_token', 'Authorization', 'set-cookie', '--password'],
])('%s names a secret', (key) => expect(isSecretKey(key)).toBe(true));

it.each([
  ...['key_file', 'password_changed', 'token_id', 'monkey', 'keyboard', 'service', 'passing', '', 'hash'],
  ...['tokenName', 'secret_path'],
])('%s names none', (key) => expect(isSecretKey(key)).toBe(false));

it('hides what stands under a secret key, however deep, and counts stay', () => {
  const value = {
    a: [{ password: 'hunter2', tokens: 3 }],
    key: { any: 'thing' },
    key_file: 'pair.key',
    token: '',
  };
  expect(redactValue(value)).toEqual({
    a: [{ password: REDACTED, tokens: 3 }],
    key: REDACTED,
    key_file: 'pair.key',
    token: '',
  });
});

it.each([
  ['https://bot:hunter2@example.org/x', 'https://bot:(redacted)@example.org/x'],
  ['GET /health?token=abc&x=1', 'GET /health?token=(redacted)&x=1'],
  ['run --password=hunter2 --verbose', 'run --password=(redacted) --verbose'],
  ['Authorization: Bearer abcdefgh12345', 'Authorization: Bearer (redacted)'],
  ['"secret": "a b"', '"secret": (redacted)'],
  ['tcp://10.0.0.1:80 is up', 'tcp://10.0.0.1:80 is up'],
])('in %s nothing is told', (text, shown) => expect(redactText(text)).toBe(shown));

it('takes any value and any text, in little time', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
      redactValue(value);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
      expect(typeof redactText(text)).toBe('string');
    }),
  );
  const circle: Record<string, unknown> = {};
  circle.again = circle;
  expect(JSON.stringify(redactValue(circle))).toContain('too deep');
  for (const piece of ['a', 'a:', '://', 'token', 'token=', ' ', 'Basic ']) redactText(piece.repeat(100_000));
});
