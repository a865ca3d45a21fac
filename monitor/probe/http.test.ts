import { spawn } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import {
  closedPort,
  context,
  type Listening,
  listen,
  makeCertificate,
  scratchFile,
  serveStopped,
  serveTcp,
} from '../support/servers.ts';
import { http } from './http.ts';
import type { SpecOf } from './probe.ts';

const plain: SpecOf<'http'> = {
  kind: 'http',
  tls: false,
  method: 'GET',
  path: '/health',
  verify: false,
  status: [{ from: 200, to: 299 }],
};

function serve(answer: RequestListener): Promise<Listening> {
  return listen(createServer(answer));
}

/** Answers every request with exactly these bytes, then closes. */
function serveBytes(bytes: string): Promise<Listening> {
  return serveTcp((socket) => {
    socket.once('data', () => socket.end(bytes));
  });
}

async function ask(
  server: Listening,
  spec: Partial<SpecOf<'http'>> = {},
  timeout_ms = 5000,
): Promise<string> {
  const outcome = await http(server.target, { ...plain, ...spec }, context(timeout_ms));
  return `${outcome.ok ? 'up' : 'down'}: ${outcome.reason.replace(/ in \d+ ms$/, '')}`;
}

describe('the http probe', () => {
  it('asks for the path with the virtual host, and passes on an accepted status', async () => {
    const seen: unknown[] = [];
    await using server = await serve((request, response) => {
      seen.push(request.method, request.url, request.headers.host, request.headers.connection);
      response.end('fine');
    });
    expect(await ask(server, { host: 'www.example' })).toBe('up: HTTP 200');
    expect(await ask(server, { method: 'HEAD' })).toBe('up: HTTP 200');
    const itself = `127.0.0.1:${server.target.port}`;
    expect(seen).toEqual(['GET', '/health', 'www.example', 'close', 'HEAD', '/health', itself, 'close']);
  });

  it('judges by ranges of status codes and never follows a redirect', async () => {
    await using server = await serve((_, response) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    );
    expect(await ask(server)).toBe('down: HTTP 302');
    expect(
      await ask(server, {
        status: [
          { from: 200, to: 299 },
          { from: 302, to: 302 },
        ],
      }),
    ).toBe('up: HTTP 302');
  });

  it('looks for a pattern in the body', async () => {
    await using server = await serve((_, response) => response.end('status: gründlich OK\n'));
    expect(await ask(server, { body: 'gründlich (OK|fine)' })).toBe('up: HTTP 200, body matches');
    expect(await ask(server, { body: 'OK$' })).toBe('up: HTTP 200, body matches');
    expect(await ask(server, { body: 'broken' })).toBe('down: HTTP 200, but the body does not match broken');
    expect(await ask(server, { body: '(' })).toBe(
      'down: HTTP 200, but pattern ( is not a regular expression',
    );
  });

  it('stops a pattern that would take exponential time', async () => {
    await using server = await serve((_, response) => response.end(`${'a'.repeat(60)}!`));
    expect(await ask(server, { body: '^(a+)+$' })).toMatch(/^down: HTTP 200, but pattern .* was stopped$/);
  });

  it('reads 64 KiB of an endless body and no more', async () => {
    let sent_bytes = 0;
    await using server = await serve((_, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1024))) sent_bytes += 1024;
        response.once('drain', pour);
      };
      pour();
    });
    expect(await ask(server)).toBe('up: HTTP 200');
    expect(await ask(server, { body: 'y' })).toBe('down: HTTP 200, but the body does not match y');
    expect(sent_bytes).toBeLessThan(64 * 1024 * 1024);
  });

  it('fails when headers never end, by their size', async () => {
    await using server = await serveTcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const pour = (): void => {
        while (!socket.destroyed && socket.write(`x-more: ${'x'.repeat(1000)}\r\n`));
        socket.once('drain', pour);
      };
      pour();
    });
    expect(await ask(server)).toMatch(/^down: .*Header overflow/i);
  });

  it('fails at the deadline when headers or body drip', async () => {
    const drips: NodeJS.Timeout[] = [];
    await using server = await serveTcp((socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      drips.push(setInterval(() => socket.write('x-slow: 1\r\n'), 5));
    });
    expect(await ask(server, {}, 100)).toBe('down: no answer within 100 ms');
    await using stalling = await serve((_, response) =>
      response.writeHead(200, { 'content-length': 10 }).write('half'),
    );
    expect(await ask(stalling, {}, 100)).toBe('down: no complete answer within 100 ms');
    for (const drip of drips) clearInterval(drip);
  });

  it('fails when a connection is accepted but nobody answers', async () => {
    await using server = await serveStopped();
    expect(await ask(server, {}, 100)).toBe('down: no answer within 100 ms');
  });

  it.each([
    ['nothing at all', '', /^connection closed by the server$/],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH\r\n', /Parse Error/],
    [
      'half a body',
      'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf',
      /^HTTP 200, but the answer was cut short$/,
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nhalf', /Parse Error/],
    [
      'an unasked switch of protocols',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      /^HTTP 101$/,
    ],
  ])('fails when the server sends %s', async (_, bytes, reason) => {
    await using server = await serveBytes(bytes);
    const outcome = await http(server.target, plain, context());
    expect(outcome.ok).toBe(false);
    expect(outcome.reason).toMatch(reason);
  });

  it('passes an answer without length that ends with the connection', async () => {
    await using server = await serveBytes('HTTP/1.0 200 OK\r\n\r\nold');
    expect(await ask(server, { body: '^old$' })).toBe('up: HTTP 200, body matches');
  });

  it('fails when the connection is refused or reset', async () => {
    expect(await http(await closedPort(), plain, context())).toMatchObject({
      ok: false,
      reason: 'connection refused',
    });
    await using server = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await ask(server)).toBe('down: connection reset by the server');
  });

  it('fails rather than throws on a path that cannot be sent', async () => {
    await using server = await serve((_, response) => response.end());
    expect(await ask(server, { path: '/a b' })).toMatch(/^down: .*unescaped characters/);
  });
});

describe('the https probe', () => {
  const certificate = makeCertificate();

  it('names the server by sni, else by host, and never by address', async () => {
    const names: unknown[] = [];
    const SNICallback = (name: string, done: (error: null) => void): void => {
      names.push(name);
      done(null);
    };
    const secure = createSecureServer({ ...certificate, SNICallback }, (_, response) => response.end());
    await using server = await listen(secure);
    expect(await ask(server, { tls: true })).toBe('up: HTTP 200');
    expect(await ask(server, { tls: true, host: 'www.example:8443' })).toBe('up: HTTP 200');
    expect(await ask(server, { tls: true, host: 'www.example', sni: 'inner.example' })).toBe('up: HTTP 200');
    expect(names).toEqual(['www.example', 'inner.example']);
  });

  it('refuses a certificate that the system does not know, if it is to verify', async () => {
    await using server = await listen(createSecureServer(certificate, (_, response) => response.end()));
    expect(await ask(server, { tls: true, verify: true, sni: 'www.example' })).toBe(
      'down: the certificate is self-signed',
    );
  });

  it('accepts a certificate that the system knows, for the right name or address only', async () => {
    await using server = await listen(createSecureServer(certificate, (_, response) => response.end()));
    using trusted = scratchFile('authorities.pem', certificate.cert);
    // The system's authorities are read once per process, so this needs one of its own.
    const program = `
      const { http } = await import(${JSON.stringify(new URL('./http.ts', import.meta.url).href)});
      const spec = ${JSON.stringify({ ...plain, tls: true, verify: true })};
      const signal = new AbortController().signal;
      for (const sni of ['www.example', undefined, 'other.example']) {
        const outcome = await http(${JSON.stringify(server.target)}, { ...spec, sni }, { timeout_ms: 5000, signal, service: '' });
        console.log(outcome.ok, outcome.reason);
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, SSL_CERT_FILE: trusted.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = (await text(child.stdout)).trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^true HTTP 200/),
      expect.stringMatching(/^true HTTP 200/),
      'false the certificate is for another name',
    ]);
  });

  it('counts the handshake into the timeout', async () => {
    await using server = await serveTcp(() => {});
    expect(await ask(server, { tls: true }, 100)).toBe('down: no end of the TLS handshake within 100 ms');
  });

  it('fails when the server does not speak TLS', async () => {
    await using server = await serve((_, response) => response.end());
    expect(await ask(server, { tls: true })).toMatch(/^down: /);
  });
});
