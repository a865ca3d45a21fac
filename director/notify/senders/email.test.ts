// Mail against a real server on loopback: encrypted or not, with a login, refused, hanging, flooding, talking nonsense.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeCertificate, scratchFile, serveTcp } from '../../../monitor/support/servers.ts';
import { context, envelope } from '../support/envelope.ts';
import { serveSmtp } from '../support/smtp-server.ts';
import { createEmail } from './email.ts';

type Config = Parameters<typeof createEmail>[0];
const mail = (port: number, more: Partial<Config> = {}) =>
  createEmail({
    ...{ kind: 'email', to: ['ops@example.net', 'boss@example.net'], from: 'lb@example.net' },
    ...{ host: '127.0.0.1', port, tls: 'none', on: ['critical'], group_ms: 0, timeout_ms: 1_000 },
    ...more,
  });

it('is plain text with a subject that says it all', async () => {
  await using server = await serveSmtp();
  expect(await mail(server.port)(envelope(), context())).toEqual({
    ok: true,
    retry: false,
    detail: 'accepted',
  });
  const [{ from, to, text }] = server.mails as [(typeof server.mails)[0]];
  expect(from).toBe('MAIL FROM:<lb@example.net>');
  expect(to).toEqual(['RCPT TO:<ops@example.net>', 'RCPT TO:<boss@example.net>']);
  expect(text).toContain('Subject: [web] CRITICAL www is down: no real server takes connections');
  expect(text).toContain('Message-ID: <lb1-7.1767614406000@example.net>');
  expect(text).toContain('Auto-Submitted: auto-generated');
  expect(text).toContain('www has 0 of 3 real servers left');
  expect(text).toContain('director  lb1');
});

it('by STARTTLS, with a login, to a server whose certificate ca_file knows', async () => {
  const certificate = makeCertificate();
  await using server = await serveSmtp({ certificate, login: 'lb pass word' });
  using ca = scratchFile('ca.pem', certificate.cert);
  using password = scratchFile('password', Buffer.from('pass word\n'));
  const way = { tls: 'starttls', caFile: ca.path, user: 'lb', passwordFile: password.path } as const;
  expect(await mail(server.port, way)(envelope(), context())).toMatchObject({ ok: true });
  expect(server.mails).toMatchObject([{ encrypted: true, login: 'lb pass word' }]);
  const { caFile: _, ...strange } = way;
  expect(await mail(server.port, strange)(envelope(), context())).toMatchObject({ ok: false, retry: true });
  expect(server.mails).toHaveLength(1);
});

it('by TLS from the first byte', async () => {
  const certificate = makeCertificate();
  await using server = await serveSmtp({ certificate, implicit: true });
  using ca = scratchFile('ca.pem', certificate.cert);
  expect(await mail(server.port, { tls: 'tls', caFile: ca.path })(envelope(), context())).toMatchObject({
    ok: true,
  });
  expect(server.mails).toMatchObject([{ encrypted: true }]);
});

it('never goes in the clear when STARTTLS is wanted and not offered', async () => {
  await using server = await serveSmtp({ login: 'lb x' });
  using password = scratchFile('password', Buffer.from('x'));
  const outcome = await mail(server.port, { tls: 'starttls', user: 'lb', passwordFile: password.path })(
    envelope(),
    context(),
  );
  expect(outcome).toMatchObject({ ok: false });
  expect(server.mails).toEqual([]);
  expect(server.commands.some((line) => /^(?:AUTH|MAIL)/i.test(line))).toBe(false);
});

it.each([
  ['RCPT', '550 no such user', false],
  ['RCPT', '450 try later', true],
  ['.', '554 spam', false],
  ['.', '452 disk full', true],
  ['greeting', '554 go away', true],
  ['greeting', '421 busy', true],
  ['EHLO', '\x00\x01\x02', true],
])('a server that answers %s with %j: tried again? %#', async (word, answer, retry) => {
  await using server = await serveSmtp({ answers: { [word]: answer } });
  expect(await mail(server.port)(envelope(), context({ timeout_ms: 1_000 }))).toMatchObject({
    ok: false,
    retry,
  });
});

it('a wrong password is told, and may be put right', async () => {
  await using server = await serveSmtp({ login: 'lb right' });
  using password = scratchFile('password', Buffer.from('wrong'));
  const outcome = await mail(server.port, { user: 'lb', passwordFile: password.path })(envelope(), context());
  expect(outcome).toMatchObject({ ok: false, retry: true, detail: expect.stringContaining('go away') });
  expect(outcome.detail).not.toContain('wrong');
});

it('a server that says nothing, a word now and then, or very much ends in time', async () => {
  await using silent = await serveTcp(() => {});
  await using dripping = await serveTcp((socket) => {
    socket.write('220-');
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  await using flooding = await serveTcp((socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x')));
    };
    socket.on('drain', pour);
    pour();
  });
  await using chatting = await serveTcp((socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write('250 and so on\r\n'.repeat(1_000)));
    };
    socket.on('drain', pour);
    pour();
  });
  for (const { target } of [silent, dripping, flooding, chatting])
    expect(await mail(target.port)(envelope(), context({ timeout_ms: 400 }))).toMatchObject({
      ok: false,
      retry: true,
    });
});

it('what a server quotes in a reason reaches no header', async () => {
  await using server = await serveSmtp();
  await mail(server.port)(
    envelope({ subject: 'a\r\nBcc: x@example.net', lines: ['.', '..', 'ü'] }),
    context(),
  );
  const [head = ''] = server.mails[0]!.text.split('\n\n');
  expect(head.split('\n').some((line) => line.startsWith('Bcc'))).toBe(false);
});

it('any bytes from a server are a failure in time', async () => {
  let bytes: Uint8Array = new Uint8Array();
  await using server = await serveTcp((socket) => socket.end(bytes));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (garbage) => {
      bytes = garbage;
      expect(await mail(server.target.port)(envelope(), context({ timeout_ms: 1_000 }))).toMatchObject({
        ok: false,
      });
    }),
    { numRuns: 30 },
  );
});
