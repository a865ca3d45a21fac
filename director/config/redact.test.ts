import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { redactConfiguration } from './redact.ts';

const TEXT = `# old: password: hunter0 was here
cluster: web # a comment without
heartbeat:
  key_file: pair.key
  key: "hunter1"   # why
notify:
  smtp:
    password: hunter2
    user: bot
    token: |
      hunter3
      hunter4
    secrets:
      - hunter5
      - { deep: hunter6 }
    after: 1
  url: https://bot:hunter7@example.org/hook?token=hunter8
  common: &pass hunter9
  api_key: *pass
  flow: { passphrase: 'hunter10', x: 1 }
services:
  www:
    monitors:
      - { exec: [check, --password, hunter11, --token=hunter12, --verbose] }
      - expect: { send: "AUTH hunter13\\r\\n", match: OK }
      - expect: { send: "PING\\r\\n", match: PONG }
#   api_key: hunter14
`;

it('leaves no secret, and everything else to the letter', () => {
  const shown = redactConfiguration(TEXT)!;
  expect(shown).not.toMatch(/hunter/);
  const read = parse(shown);
  expect(read.cluster).toBe('web');
  expect(read.heartbeat).toEqual({ key_file: 'pair.key', key: '(redacted)' });
  expect(read.notify.smtp).toEqual({
    ...{ password: '(redacted)', user: 'bot', token: '(redacted)', secrets: '(redacted)', after: 1 },
  });
  expect(read.notify.flow).toEqual({ passphrase: '(redacted)', x: 1 });
  expect(read.services.www.monitors[0].exec).toEqual([
    ...['check', '--password', '(redacted)', '--token=(redacted)', '--verbose'],
  ]);
  expect(read.services.www.monitors[2].expect.send).toBe('PING\r\n');
  expect(shown).toContain('cluster: web # a comment without\n');
  expect(shown).toContain('# why\n');
});

it('changes nothing in a configuration without secrets', () => {
  const example = readFileSync(new URL('../../docs/example.yaml', import.meta.url), 'utf8');
  expect(parse(redactConfiguration(example)!)).toEqual(parse(example));
});

it('gives nothing where it cannot tell, and never throws', () => {
  expect(redactConfiguration('a: [')).toBeUndefined();
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      redactConfiguration(text);
    }),
  );
  const secret = fc.string({ unit: fc.constantFrom(...'abcxyz'), minLength: 12, maxLength: 20 });
  const key = fc.constantFrom('password', 'token', 'secret', 'key');
  fc.assert(
    fc.property(secret, key, fc.jsonValue(), (value, name, other) => {
      const text = JSON.stringify({ a: { [name]: value, other } });
      const again = redactConfiguration(text)!;
      expect(parse(again).a[name]).toBe('(redacted)');
    }),
  );
});
