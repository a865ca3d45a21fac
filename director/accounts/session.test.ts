import { describe, expect, it } from 'vitest';
import { ACCOUNT_LIMITS } from '../model/account.ts';
import { LIFE } from './core/session-life.ts';
import { BETTER, code, FROM, GOOD, kept, open, openWithUsers } from './support/parts.ts';

describe('a session', () => {
  it('ends when nobody uses it, and after its time whoever uses it', async () => {
    const { login, clock, accounts, writes } = await openWithUsers();
    const idle = await login.login('bob', BETTER, FROM);
    const busy = await login.login('ann', GOOD, FROM);
    const began = clock.now;
    while (clock.now + LIFE.idle_ms - 1 < began + LIFE.absolute_ms) {
      clock.now += LIFE.idle_ms - 1;
      expect(login.session(busy.secret).expires).toBeLessThanOrEqual(began + LIFE.absolute_ms);
      if (clock.now >= began + LIFE.idle_ms)
        expect(await code(() => login.session(idle.secret))).toBe('unauthenticated');
    }
    clock.now = began + LIFE.absolute_ms;
    expect(await code(() => login.session(busy.secret))).toBe('unauthenticated');
    expect(accounts.sessions()).toEqual([]);
    expect(writes.filter((each) => each.kind === 'forget-session')).toHaveLength(2);
  });

  it('tells the disk that it was seen at most once a minute', async () => {
    const { login, clock, traces } = await openWithUsers();
    const { secret } = await login.login('bob', BETTER, FROM);
    traces.length = 0;
    for (let second = 0; second < 180; second++) {
      clock.now += 1_000;
      login.session(secret);
    }
    expect(traces.map((each) => each.kind)).toEqual(Array(3).fill('session-seen'));
  });

  it('does not outlive a clock that is set back', async () => {
    const { login, clock } = await openWithUsers();
    const { secret } = await login.login('bob', BETTER, FROM);
    clock.now -= 60_000;
    expect(login.session(secret).session.user).toBe('bob');
    clock.now -= 3_600_000;
    expect(await code(() => login.session(secret))).toBe('unauthenticated');
  });

  it('survives a restart; one whose time was over meanwhile does not, nor one whose user is gone', async () => {
    const before = await openWithUsers();
    const one = await before.login.login('ann', GOOD, FROM);
    const other = await before.login.login('bob', BETTER, FROM);
    const state = kept(before);
    const after = open(state);
    expect(after.login.session(one.secret)).toMatchObject({ csrf: one.csrf, role: 'admin' });
    const later = open({ ...state, users: state.users.filter((user) => user.name !== 'bob') });
    expect(await code(() => later.login.session(other.secret))).toBe('unauthenticated');
    expect(later.writes.map((each) => each.kind)).toEqual(['forget-session']);
  });

  it('has the role that its user has now', async () => {
    const { login, accounts } = await openWithUsers();
    const { secret } = await login.login('bob', BETTER, FROM);
    await accounts.setRole('bob', 'viewer');
    expect(login.session(secret).role).toBe('viewer');
    await accounts.removeUser('bob');
    expect(await code(() => login.session(secret))).toBe('unauthenticated');
  });

  it('is one of a few: the oldest of a user ends, and others’ stay', async () => {
    const { login, accounts, clock } = await openWithUsers();
    const other = await login.login('ann', GOOD, FROM);
    const secrets: string[] = [];
    for (let time = 0; time < ACCOUNT_LIMITS.sessionsPerUser + 3; time++) {
      clock.now += 1_000;
      secrets.push((await login.login('bob', BETTER, FROM)).secret);
    }
    expect(accounts.book.sessionCounts().get('bob')).toBe(ACCOUNT_LIMITS.sessionsPerUser);
    for (const [index, secret] of secrets.entries())
      expect(await code(() => login.session(secret))).toBe(index < 3 ? 'unauthenticated' : 'none');
    expect(await code(() => login.session(other.secret))).toBe('none');
  });

  it('is over after logout, which may be asked twice', async () => {
    const { login } = await openWithUsers();
    const { secret } = await login.login('bob', BETTER, FROM);
    expect(await login.logout(secret)).toEqual({ user: 'bob', stored: true });
    expect(await login.logout(secret)).toEqual({ user: undefined, stored: true });
    expect(await code(() => login.session(secret))).toBe('unauthenticated');
  });

  it('is never found by anything but its secret', async () => {
    const { login, accounts } = await openWithUsers();
    const { secret } = await login.login('bob', BETTER, FROM);
    const [{ id, digest } = { id: '', digest: '' }] = accounts.sessions();
    for (const wrong of [id, digest, '', `${secret} `, secret.slice(1), secret.toUpperCase(), '__proto__'])
      expect(await code(() => login.session(wrong))).toBe('unauthenticated');
  });
});

describe('one’s own password', () => {
  it('is changed by whoever knows the current one; other sessions end', async () => {
    const { login } = await openWithUsers();
    const here = await login.login('bob', BETTER, FROM);
    const there = await login.login('bob', BETTER, FROM);
    const anns = await login.login('ann', GOOD, FROM);
    await login.changeOwnPassword('bob', BETTER, GOOD, here.secret);
    expect(login.session(here.secret).session.user).toBe('bob');
    expect(await code(() => login.session(there.secret))).toBe('unauthenticated');
    expect(login.session(anns.secret).session.user).toBe('ann');
    expect(await code(() => login.login('bob', BETTER, FROM))).toBe('bad-credentials');
    // Somebody else's session is not one's own.
    await login.changeOwnPassword('bob', GOOD, BETTER, anns.secret);
    expect(await code(() => login.session(here.secret))).toBe('unauthenticated');
  });

  it('is not guessed', async () => {
    const { login } = await openWithUsers();
    const codes: string[] = [];
    for (let attempt = 0; attempt < 22; attempt++)
      codes.push(await code(() => login.changeOwnPassword('bob', 'guess', GOOD, undefined)));
    expect(codes.filter((each) => each === 'bad-credentials')).toHaveLength(20);
    expect(codes.at(-1)).toBe('too-many-attempts');
    expect(await code(() => login.changeOwnPassword('token grafana', 'x', GOOD, undefined))).toBe(
      'unknown-user',
    );
  });

  it('does not undo what an admin changed while it was hashed', async () => {
    const { login, accounts } = await openWithUsers();
    const hash = await accounts.hasher.hash('six purple lanterns swing');
    const theirs = code(() => login.changeOwnPassword('bob', BETTER, GOOD, undefined));
    accounts.book.setPassword('bob', hash, 1);
    expect(['bad-credentials', 'stale']).toContain(await theirs);
    expect(accounts.book.user('bob')!.hash).toBe(hash);
  });
});
