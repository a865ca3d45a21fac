import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FairleadError } from '../model/error.ts';
import { LIFE } from './core/session-life.ts';
import { csrfOf } from './secret.ts';
import { BETTER, CHEAP, code, FROM, GOOD, kept, open, openWithUsers } from './support/parts.ts';
import { anyText } from './support/text.ts';

describe('a login', () => {
  it('gives a session, and the session is known by its secret', async () => {
    const { login, accounts, writes, clock } = await openWithUsers();
    const begun = await login.login('bob', BETTER, { from: '192.0.2.7', agent: 'Firefox\r\n\x1b[2J' });
    expect(begun).toMatchObject({ user: 'bob', role: 'operator', firstRun: false });
    expect(begun.csrf).toBe(csrfOf(begun.secret));
    expect(begun.expires).toBe(clock.now + LIFE.idle_ms);
    expect(login.session(begun.secret)).toMatchObject({ role: 'operator', csrf: begun.csrf });
    expect(accounts.sessions()).toMatchObject([{ user: 'bob', from: '192.0.2.7', agent: 'Firefox[2J' }]);
    expect(accounts.book.user('bob')).toMatchObject({ lastLogin: clock.now, lastLoginFrom: '192.0.2.7' });
    for (const secret of [begun.secret, BETTER, GOOD]) expect(JSON.stringify(writes)).not.toContain(secret);
  });

  it('says the same of a wrong name and a wrong password', async () => {
    const { login } = await openWithUsers();
    const tell = (name: string, password: string): Promise<unknown> =>
      login
        .login(name, password, FROM)
        .catch((error: FairleadError) => [error.code, error.message, error.remedy]);
    const told = [
      await tell('bob', GOOD),
      await tell('nobody', GOOD),
      await tell('bob', ''),
      await tell('', ''),
    ];
    expect(new Set(told.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(told[0]).toMatchObject(['bad-credentials', expect.any(String), expect.any(String)]);
  });

  it('hashes the password again when the parameters were raised', async () => {
    const before = await openWithUsers();
    const after = open(kept(before), { hasher: { cost: { ...CHEAP, ln: 5 } } });
    const was = after.accounts.book.user('ann')!.hash;
    await after.login.login('ann', GOOD, FROM);
    const { hash, passwordChanged } = after.accounts.book.user('ann')!;
    expect(hash).not.toBe(was);
    expect(hash).toContain('ln=5');
    expect(passwordChanged).toBe(before.accounts.book.user('ann')!.passwordChanged);
    await after.login.login('ann', GOOD, FROM);
    expect(after.accounts.book.user('ann')!.hash).toBe(hash);
  });

  it('does not work with a password that was changed while it was checked', async () => {
    const { login, accounts } = await openWithUsers();
    const hash = await accounts.hasher.hash(GOOD);
    const slow = code(() => login.login('bob', BETTER, FROM));
    accounts.book.setPassword('bob', hash, 1);
    expect(await slow).toBe('bad-credentials');
    const gone = code(() => login.login('bob', GOOD, FROM));
    accounts.book.removeUser('bob');
    expect(await gone).toBe('bad-credentials');
  });

  it('takes anything for a name and a password, and lets nobody in by it', async () => {
    const { login } = await openWithUsers();
    const text = fc.oneof(
      anyText(256),
      fc.constantFrom(
        '__proto__',
        'constructor',
        'ann\0',
        'ANN',
        ' ann',
        'ann\r\nfairlead-role: admin',
        '%61nn',
      ),
    );
    let from = 0;
    await fc.assert(
      fc.asyncProperty(text, text, async (name, password) => {
        const place = `10.${(from >> 8) & 255}.${from++ & 255}.1`;
        expect(await code(() => login.login(name, password, { from: place, agent: name }))).toBe(
          'bad-credentials',
        );
      }),
    );
  });
});

describe('attempts', () => {
  it('are limited for each place, and told how long to wait', async () => {
    const { login, clock } = await openWithUsers();
    for (let attempt = 0; attempt < 10; attempt++)
      expect(await code(() => login.login(`user${attempt}`, 'x', FROM))).toBe('bad-credentials');
    await expect(login.login('ann', GOOD, FROM)).rejects.toMatchObject({
      code: 'too-many-attempts',
      message: 'Too many attempts: the next one is free in 10 s.',
    });
    expect((await login.login('ann', GOOD, { ...FROM, from: '192.0.2.8' })).user).toBe('ann');
    clock.now += 10_000;
    expect((await login.login('ann', GOOD, FROM)).user).toBe('ann');
  });

  it('that are right cost nothing', async () => {
    const { login } = await openWithUsers();
    for (let time = 0; time < 30; time++) await login.login('ann', GOOD, FROM);
    expect(login.counted).toEqual({ places: 0, names: 0 });
  });

  it('are limited all the same when they come all at once', async () => {
    const { login } = await openWithUsers();
    const codes = await Promise.all(
      Array.from({ length: 30 }, () => code(() => login.login('ann', 'x', FROM))),
    );
    expect(codes.filter((each) => each === 'bad-credentials')).toHaveLength(10);
    expect(codes.filter((each) => each === 'too-many-attempts')).toHaveLength(20);
  });

  it('from one network of IPv6 are from one place', async () => {
    const { login } = await openWithUsers();
    const codes: string[] = [];
    for (let host = 1; host <= 12; host++)
      codes.push(await code(() => login.login(`u${host}`, 'x', { ...FROM, from: `2001:db8::${host}` })));
    expect(codes.filter((each) => each === 'too-many-attempts')).toHaveLength(2);
  });

  it('on one account from everywhere are limited, whether or not there is such an account', async () => {
    for (const name of ['ann', 'nobody']) {
      const { login } = await openWithUsers();
      const codes: string[] = [];
      for (let host = 0; host < 25; host++)
        codes.push(await code(() => login.login(name, 'x', { ...FROM, from: `198.51.100.${host}` })));
      expect(codes.filter((each) => each === 'bad-credentials')).toHaveLength(20);
      expect(codes.slice(20)).toEqual(Array(5).fill('too-many-attempts'));
    }
  });

  it('of others do not keep somebody out of where they were last, nor out of a session', async () => {
    const { login } = await openWithUsers();
    const { secret } = await login.login('ann', GOOD, FROM);
    for (let host = 0; host < 60; host++)
      await code(() => login.login('ann', 'x', { ...FROM, from: `198.51.100.${host}` }));
    // The name of the one that is kept apart cannot be used up either.
    for (let host = 60; host < 120; host++)
      await code(() => login.login(`ann ${FROM.from}`, 'x', { ...FROM, from: `198.51.100.${host}` }));
    expect(await code(() => login.login('ann', GOOD, { ...FROM, from: '203.0.113.1' }))).toBe(
      'too-many-attempts',
    );
    expect((await login.login('ann', GOOD, FROM)).user).toBe('ann');
    expect(login.session(secret).session.user).toBe('ann');
    await login.changeOwnPassword('ann', GOOD, BETTER, secret);
  });

  it('of a flood of names and addresses stay within their tables', async () => {
    const { login } = await openWithUsers({ hasher: { cost: { ln: 1, r: 1, p: 1 } } });
    for (let host = 0; host < 30; host++)
      await code(() => login.login('bob', 'x', { ...FROM, from: `198.51.100.${host}` }));
    for (let turn = 0; turn < 6_000; turn++)
      await code(() =>
        login.login(`${'n'.repeat(200)}${turn}`, 'x', { from: `10.1.${turn >> 8}.${turn & 255}`, agent: '' }),
      );
    const { places, names } = login.counted;
    expect(Math.max(places, names)).toBeLessThanOrEqual(4_096);
    // The one that was worked on is still limited.
    expect(await code(() => login.login('bob', BETTER, { ...FROM, from: '203.0.113.9' }))).toBe(
      'too-many-attempts',
    );
  });

  it('that find no room to be hashed are none', async () => {
    const { login } = await openWithUsers({ hasher: { queue_max: 1 } });
    const codes = await Promise.all(
      Array.from({ length: 9 }, (_, host) =>
        code(() => login.login('bob', 'x', { ...FROM, from: `198.51.100.${host}` })),
      ),
    );
    expect(codes.filter((each) => each === 'busy')).toHaveLength(6);
    expect(login.counted.places).toBe(3);
  });
});
