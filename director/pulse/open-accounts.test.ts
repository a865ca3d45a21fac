// Accounts over a real store and a real runtime folder: what a restart finds, and what lies where the one-time password goes.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BETTER, CHEAP, FROM, GOOD } from '../accounts/support/parts.ts';
import type { Clock } from '../model/clock.ts';
import { openStore, type Store } from '../store/store.ts';
import { type OpenedAccounts, openAccounts } from './open-accounts.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-accounts-'));
  file = path.join(folder, 'console-password');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Time stands; timers run when told to. */
function handClock() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 1_700_000_000_000,
    monotonic_ms: () => 0,
    after(_delay_ms, run) {
      timers.add(run);
      return { [Symbol.dispose]: () => void timers.delete(run) };
    },
  };
  const runTimers = (): void => {
    for (const run of [...timers]) {
      timers.delete(run);
      run();
    }
  };
  return { ...clock, runTimers };
}

interface Running extends OpenedAccounts, AsyncDisposable {
  readonly events: string[];
  readonly store: Store;
}

async function start(clock = handClock()): Promise<Running> {
  const store = await openStore({ file: path.join(folder, 'store.sqlite'), clock });
  const events: string[] = [];
  const opened = openAccounts({
    ...{ clock, store, runtimeFolder: folder, names: () => ['web', 'lb1'], hasher: { cost: CHEAP } },
    record: (kind, _subject, reason) => void events.push(`${kind}: ${reason}`),
  });
  return {
    ...opened,
    ...{ events, store },
    async [Symbol.asyncDispose]() {
      opened[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const password = (): string => fs.readFileSync(file, 'utf8').trim().split('\n').at(-1)!;

describe('the first run', () => {
  it('writes a password that only its owner may read, and says so once, without it', async () => {
    {
      await using running = await start();
      expect(fs.statSync(file).mode & 0o7777).toBe(0o600);
      expect(fs.readFileSync(file, 'utf8')).toMatch(
        /^# One-time password for the first login to the Fairlead console, .*\n[a-z2-9]{4}(-[a-z2-9]{4}){3}\n$/,
      );
      expect(running.events).toEqual([expect.stringMatching(/^console-unclaimed: .*console-password/)]);
      expect(running.events.join()).not.toContain(password());
    }
    const was = password();
    await using running = await start();
    expect(running.events).toEqual([]);
    expect(password()).toBe(was);
    expect((await running.login.login('admin', was, FROM)).firstRun).toBe(true);
  });

  it('is over with the first account: the file goes, and is not missed', async () => {
    const was = await (async () => {
      await using running = await start();
      const { secret } = await running.login.login('admin', password(), FROM);
      const text = password();
      await running.login.setup(secret, 'ann', GOOD, FROM);
      expect(fs.existsSync(file)).toBe(false);
      expect(running.events.at(-1)).toMatch(/^console-claimed/);
      return text;
    })();
    fs.writeFileSync(file, `${was}\n`, { mode: 0o600 });
    await using running = await start();
    expect(fs.existsSync(file)).toBe(false);
    expect(running.events).toEqual([]);
    await expect(running.login.login('admin', was, FROM)).rejects.toMatchObject({ code: 'bad-credentials' });
  });

  const planted = 'f7kd-x2mp-qr9t-abcd';
  it.each<[string, () => void]>([
    ['garbage', () => fs.writeFileSync(file, Buffer.alloc(400, 0xff), { mode: 0o600 })],
    ['nothing', () => fs.writeFileSync(file, '', { mode: 0o600 })],
    ['much', () => fs.writeFileSync(file, `${planted}\n`.repeat(100), { mode: 0o600 })],
    ['a password that others can read', () => fs.writeFileSync(file, `${planted}\n`, { mode: 0o644 })],
    [
      'a link to a password elsewhere',
      () => {
        fs.writeFileSync(path.join(folder, 'planted'), `${planted}\n`, { mode: 0o600 });
        fs.symlinkSync('planted', file);
      },
    ],
    ['a link to nowhere', () => fs.symlinkSync('nowhere', file)],
    ['a pipe', () => void spawnSync('mkfifo', ['-m', '600', file])],
    ['a folder', () => fs.mkdirSync(path.join(file, 'deep'), { recursive: true })],
    ['a link where the draft goes', () => fs.symlinkSync('planted', `${file}.new`)],
  ])('where there is %s, a new password takes its place', async (_, plant) => {
    plant();
    await using running = await start();
    expect(running.events).toHaveLength(1);
    expect(fs.lstatSync(file).isFile()).toBe(true);
    expect(fs.statSync(file).mode & 0o7777).toBe(0o600);
    expect(password()).not.toBe(planted);
    expect((await running.login.login('admin', password(), FROM)).firstRun).toBe(true);
    await expect(running.login.login('admin', planted, FROM)).rejects.toMatchObject({
      code: 'bad-credentials',
    });
  });
});

describe('a restart', () => {
  it('logs nobody out, and knows users, roles and tokens', async () => {
    let session = '';
    let secret = '';
    {
      await using running = await start();
      await running.accounts.createUser({ name: 'ann', role: 'admin', password: GOOD }, 'root');
      await running.accounts.createUser({ name: 'bob', role: 'viewer', password: BETTER }, 'ann');
      await running.accounts.setRole('bob', 'operator');
      session = (await running.login.login('bob', BETTER, FROM)).secret;
      secret = (await running.accounts.createToken({ name: 'ci', role: 'viewer', expires_days: 3 }, 'ann'))
        .secret;
      running.login.token(secret, '192.0.2.9');
    }
    const kept = fs.readdirSync(folder).filter((name) => name.startsWith('store.sqlite'));
    for (const name of kept) {
      const bytes = fs.readFileSync(path.join(folder, name)).toString('latin1');
      for (const each of [session, secret, GOOD, BETTER]) expect(bytes).not.toContain(each);
    }
    await using running = await start();
    expect(running.login.session(session)).toMatchObject({ role: 'operator', session: { user: 'bob' } });
    expect(running.login.token(secret, '').token).toMatchObject({ name: 'ci', role: 'viewer' });
    expect(running.accounts.book.user('bob')).toMatchObject({
      ...{ role: 'operator', createdBy: 'ann', lastLogin: 1_700_000_000_000, lastLoginFrom: '192.0.2.7' },
    });
    await running.login.login('bob', BETTER, FROM);
  });

  it('does not bring back what was ended', async () => {
    let session = '';
    let secret = '';
    {
      await using running = await start();
      await running.accounts.createUser({ name: 'ann', role: 'admin', password: GOOD }, 'root');
      await running.accounts.createUser({ name: 'bob', role: 'admin', password: BETTER }, 'ann');
      const token = await running.accounts.createToken({ name: 'ci', role: 'viewer' }, 'ann');
      secret = token.secret;
      session = (await running.login.login('bob', BETTER, FROM)).secret;
      await running.accounts.revokeToken(token.value.id);
      await running.accounts.removeUser('bob');
    }
    await using running = await start();
    expect(() => running.login.session(session)).toThrow('This session is over.');
    expect(() => running.login.token(secret, '')).toThrow('This token is not known.');
    expect(running.accounts.book.users().map((user) => user.name)).toEqual(['ann']);
  });
});

describe('a disk that refuses', () => {
  it('is told to whoever changes something, and gets it later', async () => {
    const clock = handClock();
    {
      await using running = await start(clock);
      await running.accounts.createUser({ name: 'ann', role: 'admin', password: GOOD }, 'root');
      const blocker = new Sqlite(path.join(folder, 'store.sqlite'));
      blocker.exec('BEGIN IMMEDIATE');
      const bob = await running.accounts.createUser({ name: 'bob', role: 'viewer', password: BETTER }, 'ann');
      expect(bob.stored).toBe(false);
      expect((await running.login.login('bob', BETTER, FROM)).role).toBe('viewer');
      expect((await running.accounts.setRole('bob', 'operator')).stored).toBe(false);
      blocker.exec('COMMIT');
      blocker.close();
      clock.runTimers();
      await vi.waitFor(() => expect(running.store.status()).toMatchObject({ state: 'ok', waiting: 0 }));
    }
    await using running = await start();
    expect(running.accounts.book.user('bob')?.role).toBe('operator');
  }, 30_000);
});
