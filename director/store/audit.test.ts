// The audit: what is recorded comes back, whatever the disk does, and its chain of hashes holds.
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { migrate } from '../database/migrate.ts';
import { canonicalJson, chained, columnsOf, GENESIS } from './audit-chain.ts';
import { openAuditTable } from './audit-table.ts';
import { MIGRATIONS } from './migrations.ts';
import { type AuditRecord, type JsonValue, type NewAudit, STORE_LIMITS } from './record.ts';
import { AuditSite, entry, written } from './support/audit-site.ts';

let site: AuditSite;
beforeEach(() => {
  site = new AuditSite();
});
afterEach(() => site[Symbol.dispose]());

const anyEntry = fc.record<NewAudit>(
  {
    at: fc.double({ min: 0, max: 8.64e15, noNaN: true }),
    who: fc.string({ unit: 'binary' }),
    origin: fc.string(),
    action: fc.constantFrom('drain', 'apply'),
    target: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800 \ufffd \0 end')),
    before: fc.jsonValue() as fc.Arbitrary<JsonValue>,
    after: fc.jsonValue() as fc.Arbitrary<JsonValue>,
    outcome: fc.constantFrom('done', 'refused', 'failed'),
    detail: fc.string({ unit: 'grapheme' }),
  },
  { requiredKeys: ['at', 'who', 'origin', 'action', 'target', 'outcome', 'detail'] },
);

describe('the audit', () => {
  it('gives back what was recorded, newest first, and goes on with the chain after a restart', async () => {
    let last: AuditRecord;
    {
      await using store = await site.open();
      expect(await store.audit.verify()).toEqual({ ok: true, checked: 0, detail: 'nothing is recorded yet' });
      store.audit.record(entry('a', { before: { admin: 'enabled' }, after: { admin: 'draining' } }));
      last = store.audit.record(entry('b', { outcome: 'refused', detail: 'stale: no' }));
      expect((await store.audit.list({ limit: 1 })).more).toBe(true);
    }
    await using store = await site.open();
    expect(store.initial.lastAudit).toEqual({ id: 2, hash: last.hash });
    const third = store.audit.record(entry('c', { who: 'bob', action: 'apply' }));
    const { records, more } = await store.audit.list({ limit: 10 });
    expect(records.map(({ id, target }) => [id, target])).toEqual([
      [3, 'c'],
      [2, 'b'],
      [1, 'a'],
    ]);
    expect(records[2]).toMatchObject({ before: { admin: 'enabled' }, after: { admin: 'draining' } });
    expect(more).toBe(false);
    const ids = async (query: object) =>
      (await store.audit.list({ limit: 10, ...query })).records.map(({ id }) => id);
    expect(await ids({ before: 3 })).toEqual([2, 1]);
    expect(await ids({ who: 'ann' })).toEqual([2, 1]);
    expect(await ids({ action: 'apply' })).toEqual([3]);
    expect(await ids({ q: 'STALE' })).toEqual([2]);
    expect(await ids({ q: '%' })).toEqual([]);
    expect(await store.audit.verify()).toEqual({
      ok: true,
      checked: 3,
      first_id: 1,
      last_id: 3,
      last_hash: third.hash,
      detail: expect.stringMatching(/^3 records, unbroken from the first one on/),
    });
  });

  it('holds for whatever texts and values there are', async () => {
    await using store = await site.open();
    const recorded: AuditRecord[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(anyEntry, { maxLength: 20 }), async (entries) => {
        for (const each of entries) recorded.push(store.audit.record(each));
        await written(store);
        expect(await store.audit.verify()).toMatchObject({ ok: true, checked: recorded.length });
      }),
      { numRuns: 30 },
    );
    expect(store.status().dropped).toBe(0);
    await store[Symbol.asyncDispose]();
    await using again = await site.open();
    expect(await again.audit.verify()).toMatchObject({ ok: true, checked: recorded.length });
    const { records } = await again.audit.list({ limit: 1_000_000 });
    expect(records.reverse()).toEqual(recorded.map((each) => JSON.parse(JSON.stringify(each))));
  });

  it('has one text for one value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as JsonValue);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
    expect(canonicalJson({ b: 1, a: { d: [], c: null } })).toBe('{"a":{"c":null,"d":[]},"b":1}');
  });

  it('can be recomputed by anybody who reads what the API gives', async () => {
    const { createHash } = await import('node:crypto');
    const record = chained({ id: 0, hash: GENESIS }, entry('www/rs1', { after: { z: 1, a: 'é' } }));
    const { hash, ...rest } = record;
    const text = `${GENESIS}\n${canonicalJson(rest as unknown as JsonValue)}`;
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
  });
});

describe('an audit in trouble', () => {
  it('keeps its place when events flood the queue, and leaves room for orders', async () => {
    await using store = await site.open({ queue_max: 80 });
    const blocker = new Sqlite(site.file);
    blocker.exec('BEGIN IMMEDIATE');
    for (let index = 0; index < 200; index++)
      store.record({ at: 1, kind: 'k', subject: 's', reason: String(index) });
    for (let index = 0; index < 5; index++) store.audit.record(entry(`kept ${index}`));
    const order = { service: 'www', server: 'rs1', admin: 'disabled', since: 1, author: 'ops' } as const;
    const saved = store.saveOrder(order);
    expect(store.status().waiting).toBe(70 + 5 + 1);
    expect((await store.audit.list({ limit: 10 })).records.map(({ target }) => target)).toEqual([
      'kept 4',
      'kept 3',
      'kept 2',
      'kept 1',
      'kept 0',
    ]);
    expect(await saved).toBe(false);
    expect(await store.audit.verify()).toMatchObject({
      ok: true,
      checked: 5,
      detail: expect.stringContaining('5 of them are not on disk yet'),
    });
    blocker.exec('COMMIT');
    blocker.close();
    await vi.waitFor(() => {
      site.runTimers();
      expect(store.status()).toMatchObject({ state: 'ok', waiting: 0 });
    });
    expect(await store.audit.verify()).toMatchObject({ ok: true, checked: 5 });
  }, 20_000);

  it('says so when a record found no room', async () => {
    await using store = await site.open({ queue_max: 16 });
    const blocker = new Sqlite(site.file);
    blocker.exec('BEGIN IMMEDIATE');
    for (let index = 0; index < 20; index++) store.audit.record(entry(String(index)));
    expect(store.status().dropped).toBe(5);
    blocker.exec('COMMIT');
    blocker.close();
    await vi.waitFor(() => {
      site.runTimers();
      expect(store.status().waiting).toBe(0);
    });
    store.audit.record(entry('after'));
    await written(store);
    expect(await store.audit.verify()).toMatchObject({
      ok: false,
      broken_at: 16,
      detail: 'records 16 to 20 are missing',
    });
  }, 20_000);

  it('goes back to the oldest record that is kept, and says so', () => {
    const database = new Sqlite(':memory:');
    migrate(database, { what: 'store', steps: MIGRATIONS });
    const table = openAuditTable(database);
    let last = table.last();
    const write = database.transaction((count: number, text: string) => {
      for (let index = 0; index < count; index++) {
        const record = chained(last, entry(text));
        table.write(record);
        last = { id: record.id, hash: record.hash };
      }
    });
    write(STORE_LIMITS.audit + 1_000, 'x');
    const kept = () =>
      (database.prepare('SELECT count(*) AS count FROM audit').get() as { count: number }).count;
    expect(kept()).toBeLessThan(STORE_LIMITS.audit + 256);
    expect(table.last()).toEqual(last);
    const walked = table.walk({ kind: 'audit-walk', after: undefined, limit: STORE_LIMITS.audit + 300 });
    expect(walked.start.id).toBeGreaterThanOrEqual(1_000 - 256);
    expect(walked).toMatchObject({ done: true, point: last, checked: kept() });
    expect(walked.broken).toBeUndefined();
    // Large ones count by their size.
    write(10_000, 'y'.repeat(8_000));
    const { bytes } = database.prepare('SELECT sum(length(target)) AS bytes FROM audit').get() as {
      bytes: number;
    };
    expect(bytes).toBeLessThan(STORE_LIMITS.audit_bytes + 2_560 * 8_000);
    expect(table.walk({ kind: 'audit-walk', after: undefined, limit: 100_000 }).broken).toBeUndefined();
    const { start } = table.walk({ kind: 'audit-walk', after: undefined, limit: 1 });
    database.prepare('DELETE FROM audit WHERE id = ?').run(start.id + 1);
    expect(table.walk({ kind: 'audit-walk', after: undefined, limit: 10 }).broken?.id).toBe(start.id + 1);
    expect(columnsOf(chained(last, entry('z'))).before).toBeNull();
  }, 60_000);
});
