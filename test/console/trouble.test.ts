// What the console says, and what goes on working, while something of the director's is broken: its database, its disk, itself.
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { ConsoleSite, type Visitor } from './support/site.ts';

const PATIENCE_MS = 90_000;
const PATIENT = { timeout: 40_000, interval: 100 };

/** As the strip has it, on any page. */
async function problems(visitor: Visitor): Promise<string> {
  const { status, text } = await visitor.get('/');
  return status === 200
    ? (/data-live="@director\.problems"[^>]*>([^<]*)</.exec(text)?.[1] ?? '')
    : `${status}`;
}

describe('the console', () => {
  it(
    'says that the database is locked, carries orders out meanwhile, and says when it is over',
    async () => {
      await using site = await ConsoleSite.open();
      const visitor = await site.visitor();
      expect(await problems(visitor)).toBe('no problems');
      const blocker = new Sqlite(path.join(site.instance.state, 'store.sqlite'));
      blocker.exec('BEGIN EXCLUSIVE');
      try {
        const page = await visitor.get('/');
        const revision = /name="revision" value="(\d+)"/.exec(page.text)![1]!;
        await visitor.post('/orders/weight', { revision, server: 'www/rs1', weight: '7' });
        expect((await visitor.get('/')).text).toMatch(/data-live="www\/rs1\.weight"[^>]*>7 \(configured 1\)/);
        await expect.poll(() => problems(visitor), PATIENT).toBe('▼ 1 problem');
        expect((await visitor.get('/')).text).toContain('the disk refuses: database is locked');
        expect((await visitor.get('/events')).status).toBe(200);
      } finally {
        blocker.close();
      }
      await expect.poll(() => problems(visitor), PATIENT).toBe('no problems');
    },
    PATIENCE_MS,
  );

  it(
    'says that a corrupt database was set aside, and begins anew',
    async () => {
      await using site = await ConsoleSite.open();
      await site.visitor();
      await site.instance.end('SIGTERM');
      const file = path.join(site.instance.state, 'store.sqlite');
      for (const tail of ['-wal', '-shm']) fs.rmSync(file + tail, { force: true });
      fs.writeFileSync(file, Buffer.alloc(64 * 1024, 'garbage'));
      await site.instance.run();
      // Accounts were in it: the one-time password is back, and it is said so where people look.
      const text = fs.readFileSync(path.join(site.instance.runtime, 'console-password'), 'utf8');
      const stranger = site.stranger();
      const secret = text.trim().split('\n').at(-1)!;
      await expect
        .poll(async () => (await stranger.post('/login', { name: 'admin', password: secret })).to, PATIENT)
        .toBe('/setup');
      const account = { name: 'ann', password: 'a long new password', again: 'a long new password' };
      expect((await stranger.post('/setup', account)).to).toBe('/');
      const { text: events } = await stranger.get('/events');
      expect(events).toContain('store-damaged');
      expect(fs.readdirSync(site.instance.state).some((name) => name.includes('.damaged-'))).toBe(true);
    },
    PATIENCE_MS,
  );

  it(
    'says that the director is gone, keeps what it knew in sight, takes no orders, and is there again with it',
    async () => {
      await using site = await ConsoleSite.open();
      const visitor = await site.visitor();
      await visitor.get('/');
      await site.instance.end('SIGKILL');
      await expect
        .poll(async () => (await visitor.get('/')).text, PATIENT)
        .toMatch(/role="alert" data-trouble>/);
      for (const target of ['/', '/ha', '/system', '/services/www', '/services/www/servers/rs1'])
        expect((await visitor.get(target)).text).toContain('The director does not answer');
      const answer = await visitor.post('/orders/enable', { revision: '1', server: 'www/rs1' });
      expect([303, 503]).toContain(answer.status);
      const said = answer.to === undefined ? answer.text : (await visitor.get(answer.to)).text;
      expect(said).toMatch(/not running|does not answer/);
      expect((await site.stranger().post('/login', { name: 'a', password: 'b' })).status).toBe(503);
      expect((await visitor.get('/healthz')).status).toBe(200);
      expect((await visitor.get('/readyz')).status).toBe(503);
      await site.instance.run();
      await expect
        .poll(async () => (await visitor.get('/')).text, PATIENT)
        .not.toMatch(/role="alert" data-trouble>/);
    },
    PATIENCE_MS,
  );

  it(
    'goes on where it was when it is killed itself: sessions are the director’s',
    async () => {
      await using site = await ConsoleSite.open();
      const visitor = await site.visitor();
      await site.stopConsole('SIGKILL');
      await site.startConsole();
      const again = site.stranger();
      again.setCookie('__Host-fairlead', visitor.cookie('__Host-fairlead')!);
      expect((await again.get('/')).status).toBe(200);
    },
    PATIENCE_MS,
  );
});
