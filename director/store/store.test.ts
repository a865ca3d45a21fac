import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../model/clock.ts';
import { FairleadError } from '../model/error.ts';
import type { ScheduleRecord } from '../model/schedule.ts';
import { BEGINNING } from './audit-chain.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import type { NewEvent, RevisionRecord } from './record.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-store-'));
  file = path.join(folder, 'store.sqlite');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A clock whose timers run when told to. */
function handClock(): Clock & { runTimers(): void; waiting(): number } {
  const timers = new Set<() => void>();
  return {
    now: () => 1_700_000_000_000,
    monotonic_ms: () => 0,
    after(_delay_ms, run) {
      timers.add(run);
      return { [Symbol.dispose]: () => void timers.delete(run) };
    },
    runTimers() {
      for (const run of [...timers]) {
        timers.delete(run);
        run();
      }
    },
    waiting: () => timers.size,
  };
}

const open = (options: Partial<StoreOptions> = {}): Promise<Store> =>
  openStore({ file, clock: handClock(), ...options });

const event = (reason: string): NewEvent => ({
  at: 1,
  kind: 'server-down',
  subject: 'www/rs1',
  reason,
  evidence: { latency_ms: null },
});

const scheduled: ScheduleRecord = {
  ...{ name: 'night', kind: 'maintenance', moment: 5, phase: 'window', at: 6 },
  ...{ servers: [{ server: 'www/rs1', gave: 'disable' }], outcome: 'under-way', detail: '' },
};

const revision = (number: number, text = `text ${number}`): RevisionRecord => ({
  number,
  at: number,
  author: 'root',
  comment: '',
  hash: String(number),
  text,
});

describe('the store', () => {
  it('gives everything back after it was closed', async () => {
    {
      await using store = await open();
      expect(store.initial).toEqual({
        lastEventId: 0,
        lastAudit: BEGINNING,
        lastDrillId: 0,
        revision: undefined,
        revisions: [],
        orders: [],
        schedule: [],
        verdicts: [],
        accounts: { users: [], tokens: [], sessions: [] },
      });
      store.record(event('first'));
      store.record(event('second'));
      store.saveVerdict({ key: 'k', health: 'down', reason: 'connection refused', at: 5 });
      expect(await store.saveRevision(revision(1))).toBe(true);
      expect(await store.saveRevision(revision(2))).toBe(true);
      const order = { service: 'www', server: 'rs1', since: 3, author: 'ops' };
      await store.saveOrder({ ...order, admin: 'draining', deadline: 9, atDeadline: 'cut' });
      await store.saveOrder({ ...order, server: 'rs2', admin: 'disabled', weight: 4, weightAuthor: 'ann' });
      await store.forgetOrder('www', 'rs3');
      await store.saveSchedule(scheduled);
      await store.saveSchedule({ ...scheduled, name: 'gone' });
      store.forgetSchedule('gone');
    }
    await using store = await open();
    expect(store.initial.lastEventId).toBe(2);
    expect(store.initial.revision).toEqual(revision(2));
    expect(store.initial.orders).toEqual([
      {
        service: 'www',
        server: 'rs1',
        since: 3,
        author: 'ops',
        admin: 'draining',
        deadline: 9,
        atDeadline: 'cut',
      },
      {
        service: 'www',
        server: 'rs2',
        since: 3,
        author: 'ops',
        admin: 'disabled',
        weight: 4,
        weightAuthor: 'ann',
      },
    ]);
    expect(store.initial.schedule).toEqual([scheduled]);
    expect(store.initial.verdicts).toEqual([
      { key: 'k', health: 'down', reason: 'connection refused', at: 5 },
    ]);
    expect(store.record(event('third')).id).toBe(3);
    expect((await store.events(0, 10)).map((each) => each.reason)).toEqual(['first', 'second', 'third']);
    expect((await store.events(1, 1)).map((each) => each.reason)).toEqual(['third']);
    expect(await store.revision(1)).toEqual(revision(1));
    expect(await store.revision(7)).toBeUndefined();
    expect((await store.revisions()).map((each) => each.number)).toEqual([1, 2]);
  });

  it('keeps as many events and audit records as it is told to', async () => {
    {
      await using store = await open();
      for (let count = 1; count <= 700; count++) {
        store.record(event(`${count}`));
        const deed = { who: 'ann', origin: 'cli', action: 'drain', target: `${count}`, detail: '' };
        store.audit.record({ at: count, ...deed, outcome: 'done' });
      }
      await store.saveRevision(revision(1)); // whatever was before it is on the disk
      store.keep({ events: 300, audit: 200 });
    }
    await using store = await open();
    expect((await store.events(0, 10_000)).map(({ reason }) => reason)).toHaveLength(300);
    expect((await store.audit.list({ limit: 1_000 })).records).toHaveLength(200);
    expect(await store.audit.verify()).toMatchObject({ ok: true, checked: 200, first_id: 501 });
  });

  it('hands each event to its followers in order until they leave', async () => {
    await using store = await open();
    const seen: string[] = [];
    {
      using _ = store.follow((each) => seen.push(each.reason));
      store.record(event('a'));
      store.record(event('b'));
    }
    store.record(event('c'));
    expect(seen).toEqual(['a', 'b']);
  });

  it('joins what only the disk has with what memory has', async () => {
    await using store = await open({ ring_max: 4 });
    for (let index = 1; index <= 20; index++) store.record(event(String(index)));
    await store.saveRevision(revision(1));
    expect((await store.events(10, 100)).map((each) => each.id)).toEqual([
      11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ]);
    expect((await store.events(0, 6)).map((each) => each.id)).toEqual([15, 16, 17, 18, 19, 20]);
  });
});

describe('a store in trouble', () => {
  it('sets a damaged file aside and begins a fresh one', async () => {
    {
      await using store = await open();
      for (let index = 0; index < 500; index++) store.record(event('x'.repeat(100)));
    }
    const bytes = fs.readFileSync(file);
    bytes.fill(0xa5, 4096);
    fs.writeFileSync(file, bytes);
    await using store = await open();
    expect(store.setAside?.path).toMatch(/store\.sqlite\.damaged-2023-11-14T/);
    expect(fs.existsSync(store.setAside!.path)).toBe(true);
    expect(store.initial.lastEventId).toBe(0);
    expect(await store.saveRevision(revision(1))).toBe(true);
    expect(store.status().state).toBe('ok');
  });

  it.each([
    ['garbage', Buffer.alloc(10_000, 'no database at all ')],
    ['a truncated header', Buffer.from('SQLite format 3\0abc')],
  ])('sets %s aside', async (_, bytes) => {
    fs.writeFileSync(file, bytes);
    await using store = await open();
    expect(store.setAside).toBeDefined();
    expect(await store.saveRevision(revision(1))).toBe(true);
  });

  it('takes an empty file for a new one', async () => {
    fs.writeFileSync(file, '');
    await using store = await open();
    expect(store.setAside).toBeUndefined();
    expect(await store.saveRevision(revision(1))).toBe(true);
  });

  it('refuses a file that a newer release has written', async () => {
    const database = new Sqlite(file);
    database.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    const failure = await open().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FairleadError);
    expect(failure).toMatchObject({ code: 'store-too-new' });
  });

  it('works from memory when the folder cannot be made', async () => {
    fs.writeFileSync(path.join(folder, 'plain'), '');
    await using store = await open({ file: path.join(folder, 'plain', 'store.sqlite') });
    expect(store.status()).toMatchObject({ state: 'memory' });
    expect(await store.saveRevision(revision(1))).toBe(true);
    expect(await store.revision(1)).toEqual(revision(1));
  });

  it('keeps writes while the disk is full, drops beyond its limit, and says so', async () => {
    const clock = handClock();
    await using store = await open({ pages_max: 40, queue_max: 80, clock });
    expect(await store.saveRevision(revision(1, 'x'.repeat(1_000_000)))).toBe(false);
    expect(store.status()).toMatchObject({ state: 'behind', waiting: 1, dropped: 0 });
    for (let index = 0; index < 100; index++) store.record(event(String(index)));
    expect(store.status()).toMatchObject({ waiting: 70, dropped: 31 });
    // An operator's word still finds room.
    expect(
      await store.saveOrder({
        service: 'www',
        server: 'rs1',
        admin: 'disabled',
        since: 1,
        author: 'ops',
      }),
    ).toBe(false);
    expect(store.status()).toMatchObject({ waiting: 71 });
    expect((await store.events(0, 1_000)).length).toBe(100);
    expect(clock.waiting()).toBe(1);
  });

  it('writes what waited as soon as the disk takes it', async () => {
    const clock = handClock();
    await using store = await open({ clock });
    const blocker = new Sqlite(file);
    blocker.exec('BEGIN IMMEDIATE');
    const saved = store.saveRevision(revision(1));
    expect(await saved).toBe(false);
    expect(store.status().state).toBe('behind');
    blocker.exec('COMMIT');
    blocker.close();
    clock.runTimers();
    await vi.waitFor(() => expect(store.status().state).toBe('ok'));
    expect(await store.saveRevision(revision(2))).toBe(true);
    expect(store.status()).toMatchObject({ state: 'ok', waiting: 0 });
    expect((await store.revisions()).map((each) => each.number)).toEqual([1, 2]);
  }, 15_000);

  it('drops the one write that the database will not take and keeps the rest', async () => {
    await using store = await open();
    store.record(event('good'));
    store.record({ ...event('bad'), at: 1.5 });
    store.record(event('good too'));
    expect(await store.saveRevision(revision(1))).toBe(true);
    expect(store.status()).toMatchObject({ state: 'ok', dropped: 1 });
  });
});
