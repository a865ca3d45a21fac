// Accounts in the store: what was written is what is found, and what is lost when its queue is full is only a trace.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionRecord, TokenRecord, UserRecord } from '../model/account.ts';
import type { Clock } from '../model/clock.ts';
import { openStore, type Store } from './store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-accounts-'));
  file = path.join(folder, 'store.sqlite');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const clock: Clock = { now: () => 1, monotonic_ms: () => 0, after: () => ({ [Symbol.dispose]() {} }) };
const open = (queue_max = 1_000): Promise<Store> => openStore({ file, clock, queue_max });

const ann: UserRecord = {
  name: 'ann',
  role: 'admin',
  hash: 'h',
  created: 1,
  createdBy: 'root',
  passwordChanged: 2,
};
const ci: TokenRecord = { id: 't1', digest: 'd', name: 'ci', role: 'viewer', created: 3, createdBy: 'ann' };
const session: SessionRecord = {
  ...{
    id: 's1',
    digest: 'd',
    user: 'ann',
    firstRun: false,
    from: '192.0.2.7',
    agent: 'x',
    created: 4,
    lastSeen: 5,
  },
};

describe('accounts in the store', () => {
  it('are found as they were written, with what was traced since', async () => {
    {
      await using store = await open();
      void store.saveAccount({ kind: 'user', user: ann });
      void store.saveAccount({
        kind: 'user',
        user: { ...ann, name: 'bob', lastLogin: 7, lastLoginFrom: '::1' },
      });
      void store.saveAccount({ kind: 'token', token: { ...ci, expires: 9 } });
      void store.saveAccount({ kind: 'token', token: { ...ci, id: 't2' } });
      void store.saveAccount({ kind: 'session', session });
      void store.saveAccount({ kind: 'session', session: { ...session, id: 's2', firstRun: true } });
      void store.saveAccount({ kind: 'session', session: { ...session, id: 's3' } });
      store.traceAccount({ kind: 'user-login', name: 'ann', at: 10, from: '192.0.2.9' });
      store.traceAccount({ kind: 'user-login', name: 'nobody', at: 10, from: '192.0.2.9' });
      store.traceAccount({ kind: 'token-used', id: 't1', at: 11, from: '192.0.2.9' });
      store.traceAccount({ kind: 'session-seen', id: 's1', at: 12 });
      void store.saveAccount({ kind: 'forget-token', id: 't2' });
      void store.saveAccount({ kind: 'forget-session', id: 's3' });
      expect(await store.saveAccount({ kind: 'forget-user', name: 'nobody' })).toBe(true);
    }
    await using store = await open();
    expect(store.initial.accounts).toEqual({
      users: [
        { ...ann, lastLogin: 10, lastLoginFrom: '192.0.2.9' },
        { ...ann, name: 'bob', lastLogin: 7, lastLoginFrom: '::1' },
      ],
      tokens: [{ ...ci, expires: 9, lastUsed: 11, lastUsedFrom: '192.0.2.9' }],
      sessions: [
        { ...session, lastSeen: 12 },
        { ...session, id: 's2', firstRun: true },
      ],
    });
  });

  it('find room in a queue that is full of traces', async () => {
    await using store = await open(80);
    const blocker = new Sqlite(file);
    blocker.exec('BEGIN IMMEDIATE');
    for (let index = 0; index < 200; index++)
      store.traceAccount({ kind: 'session-seen', id: 's1', at: index });
    expect(store.status()).toMatchObject({ waiting: 70, dropped: 130 });
    expect(await store.saveAccount({ kind: 'forget-session', id: 's1' })).toBe(false);
    expect(store.status()).toMatchObject({ waiting: 71, dropped: 130 });
    blocker.exec('COMMIT');
    blocker.close();
  }, 15_000);

  it('a role that is none is not taken, and holds nothing up', async () => {
    await using store = await open();
    const wrong = { ...ann, role: 'root' } as unknown as UserRecord;
    expect(await store.saveAccount({ kind: 'user', user: wrong })).toBe(false);
    expect(await store.saveAccount({ kind: 'user', user: ann })).toBe(true);
    expect(store.status()).toMatchObject({ state: 'ok', dropped: 1 });
  });
});
