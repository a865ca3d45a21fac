import { describe, expect, it } from 'vitest';
import { ACCOUNT_LIMITS, type StoredAccounts, type UserRecord } from '../model/account.ts';
import { DAY_MS } from './core/session-life.ts';
import { digestOf } from './secret.ts';
import { BETTER, code, FROM, GOOD, NOBODY, open, openWithUsers } from './support/parts.ts';

describe('users', () => {
  it('are kept as they were made, without their passwords', async () => {
    const { accounts, writes, clock } = await openWithUsers();
    expect(accounts.book.users()).toMatchObject([
      { name: 'ann', role: 'admin', created: clock.now, createdBy: 'root', passwordChanged: clock.now },
      { name: 'bob', role: 'operator', createdBy: 'ann' },
    ]);
    expect(writes.map((each) => each.kind)).toEqual(['user', 'user']);
    expect(JSON.stringify(writes)).not.toMatch(new RegExp(`${GOOD}|${BETTER}`));
  });

  it('have names of their own, also when two are made at once', async () => {
    const { accounts } = await openWithUsers();
    const carl = { name: 'carl', role: 'viewer' as const, password: GOOD };
    expect(await code(() => accounts.createUser({ ...carl, name: 'ann' }, 'root'))).toBe('user-exists');
    const codes = await Promise.all([1, 2, 3].map(() => code(() => accounts.createUser(carl, 'root'))));
    expect(codes.sort()).toEqual(['none', 'user-exists', 'user-exists']);
    expect(
      await code(() => accounts.createUser({ ...carl, name: 'dora', password: 'doradoradora' }, 'root')),
    ).toBe('weak-password');
  });

  it('the last admin stays one', async () => {
    const { accounts } = await openWithUsers();
    expect(await code(() => accounts.setRole('ann', 'operator'))).toBe('last-admin');
    expect(await code(() => accounts.removeUser('ann'))).toBe('last-admin');
    await accounts.setRole('ann', 'admin');
    await accounts.setRole('bob', 'admin');
    await accounts.setRole('ann', 'viewer');
    expect(await code(() => accounts.removeUser('bob'))).toBe('last-admin');
    await accounts.removeUser('ann');
    expect(accounts.book.users().map((user) => user.name)).toEqual(['bob']);
  });

  it('another password ends their sessions, and the disk hears of that first', async () => {
    const { accounts, login, writes } = await openWithUsers();
    const { secret } = await login.login('bob', BETTER, FROM);
    writes.length = 0;
    await accounts.setPassword('bob', GOOD);
    expect(writes.map((each) => each.kind)).toEqual(['forget-session', 'user']);
    expect(await code(() => login.session(secret))).toBe('unauthenticated');
    expect((await login.login('bob', GOOD, FROM)).user).toBe('bob');
    expect(await code(() => accounts.setPassword('bob', 'bob'))).toBe('weak-password');
  });

  it('one who is not there is told of as such, whatever is asked', async () => {
    const { accounts } = await openWithUsers();
    for (const name of ['carl', '', '__proto__', 'constructor']) {
      expect(await code(() => accounts.setPassword(name, GOOD))).toBe('unknown-user');
      expect(await code(() => accounts.setRole(name, 'admin'))).toBe('unknown-user');
      expect(await code(() => accounts.removeUser(name))).toBe('unknown-user');
    }
  });

  it('one who comes after another of the same name does not get the other’s new password', async () => {
    const { accounts, clock } = await openWithUsers();
    const late = code(() => accounts.setPassword('bob', GOOD));
    accounts.book.removeUser('bob');
    clock.now += 1;
    accounts.book.addUser({ ...accounts.book.user('ann')!, name: 'bob', created: clock.now });
    expect(await late).toBe('unknown-user');
  });

  it('are at most a thousand, also when the disk has more', async () => {
    const user = (index: number): UserRecord => ({
      ...{
        name: `u${index}`,
        role: 'admin',
        hash: '',
        created: index,
        createdBy: 'root',
        passwordChanged: 0,
      },
    });
    const users = Array.from({ length: ACCOUNT_LIMITS.users + 50 }, (_, index) => user(index));
    const { accounts } = open({ ...NOBODY, users });
    expect(accounts.book.users()).toHaveLength(ACCOUNT_LIMITS.users);
    expect(
      await code(() => accounts.createUser({ name: 'ann', role: 'admin', password: GOOD }, 'root')),
    ).toBe('too-many-users');
  });
});

describe('tokens', () => {
  it('are known by their secret until they are revoked', async () => {
    const { accounts, login, writes, clock, traces } = await openWithUsers();
    const made = await accounts.createToken({ name: 'grafana', role: 'viewer' }, 'ann');
    expect(made.value).toMatchObject({
      name: 'grafana',
      role: 'viewer',
      createdBy: 'ann',
      digest: digestOf(made.secret),
    });
    expect(JSON.stringify(writes)).not.toContain(made.secret);
    clock.now += 1_000;
    expect(login.token(made.secret, '192.0.2.9').token.name).toBe('grafana');
    expect(accounts.book.token(made.value.id)).toMatchObject({
      lastUsed: clock.now,
      lastUsedFrom: '192.0.2.9',
    });
    for (let second = 0; second < 59; second++) login.token(made.secret, '192.0.2.9');
    expect(traces.filter((each) => each.kind === 'token-used')).toHaveLength(1);
    await accounts.revokeToken(made.value.id);
    expect(await code(() => login.token(made.secret, ''))).toBe('unauthenticated');
    expect(await code(() => accounts.revokeToken(made.value.id))).toBe('unknown-token');
  });

  it('expire', async () => {
    const { accounts, login, clock } = await openWithUsers();
    const { secret, value } = await accounts.createToken(
      { name: 'ci', role: 'operator', expires_days: 2 },
      'ann',
    );
    expect(value.expires).toBe(clock.now + 2 * DAY_MS);
    clock.now += 2 * DAY_MS - 1;
    expect(login.token(secret, '').token.role).toBe('operator');
    clock.now += 1;
    await expect(code(() => login.token(secret, ''))).resolves.toBe('unauthenticated');
    expect(accounts.book.tokens()).toHaveLength(1);
  });

  it('are at most a thousand; expired ones make room', async () => {
    const { accounts, clock } = await openWithUsers();
    for (let index = 0; index < ACCOUNT_LIMITS.tokens; index++)
      await accounts.createToken(
        { name: `t${index}`, role: 'viewer', expires_days: index < 10 ? 1 : 9 },
        'ann',
      );
    expect(await code(() => accounts.createToken({ name: 'more', role: 'viewer' }, 'ann'))).toBe(
      'too-many-tokens',
    );
    expect(await code(() => accounts.createToken({ name: 't20', role: 'viewer' }, 'ann'))).toBe(
      'token-exists',
    );
    clock.now += DAY_MS;
    expect(await code(() => accounts.createToken({ name: 'more', role: 'viewer' }, 'ann'))).toBe('none');
    expect(accounts.book.tokens()).toHaveLength(ACCOUNT_LIMITS.tokens - 9);
  });
});

describe('sessions', () => {
  it('are at most ten thousand: the one that nobody has used longest ends', async () => {
    const { accounts, login, clock } = await openWithUsers();
    const first = await login.login('bob', BETTER, FROM);
    const users = Array.from({ length: 700 }, (_, index) => ({
      ...accounts.book.user('bob')!,
      name: `u${index}`,
    }));
    const sessions = Array.from({ length: ACCOUNT_LIMITS.sessions - 1 }, (_, index) => ({
      ...{ id: `s${index}`, digest: '', user: `u${index % 700}`, firstRun: false, from: '', agent: '' },
      ...{ created: clock.now, lastSeen: clock.now + 1_000 + index },
    }));
    const stored: StoredAccounts = {
      users: [...accounts.book.users(), ...users],
      tokens: [],
      sessions: [...accounts.sessions(), ...sessions],
    };
    const full = open(stored);
    full.clock.now = clock.now + 60_000;
    expect(full.login.session(first.secret).session.user).toBe('bob');
    expect((await full.login.login('ann', GOOD, FROM)).user).toBe('ann');
    expect(full.accounts.sessions()).toHaveLength(ACCOUNT_LIMITS.sessions);
    expect(full.accounts.book.session('s0')).toBeUndefined();
    expect(full.writes.filter((each) => each.kind === 'forget-session')).toEqual([
      { kind: 'forget-session', id: 's0' },
    ]);
  });

  it('are ended by an admin at once', async () => {
    const { accounts, login } = await openWithUsers();
    const { secret } = await login.login('bob', BETTER, FROM);
    const [session] = accounts.sessions();
    await accounts.endSession(session!.id);
    expect(await code(() => login.session(secret))).toBe('unauthenticated');
    expect(await code(() => accounts.endSession(session!.id))).toBe('unknown-session');
  });
});

describe('a disk that refuses', () => {
  it('stops nothing: what was changed is in force, and told as not stored', async () => {
    const { accounts, login } = await openWithUsers({ save: async () => false });
    const { secret } = await login.login('bob', BETTER, FROM);
    expect(await accounts.setRole('bob', 'viewer')).toMatchObject({
      stored: false,
      value: { role: 'viewer' },
    });
    expect(login.session(secret).role).toBe('viewer');
    expect((await accounts.createToken({ name: 'x', role: 'viewer' }, 'ann')).stored).toBe(false);
    expect(await accounts.removeUser('bob')).toBe(false);
    expect(await code(() => login.session(secret))).toBe('unauthenticated');
  });
});
