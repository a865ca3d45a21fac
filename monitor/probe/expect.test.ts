import type { Socket } from 'node:net';
import { createServer as createSecureServer, TLSSocket } from 'node:tls';
import { expect as assert, describe, it } from 'vitest';
import type { ExpectStep } from '../../director/model/monitor.ts';
import {
  closedPort,
  context,
  type Listening,
  listen,
  makeCertificate,
  serveTcp,
} from '../support/servers.ts';
import { expect as probe } from './expect.ts';

const certificate = makeCertificate();

async function converse(
  server: Pick<Listening, 'target'>,
  steps: readonly ExpectStep[],
  { tls = false, timeout_ms = 5000 } = {},
): Promise<string> {
  const outcome = await probe(server.target, { kind: 'expect', steps, tls }, context(timeout_ms));
  return `${outcome.ok ? 'up' : 'down'}: ${outcome.reason.replace(/ in \d+ ms$/, '')}`;
}

const expectation = (pattern: string): ExpectStep => ({ do: 'expect', pattern });
const sending = (text: string): ExpectStep => ({ do: 'send', text });

/** Greets, then answers each line by what `answer` makes of it. */
function serveLines(greeting: string, answer: (line: string, socket: Socket) => void): Promise<Listening> {
  return serveTcp((socket) => {
    socket.write(greeting);
    socket.on('data', (bytes) => answer(String(bytes).trim(), socket));
  });
}

describe('the expect probe', () => {
  it('goes through the steps of a conversation', async () => {
    await using server = await serveLines('220 mail.example ESMTP\r\n', (line, socket) =>
      socket.write(line === 'QUIT' ? '221 bye\r\n' : `250 hello ${line}\r\n`),
    );
    const steps = [
      expectation('^220 .*ESMTP'),
      sending('EHLO fairlead\r\n'),
      expectation('^250 hello EHLO fairlead'),
      sending('QUIT\r\n'),
      expectation('^221'),
    ];
    assert(await converse(server, steps)).toBe('up: all 5 steps done');
  });

  it('finds a banner without an end of line, and one that comes in pieces', async () => {
    await using server = await serveTcp((socket) => {
      socket.setNoDelay();
      for (const piece of ['SS', 'H-2.', '0-Ope', 'nSSH']) socket.write(piece);
    });
    assert(await converse(server, [expectation('^SSH-2\\.0-OpenSSH$')])).toBe('up: all 1 steps done');
  });

  it('does not take what an earlier step matched for the answer to a later one', async () => {
    await using server = await serveLines('OK\n', () => {});
    const steps = [expectation('OK\\n'), sending('PING\n'), expectation('OK')];
    assert(await converse(server, steps, { timeout_ms: 50 })).toBe('down: no match of OK within 50 ms');
  });

  it('says what came instead', async () => {
    await using server = await serveTcp((socket) => socket.end('421 too busy\u0007\r\n'));
    assert(await converse(server, [expectation('^220')])).toBe(
      'down: the server closed the connection before a match of ^220 in "421 too busy"',
    );
    await using silent = await serveLines('421 too busy\r\n', () => {});
    assert(await converse(silent, [expectation('^220')], { timeout_ms: 50 })).toBe(
      'down: no match of ^220 in "421 too busy" within 50 ms',
    );
  });

  it('reads 64 KiB and no more', async () => {
    await using server = await serveTcp((socket) => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(4096)));
        socket.once('drain', pour);
      };
      pour();
    });
    assert(await converse(server, [expectation('y')])).toBe('down: too much text without a match of y');
  });

  it('gives up on a server that drips', async () => {
    await using server = await serveTcp((socket) => {
      socket.setNoDelay();
      const drip = setInterval(() => socket.write('x'), 1);
      socket.once('close', () => clearInterval(drip));
    });
    assert(await converse(server, [expectation('y')])).toBe('down: too much text without a match of y');
  });

  it('stops a pattern that would take exponential time', async () => {
    await using server = await serveLines(`${'a'.repeat(60)}!`, () => {});
    assert(await converse(server, [expectation('^(a+)+$')])).toMatch(/^down: pattern .* was stopped$/);
  });

  it('fails when the connection is refused', async () => {
    assert(await converse({ target: await closedPort() }, [])).toBe('down: connection refused');
  });

  it('talks TLS from the beginning if told to', async () => {
    await using server = await listen(
      createSecureServer(certificate, (socket) => socket.write('* OK IMAP\r\n')),
    );
    assert(await converse(server, [expectation('^\\* OK')], { tls: true })).toBe('up: all 1 steps done');
  });

  it('changes to TLS in the middle, and forgets what was said in the clear', async () => {
    await using server = await serveLines('220 ready\r\n', (line, socket) => {
      if (line !== 'STARTTLS') return;
      socket.removeAllListeners('data');
      socket.write('220 go ahead\r\n250 injected\r\n', () => {
        const secure = new TLSSocket(socket, { isServer: true, ...certificate });
        secure.on('error', () => {});
        secure.on('data', (bytes) => secure.write(`${bytes}`.includes('NOOP') ? '200 secure\r\n' : ''));
      });
    });
    const begin = [
      expectation('^220 ready\\r\\n'),
      sending('STARTTLS\r\n'),
      expectation('^220 go'),
      { do: 'starttls' },
    ] as const;
    assert(await converse(server, [...begin, sending('NOOP\r\n'), expectation('^200 secure')])).toBe(
      'up: all 6 steps done',
    );
    assert(await converse(server, [...begin, expectation('injected')], { timeout_ms: 100 })).toBe(
      'down: no match of injected within 100 ms',
    );
  });

  it('counts a handshake that nobody answers into the timeout', async () => {
    await using server = await serveLines('220 ready\r\n', () => {});
    assert(await converse(server, [expectation('220'), { do: 'starttls' }], { timeout_ms: 50 })).toBe(
      'down: no end of the TLS handshake within 50 ms',
    );
  });
});
