// Visitors who mean no good, and clients that are broken: over real TLS, as bytes where that matters.
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsoleSite, PASSWORD, type Visitor } from './support/site.ts';

const PATIENT = { timeout: 25_000, interval: 50 };
const COOKIE = '__Host-fairlead';

let site: ConsoleSite;
let admin: Visitor;

beforeAll(async () => {
  site = await ConsoleSite.open();
  admin = await site.visitor();
});
afterAll(() => site?.[Symbol.asyncDispose]());

interface Line extends Disposable {
  readonly socket: tls.TLSSocket;
  text(): string;
  ended(): boolean;
}

async function dial(): Promise<Line> {
  const { hostname, port } = new URL(site.url);
  const ca = fs.readFileSync(path.join(site.certificates, 'self-signed.crt'));
  const socket = tls.connect({ host: hostname, port: Number(port), ca });
  let text = '';
  let ended = false;
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => {});
  socket.on('close', () => (ended = true));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  return { socket, text: () => text, ended: () => ended, [Symbol.dispose]: () => void socket.destroy() };
}

describe('sessions', () => {
  it('are made anew by a login, whatever the browser brought along', async () => {
    const visitor = site.stranger();
    visitor.setCookie(COOKIE, 'chosen-by-somebody-else');
    await visitor.login('test-admin', PASSWORD);
    const first = visitor.cookie(COOKIE);
    expect(first).not.toBe('chosen-by-somebody-else');
    await visitor.login('test-admin', PASSWORD);
    expect(visitor.cookie(COOKIE)).not.toBe(first);
  });

  it('come in cookies that scripts, other sites and plain HTTP do not get', async () => {
    const { headers } = await site.stranger().post('/login', { name: 'test-admin', password: PASSWORD });
    const [cookie = ''] = [headers['set-cookie'] ?? []].flat();
    for (const word of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(word);
    expect(cookie).not.toContain('Domain');
  });

  it('end for everybody who holds their secret', async () => {
    const visitor = await site.visitor();
    const thief = site.stranger();
    thief.setCookie(COOKIE, visitor.cookie(COOKIE)!);
    expect((await thief.get('/')).status).toBe(200);
    await visitor.get('/');
    await visitor.post('/logout', {});
    await expect.poll(async () => (await thief.get('/')).to, PATIENT).toBe('/login?to=%2F');
  });

  it.each(['', 'x', 'a'.repeat(300), '%00', '../..', '{"a":1}'])('are not had for %j', async (secret) => {
    const stranger = site.stranger();
    stranger.setCookie(COOKIE, secret);
    expect((await stranger.get('/')).to).toBe('/login?to=%2F');
  });
});

describe('addresses and bodies', () => {
  it.each([
    '/assets/../main.ts',
    '/assets/%2e%2e%2fmain.ts',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%00',
    '/assets/style.css',
    '/services/%2e%2e/%2e%2e',
    '/%',
    '/%ff',
    '//evil.example',
    `/${'a'.repeat(300)}`,
  ])('GET %s gets a page that says no, and no file', async (target) => {
    const { hostname } = new URL(site.url);
    using line = await dial();
    line.socket.write(
      `GET ${target} HTTP/1.1\r\nhost: ${hostname}\r\ncookie: ${COOKIE}=${admin.cookie(COOKIE)}\r\nconnection: close\r\n\r\n`,
    );
    await expect.poll(() => line.ended(), PATIENT).toBe(true);
    expect(line.text()).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(line.text()).not.toMatch(/import |"fairlead"/);
  });

  it('that are too large are refused, and the console goes on', async () => {
    await admin.get('/');
    const { status, text } = await admin.post('/configuration/check', { text: 'x'.repeat(13 * 2 ** 20) });
    expect([status, text.includes('larger than the console takes')]).toEqual([413, true]);
    expect((await admin.get('/')).status).toBe(200);
  });

  it.each([
    ['another type', 'application/json', '{"csrf":"x"}'],
    ['thousands of fields', 'application/x-www-form-urlencoded', 'a=1&'.repeat(6_000)],
    ['a prototype', 'application/x-www-form-urlencoded', '__proto__[x]=1&constructor=2'],
    ['garbage', 'application/x-www-form-urlencoded', '%%%=%ff%fe&&&==='],
  ])('a form of %s changes nothing', async (_, type, body) => {
    const { status } = await admin.request('POST', '/orders/enable', body, { 'content-type': type });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });
});

describe('slow and broken clients', () => {
  it('are let go when they take forever to ask', async () => {
    using line = await dial();
    line.socket.write('GET / HTTP/1.1\r\nhost: x\r\n'); // and nothing more
    await expect.poll(() => line.ended(), PATIENT).toBe(true);
    expect(line.text()).toMatch(/^(HTTP\/1\.1 408|HTTP\/1\.1 400|$)/);
  });

  it('cost nothing but their connection, whatever they send', async () => {
    for (const bytes of [
      '\0\0\0\0',
      'GET / HTTP/9.9\r\n\r\n',
      'POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n',
    ]) {
      using line = await dial();
      line.socket.write(bytes);
      await expect.poll(() => line.ended(), PATIENT).toBe(true);
    }
    expect((await site.stranger().get('/login')).status).toBe(200);
  });
});

/** Last: from this address nobody is let in for a while afterwards. */
describe('the login', () => {
  it('says nothing about which half was wrong, and asks for patience before long', async () => {
    const attempt = (name: string) =>
      site.stranger().post('/login', { name, password: 'wrong password here' });
    const texts = [await attempt('test-admin'), await attempt('nobody')].map(({ status, text }) => [
      status,
      /role="alert">([^<]*)</.exec(text)?.[1],
    ]);
    expect(texts[0]).toEqual(texts[1]);
    let last = 401;
    for (let count = 0; count < 30 && last === 401; count++) last = (await attempt('nobody')).status;
    expect(last).toBe(429);
  });
});
