// The notifications part: what is read from it, and what is told about what is wrong.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NotificationConfig } from './configuration.ts';
import { parseConfiguration } from './parse.ts';

const HEAD = 'cluster: web\ndirectors: { lb1: { address: 10.0.0.11 } }\n';
const SERVICES = 'services: { www: { listen: "tcp://10.0.0.100:80" } }\n';

function read(...targets: string[]) {
  const text = `${HEAD}${SERVICES}notifications:\n${targets.map((target) => `  - ${target}\n`).join('')}`;
  return parseConfiguration(text, 'file');
}

function target(text: string): NotificationConfig | undefined {
  const parsed = read(text);
  return 'configuration' in parsed ? parsed.configuration.notifications?.[0] : undefined;
}

function problems(...targets: string[]): string[] {
  const parsed = read(...targets);
  return 'problems' in parsed
    ? parsed.problems.map(
        ({ line, column, code, message, remedy }) =>
          `${line}:${column} ${code} ${message}${remedy === undefined ? '' : ` (${remedy})`}`,
      )
    : [];
}

const MAIL = 'email: [a@example.net], from: b@example.net, smtp: "smtp://mail.example.net:587"';

describe('a target', () => {
  it('is a webhook', () =>
    expect(
      target('{ webhook: "https://hooks.example.net/a?b=c#d", headers: { X-Site: web }, secret_file: s }'),
    ).toEqual({
      kind: 'webhook',
      url: 'https://hooks.example.net/a?b=c',
      headers: { 'X-Site': 'web' },
      secretFile: 's',
      on: ['critical', 'warning', 'recovery'],
      group_ms: 5_000,
      timeout_ms: 10_000,
    }));

  it('is an e-mail', () =>
    expect(target(`{ ${MAIL}, user: u, password_file: p, on: [critical], remind: 1h }`)).toEqual({
      kind: 'email',
      to: ['a@example.net'],
      from: 'b@example.net',
      host: 'mail.example.net',
      port: 587,
      tls: 'starttls',
      user: 'u',
      passwordFile: 'p',
      on: ['critical'],
      group_ms: 5_000,
      remind_ms: 3_600_000,
      timeout_ms: 10_000,
    }));

  it.each([
    ['"smtps://[fd00::1]"', { host: 'fd00::1', port: 465, tls: 'tls' }],
    ['"smtp://10.0.0.1"', { host: '10.0.0.1', port: 25, tls: 'starttls' }],
  ])('sends its mail through %s', (smtp, expected) =>
    expect(target(`{ email: [a@b.c], from: d@e.f, smtp: ${smtp} }`)).toMatchObject(expected),
  );

  it('is a command', () =>
    expect(target('{ command: "page -q ops", services: [www], group: 0s, timeout: 3s }')).toEqual({
      kind: 'command',
      command: ['page', '-q', 'ops'],
      on: ['critical', 'warning', 'recovery'],
      services: ['www'],
      group_ms: 0,
      timeout_ms: 3_000,
    }));

  it.each(['notifications:\n', 'notifications: []\n', ''])('may be missing: %j', (text) => {
    const parsed = parseConfiguration(`${HEAD}${text}`, 'file');
    expect('configuration' in parsed && parsed.configuration.notifications).toBeUndefined();
  });
});

describe('what is wrong with a target', () => {
  it.each([
    [
      '{ webhok: "https://a.b" }',
      '5:7 unknown-key a target of notifications has no key "webhok" (did you mean `webhook`?)',
    ],
    [
      '{ on: [critical] }',
      '5:5 bad-notifications a target is one of webhook, email, command, not none of them (write a target of its own for each)',
    ],
    [
      '{ command: a, webhook: "https://a.b" }',
      '5:5 bad-notifications a target is one of webhook, email, command, not webhook and command (write a target of its own for each)',
    ],
    [
      '{ command: a, gruop: 5s }',
      '5:19 unknown-key a target of kind command has no key "gruop" (did you mean `group`?)',
    ],
    [
      '{ command: a, smtp: b }',
      '5:19 unknown-key a target of kind command has no key "smtp" (it belongs to email)',
    ],
    [
      '{ command: a, on: [fatal] }',
      '5:24 bad-choice on: "fatal" is not one of critical, warning, notice, recovery',
    ],
    [
      '{ command: a, services: [ww] }',
      '5:30 unknown-service services: there is no service "ww" (did you mean `www`?)',
    ],
    [
      '{ webhook: "ftp://a.b" }',
      '5:16 bad-url webhook: "ftp://a.b" is no http or https address (write https://hooks.example.net/path)',
    ],
    [
      '{ webhook: "https://u:p@a.b" }',
      '5:16 bad-url webhook: must not hold a user or a password (give them by headers)',
    ],
    [
      '{ webhook: "https://a.b", headers: { Host: x } }',
      '5:42 bad-header headers: "Host" is set by fairlead itself',
    ],
    [
      '{ webhook: "https://a.b", headers: { X: "a\\r\\nY: b" } }',
      '5:42 bad-header headers: "X" must hold printable ASCII only',
    ],
    [
      '{ email: ["a@b.c\\nBcc: d@e.f"], from: a@b.c, smtp: "smtp://a" }',
      '5:15 bad-mail-address email: "a@b.c\\nBcc: d@e.f" is no mail address (write ops@example.net)',
    ],
    [`{ ${MAIL}, user: u }`, '5:95 bad-login user and password_file go together (write both, or neither)'],
    [
      '{ email: [a@b.c], from: a@b.c, smtp: "smtps://a", tls: none }',
      '5:60 bad-tls tls: smtps:// is TLS from the first byte, not none (write smtp://, or leave tls out)',
    ],
    ['{ command: a, remind: 5s }', '5:27 out-of-range remind: must be at least 1m'],
  ])('%s', (text, problem) => expect(problems(text)).toEqual([problem]));

  it('is that there are too many', () =>
    expect(problems(...Array.from({ length: 17 }, () => '{ command: a }'))).toEqual([
      expect.stringContaining('bad-notifications notifications must be a list of at most 16 targets'),
    ]));

  it('a password in the clear is a warning', () => {
    const parsed = read(`{ ${MAIL}, user: u, password_file: p, tls: none }`);
    expect('warnings' in parsed && parsed.warnings.map((each) => each.code)).toContain('clear-password');
  });
});

it('any value at any key is read or told of, never thrown on', () => {
  const key = fc.constantFrom(
    'webhook',
    'email',
    'command',
    'on',
    'headers',
    'smtp',
    'from',
    'services',
    'tls',
    'group',
  );
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(key, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 }), { maxLength: 3 }),
      (list) => {
        const text = `${HEAD}${SERVICES}notifications: ${JSON.stringify(list)}\n`;
        const parsed = parseConfiguration(text, 'file');
        if ('problems' in parsed) expect(parsed.problems.length).toBeGreaterThan(0);
      },
    ),
  );
});
