// The console as a process in front of a real director.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../webui/http/headers.ts';
import { ConsoleSite, PASSWORD } from './support/site.ts';

let site: ConsoleSite;

beforeAll(async () => {
  site = await ConsoleSite.open();
});
afterAll(() => site[Symbol.asyncDispose]());

describe('the console', () => {
  it('sends strangers to the login page, and from there back to what they wanted', async () => {
    const stranger = site.stranger();
    const { status, to } = await stranger.get('/?q=a');
    expect([status, to]).toEqual([303, '/login?to=%2F%3Fq%3Da']);
    expect((await stranger.get(to!)).text).toContain('name="to" value="/?q=a"');
  });

  it('gives every answer the same headers of caution', async () => {
    const visitor = await site.visitor();
    for (const target of ['/', '/login', '/nothing-here', '/assets/none.js'])
      expect((await visitor.get(target)).headers).toMatchObject(SECURITY_HEADERS);
  });

  it('shows services and servers as the director has them', async () => {
    const visitor = await site.visitor();
    const { status, text } = await visitor.get('/');
    expect(status).toBe(200);
    for (const name of ['www', 'rs1', 'rs2']) expect(text).toContain(name);
  });

  it('makes the first account with the one-time password, which is worth nothing afterwards', async () => {
    await using fresh = await ConsoleSite.open();
    const file = path.join(fresh.instance.runtime, 'console-password');
    const secret = fs.readFileSync(file, 'utf8').trim().split('\n').at(-1)!;
    const stranger = fresh.stranger();
    expect((await stranger.post('/login', { name: 'admin', password: secret })).to).toBe('/setup');
    expect((await stranger.get('/')).to).toBe('/setup');
    expect((await stranger.get('/api/v1/status')).status).toBe(403);
    const fields = { name: 'ann', password: PASSWORD, again: PASSWORD };
    expect((await stranger.post('/setup', { ...fields, again: 'another' })).status).toBe(422);
    expect((await stranger.post('/setup', fields)).to).toBe('/');
    expect((await stranger.get('/')).text).toContain('>ann</a>');
    expect(fs.existsSync(file)).toBe(false);
    const late = await fresh.stranger().post('/login', { name: 'admin', password: secret });
    expect(late.status).toBe(401);
  });

  it('takes no form without the token of the session, or from another site', async () => {
    const visitor = await site.visitor();
    await visitor.get('/');
    expect((await visitor.post('/logout', { csrf: 'x' })).status).toBe(403);
    expect((await visitor.post('/logout', {}, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await visitor.post('/logout', {})).to).toBe('/login');
    expect(visitor.cookie('__Host-fairlead')).toBeUndefined();
  });
});
