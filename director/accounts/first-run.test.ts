import { describe, expect, it } from 'vitest';
import { code, FROM, GOOD, kept, NOBODY, ONE_TIME, open, openWithUsers } from './support/parts.ts';

describe('the first run', () => {
  it('lets the one-time password in, for making the first admin and nothing else', async () => {
    const { login, accounts, ended } = open();
    expect(await code(() => login.login('admin', GOOD, FROM))).toBe('bad-credentials');
    expect(await code(() => login.login('ann', ONE_TIME, FROM))).toBe('bad-credentials');
    const begun = await login.login('admin', ONE_TIME.toUpperCase(), FROM);
    expect(begun).toMatchObject({ firstRun: true, role: 'viewer', user: 'admin' });
    expect(login.session(begun.secret).session.firstRun).toBe(true);
    expect(await code(() => login.setup(begun.secret, 'ann', 'short', FROM))).toBe('weak-password');
    expect(ended()).toBe(0);
    const first = await login.setup(begun.secret, 'ann', GOOD, FROM);
    expect(first).toMatchObject({ firstRun: false, role: 'admin', user: 'ann' });
    expect(ended()).toBe(1);
    expect(accounts.isFirstRun).toBe(false);
    expect(await code(() => login.session(begun.secret))).toBe('unauthenticated');
    expect(await code(() => login.setup(begun.secret, 'eve', GOOD, FROM))).toBe('unauthenticated');
    expect(await code(() => login.setup(first.secret, 'eve', GOOD, FROM))).toBe('forbidden');
    expect(await code(() => login.login('admin', ONE_TIME, FROM))).toBe('bad-credentials');
  });

  it('has one first admin, though two ask at once', async () => {
    const { login, accounts } = open();
    const [one, two] = [
      await login.login('admin', ONE_TIME, FROM),
      await login.login('admin', ONE_TIME, FROM),
    ];
    const codes = await Promise.all([
      code(() => login.setup(one.secret, 'ann', GOOD, FROM)),
      code(() => login.setup(two.secret, 'eve', GOOD, FROM)),
    ]);
    expect(codes.sort()).toEqual(['none', 'unauthenticated']);
    expect(accounts.book.users()).toHaveLength(1);
  });

  it('ends with the first user from elsewhere, who must be an admin', async () => {
    const { login, accounts, ended } = open();
    const { secret } = await login.login('admin', ONE_TIME, FROM);
    expect(
      await code(() => accounts.createUser({ name: 'bob', role: 'viewer', password: GOOD }, 'root')),
    ).toBe('first-admin');
    await accounts.createUser({ name: 'ann', role: 'admin', password: GOOD }, 'root');
    expect(ended()).toBe(1);
    expect(await code(() => login.setup(secret, 'eve', GOOD, FROM))).toBe('unauthenticated');
  });

  it('is guessed no faster than any password', async () => {
    const { login } = open();
    const codes: string[] = [];
    for (let attempt = 0; attempt < 12; attempt++)
      codes.push(await code(() => login.login('admin', 'aaaa-aaaa-aaaa-aaaa', FROM)));
    expect(codes.slice(10)).toEqual(['too-many-attempts', 'too-many-attempts']);
  });

  it('a session of it does not come back once there are users', async () => {
    const before = open(NOBODY);
    const { secret } = await before.login.login('admin', ONE_TIME, FROM);
    const state = kept(before);
    expect(open(state).login.session(secret).session.firstRun).toBe(true);
    const users = (await openWithUsers()).accounts.book.users();
    expect(await code(() => open({ ...state, users }).login.session(secret))).toBe('unauthenticated');
  });
});
