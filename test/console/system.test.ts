// System, users, tokens, sessions and one's own account over the real console.
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsoleSite, PASSWORD, Visitor } from './support/site.ts';

let site: ConsoleSite;
let admin: Visitor;
const SECOND = 'another horse battery';

const ca = (): Buffer => fs.readFileSync(`${site.certificates}/self-signed.crt`);
const login = (name: string, password: string) => site.stranger().post('/login', { name, password });

beforeAll(async () => {
  site = await ConsoleSite.open();
  admin = await site.visitor();
});
afterAll(() => site[Symbol.asyncDispose]());

describe('system', () => {
  it('shows the director’s insides, its engine, tables and store', async () => {
    const { status, text } = await admin.get('/system');
    expect(status).toBe(200);
    for (const part of ['lb1', 'memory', 'Tables', 'Store', 'History', 'Monitors', 'No problems are known'])
      expect(text).toContain(part);
    expect(text).toContain(`<dd>${site.instance.pid}</dd>`);
  });

  it('shows the console’s certificate, and examples with the name it was called by', async () => {
    const { text } = await admin.get('/system/console');
    const { host } = new URL(site.url);
    expect(text).toContain('CN=fairlead');
    expect(text).toContain('itself: browsers warn');
    expect(text).toContain(`https://${host}/api/v1/status`);
  });

  it('gives admins a report without secrets', async () => {
    const made = await site.instance.client.call('tokenCreate', { body: { name: 'here', role: 'viewer' } });
    const { status, headers, text } = await admin.get('/system/diagnostics.json');
    expect(status).toBe(200);
    expect(headers['content-disposition']).toMatch(/fairlead-diagnostics-lb1-[\dT-]+\.json/);
    const report = JSON.parse(text) as { texts: Record<string, string> };
    expect(Object.keys(report.texts)).toContain('status.json');
    for (const secret of [made.secret, PASSWORD, admin.cookie('__Host-fairlead')!, 'scrypt'])
      expect(text).not.toContain(secret);
  });

  it('opens to each role what it may, and links no further', async () => {
    const viewer = await site.visitor('viewer');
    const page = await viewer.get('/system');
    expect(page.status).toBe(200);
    expect((await viewer.get('/system/console')).status).toBe(200);
    for (const target of ['users', 'tokens', 'sessions', 'diagnostics.json', 'tokens/made/x']) {
      expect(page.text).not.toContain(`/system/${target}`);
      expect([target, (await viewer.get(`/system/${target}`)).status]).toEqual([target, 403]);
    }
    const operator = await site.visitor('operator');
    for (const target of [
      ...['users', 'users/test-admin/role', 'users/test-admin/password', 'users/test-admin/remove'],
      ...['tokens', 'tokens/x/revoke', 'sessions/x/end'],
    ])
      expect([target, (await operator.post(`/system/${target}`, {})).status]).toEqual([target, 403]);
  });
});

describe('users', () => {
  it('are made, given another role and password, and removed once that is confirmed', async () => {
    const fields = { name: 'eve', role: 'viewer', password: PASSWORD, again: PASSWORD };
    expect((await admin.post('/system/users', { ...fields, again: 'x' })).text).toContain('passwords differ');
    expect((await admin.post('/system/users', { ...fields, name: '<b>' })).status).toBe(400);
    expect((await admin.post('/system/users', { ...fields, role: 'god' })).status).toBe(400);
    expect((await admin.submit('/system/users', fields)).text).toContain('eve can log in, as viewer.');
    expect((await admin.post('/system/users', fields)).status).toBe(409);
    const eve = site.stranger();
    await eve.login('eve', PASSWORD);
    expect((await eve.get('/configuration')).status).toBe(403);
    const promoted = await admin.submit('/system/users/eve/role', { role: 'operator' });
    expect(promoted.text).toContain('eve is operator');
    expect((await eve.get('/configuration')).status).toBe(200);
    await admin.submit('/system/users/eve/password', { password: SECOND, again: SECOND });
    expect((await eve.get('/')).to).toContain('/login');
    expect((await login('eve', PASSWORD)).status).toBe(401);
    expect((await login('eve', SECOND)).status).toBe(303);
    expect((await admin.post('/system/users/eve/remove', {})).text).toContain('not confirmed');
    await admin.submit('/system/users/eve/remove', { sure: 'yes' });
    expect((await login('eve', SECOND)).status).toBe(401);
    expect((await admin.get('/system/users')).text).not.toContain('>eve');
  });

  it('keep one admin at least', async () => {
    expect((await admin.post('/system/users/test-admin/role', { role: 'viewer' })).status).toBe(409);
    expect((await admin.post('/system/users/test-admin/remove', { sure: 'yes' })).status).toBe(409);
  });
});

describe('tokens', () => {
  it('come in with the secret that is shown once, until they are revoked', async () => {
    const fields = { name: 'grafana', role: 'viewer', expires_days: '3' };
    for (const bad of ['0', '-1', '4000', 'x'])
      expect((await admin.post('/system/tokens', { ...fields, expires_days: bad })).status).toBe(400);
    const { to } = await admin.post('/system/tokens', fields);
    const other = await site.visitor();
    expect((await other.get(to!)).text).not.toContain('fl_');
    const page = await admin.get(to!);
    const secret = /class="secret[^>]*>(fl_[^<]+)</.exec(page.text)?.[1] ?? '';
    expect(secret).not.toBe('');
    expect(page.headers['cache-control']).toBe('no-store');
    expect((await admin.get(to!)).text).not.toContain(secret);
    const list = await admin.get('/system/tokens');
    expect(list.text).toMatch(/◆ in [23] days/);
    expect(list.text).not.toContain(secret);

    const script = new Visitor(site.url, ca());
    const bearer = { authorization: `Bearer ${secret}` };
    expect((await script.get('/api/v1/status', bearer)).status).toBe(200);
    expect((await script.get('/metrics', bearer)).status).toBe(200);
    const { tokens } = await site.instance.client.call('tokens');
    const address = `/system/tokens/${tokens.find(({ name }) => name === 'grafana')!.id}/revoke`;
    expect((await admin.post(address, {})).text).toContain('not confirmed');
    expect((await admin.submit(address, { sure: 'yes' })).text).toContain('The token is revoked.');
    expect((await script.get('/api/v1/status', bearer)).status).toBe(401);
  });
});

describe('sessions', () => {
  it('are listed with one’s own marked, and end at once', async () => {
    const other = site.stranger();
    const agent = { 'user-agent': '<script>alert(1)</script>' };
    await other.post('/login', { name: 'test-admin', password: PASSWORD }, agent);
    const { text } = await admin.get('/system/sessions');
    expect(text).toContain('this one');
    expect(text).toContain('&lt;script&gt;alert(1)');
    expect(text).not.toContain('<script>alert');
    const { sessions } = await site.instance.client.call('sessions');
    const id = sessions.find((each) => each.agent.includes('alert'))!.id;
    expect((await admin.submit(`/system/sessions/${id}/end`, {})).text).toContain('The session has ended.');
    expect((await other.get('/')).to).toContain('/login');
    expect((await admin.get('/system/sessions')).text).not.toContain('alert(1)');
  });
});

describe('one’s own account', () => {
  it('takes another password for the current one; this session stays, the others end', async () => {
    const viewer = await site.visitor('viewer');
    const elsewhere = await site.visitor('viewer');
    expect((await viewer.get('/account')).text).toContain('test-viewer');
    const fields = { current: PASSWORD, password: SECOND, again: SECOND };
    expect((await viewer.post('/account/password', { ...fields, current: 'wrong' })).status).toBe(401);
    expect((await viewer.post('/account/password', { ...fields, again: 'x' })).status).toBe(422);
    const short = { ...fields, password: 'short', again: 'short' };
    expect((await viewer.post('/account/password', short)).text).toContain('This password will not do');
    expect((await viewer.submit('/account/password', fields)).text).toContain(
      'Your password is another one.',
    );
    expect((await viewer.get('/account')).status).toBe(200);
    expect((await elsewhere.get('/account')).to).toContain('/login');
    expect((await login('test-viewer', SECOND)).status).toBe(303);
  });
});
