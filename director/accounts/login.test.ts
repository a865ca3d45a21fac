import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCOUNT_LIMITS, type StoredAccounts } from '../model/account.ts';
import { FairleadError } from '../model/error.ts';
import { LIFE } from './core/session-life.ts';
import { csrfOf } from './secret.ts';
import {
  BETTER,
  CHEAP,
  FROM,
  GOOD,
  NOBODY,
  ONE_TIME,
  open,
  openWithUsers,
  type Parts,
} from './support/parts.ts';
import { anyText } from './support/text.ts';

const code = (work: () => unknown): Promise<string> =>
  new Promise((resolve) => resolve(work())).then(
    () => 'none',
    (error: unknown) => (error instanceof FairleadError ? error.code : String(error)),
  );

/** What a restart finds, by what was written before it. */
function kept({ accounts }: Parts): StoredAccounts {
  const { book } = accounts;
  return structuredClone({ users: book.users(), tokens: book.tokens(), sessions: book.sessions() });
}

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
