// The console as a process in front of a real director.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../webui/http/headers.ts';
import { ConsoleSite } from './support/site.ts';

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

  it('takes no form without the token of the session, or from another site', async () => {
    const visitor = await site.visitor();
    await visitor.get('/');
    expect((await visitor.post('/logout', { csrf: 'x' })).status).toBe(403);
    expect((await visitor.post('/logout', {}, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await visitor.post('/logout', {})).to).toBe('/login');
    expect(visitor.cookie('__Host-fairlead')).toBeUndefined();
  });
});
