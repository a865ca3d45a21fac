// The audit: what is recorded comes back, and whoever changes or removes a record is found out.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../model/clock.ts';
import { canonicalJson, chained, columnsOf, GENESIS } from './audit-chain.ts';
import { openAuditTable } from './audit-table.ts';
import { migrate } from './migrations.ts';
import { type AuditRecord, type JsonValue, type NewAudit, STORE_LIMITS } from './record.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-audit-'));
  file = path.join(folder, 'store.sqlite');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const timers = new Set<() => void>();
const clock: Clock = {
  now: () => 1_700_000_000_000,
  monotonic_ms: () => 0,
  after(_delay_ms, run) {
    timers.add(run);
    return { [Symbol.dispose]: () => void timers.delete(run) };
  },
};
function runTimers(): void {
  for (const run of [...timers]) {
    timers.delete(run);
    run();
  }
}

const open = (options: Partial<StoreOptions> = {}): Promise<Store> => openStore({ file, clock, ...options });

const entry = (target: string, more: Partial<NewAudit> = {}): NewAudit => ({
  at: 5,
  who: 'ann',
  origin: 'cli',
  action: 'drain',
  target,
  outcome: 'done',
  detail: '',
  ...more,
});

/** Through a connection of its own, as somebody would who wants to hide something. */
function tamper(sql: string, ...values: (string | number | Buffer)[]): number {
  const database = new Sqlite(file);
  const { changes } = database.prepare(sql).run(...values);
  database.close();
  return changes;
}

async function written(store: Store): Promise<void> {
  await vi.waitFor(() => expect(store.status().waiting).toBe(0));
}

async function verdictOf(): Promise<Awaited<ReturnType<Store['audit']['verify']>>> {
  await using store = await open();
  return store.audit.verify();
}

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
      await using store = await open();
      expect(await store.audit.verify()).toEqual({ ok: true, checked: 0, detail: 'nothing is recorded yet' });
      store.audit.record(entry('a', { before: { admin: 'enabled' }, after: { admin: 'draining' } }));
      last = store.audit.record(entry('b', { outcome: 'refused', detail: 'stale: no' }));
      expect((await store.audit.list({ limit: 1 })).more).toBe(true);
    }
    await using store = await open();
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
    await using store = await open();
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
    expect(await verdictOf()).toMatchObject({ ok: true, checked: recorded.length });
    await using again = await open();
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

describe('a chain that somebody tampered with', () => {
  const COLUMNS = [
    'who',
    'origin',
    'action',
    'target',
    'before_json',
    'after_json',
    'outcome',
    'detail',
    'hash',
  ];
  const RECORDS = 12;

  async function fill(records = RECORDS): Promise<void> {
    await using store = await open();
    for (let index = 1; index <= records; index++)
      store.audit.record(
        entry(`target ${index} \ufffd`, {
          before: { n: 1e21, text: '\u001f\ufffd' },
          after: [index],
          detail: `was ${index}`,
        }),
      );
  }

  it('is found wherever a byte of a row is another one', async () => {
    await fill();
    const good = fs.readFileSync(file);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: RECORDS }),
        fc.constantFrom(...COLUMNS),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (id, column, place, flip) => {
          fs.writeFileSync(file, good);
          const database = new Sqlite(file);
          const row = database.prepare(`SELECT CAST(${column} AS BLOB) AS bytes FROM audit WHERE id = ?`);
          const { bytes } = row.get(id) as { bytes: Buffer };
          bytes[place % bytes.length]! ^= flip;
          database.prepare(`UPDATE audit SET ${column} = CAST(? AS TEXT) WHERE id = ?`).run(bytes, id);
          const table = openAuditTable(database);
          const walked = table.walk({ kind: 'audit-walk', after: undefined, limit: 1_000 });
          database.close();
          expect(walked).toMatchObject({ done: true, broken: { id } });
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is found, or the file set aside, wherever a byte of the file is another one among the records', async () => {
    await fill();
    const good = fs.readFileSync(file);
    const listed = async (store: Store) => (await store.audit.list({ limit: 100 })).records;
    const recorded = await (async () => {
      await using store = await open();
      return await listed(store);
    })();
    const first = good.indexOf('target 1 ');
    const last = good.indexOf(`target ${RECORDS} `);
    const [from, to] = [Math.min(first, last), Math.max(first, last)];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: from, max: to }),
        fc.integer({ min: 1, max: 255 }),
        async (place, flip) => {
          for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name));
          const bytes = Buffer.from(good);
          bytes[place]! ^= flip;
          fs.writeFileSync(file, bytes);
          await using store = await open();
          if (store.setAside !== undefined || !(await store.audit.verify()).ok) return;
          // A few bytes of SQLite's mean nothing: then nothing has changed.
          expect(await listed(store)).toEqual(recorded);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is found when a row is gone, wherever it was', async () => {
    for (const id of [1, 2, RECORDS - 1, RECORDS]) {
      fs.rmSync(file, { force: true });
      await fill();
      expect(tamper('DELETE FROM audit WHERE id = ?', id)).toBe(1);
      const verdict = await verdictOf();
      expect(verdict).toMatchObject({ ok: false, broken_at: id, detail: `record ${id} is missing` });
    }
  });

  it('is found when rows were added, swapped, or made anew with hashes that fit', async () => {
    await fill();
    tamper(
      `INSERT INTO audit SELECT id + 1, at, who, origin, action, target, before_json, after_json, outcome, detail, hash
       FROM audit WHERE id = ?`,
      RECORDS,
    );
    expect(await verdictOf()).toMatchObject({ ok: false, broken_at: RECORDS + 1 });

    fs.rmSync(file);
    await fill();
    const forged = chained({ id: 11, hash: 'x' }, entry('forged'));
    tamper('UPDATE audit SET target = ?, hash = ? WHERE id = 12', forged.target, forged.hash);
    expect(await verdictOf()).toMatchObject({ ok: false, broken_at: 12 });
  });

  it('is found in a running store, even if the whole chain was made anew', async () => {
    await using store = await open();
    for (let index = 0; index < 5; index++) store.audit.record(entry(String(index)));
    await written(store);
    let last = { id: 0, hash: GENESIS };
    for (let index = 0; index < 5; index++) {
      const forged = chained(last, entry(`forged ${index}`));
      last = forged;
      tamper(
        'UPDATE audit SET target = ?, at = ?, hash = ? WHERE id = ?',
        forged.target,
        5,
        forged.hash,
        forged.id,
      );
    }
    tamper('UPDATE audit_ends SET last_hash = ?', last.hash);
    expect(await store.audit.verify()).toMatchObject({
      ok: false,
      broken_at: 5,
      detail: 'record 5 on disk is another one than was recorded',
    });
  });

  it('is still shown, however it looks', async () => {
    await fill();
    tamper("UPDATE audit SET before_json = '{broken' WHERE id = 3");
    await using store = await open();
    const { records } = await store.audit.list({ limit: 100 });
    expect(records.find(({ id }) => id === 3)?.before).toBe('{broken');
  });
});

describe('an audit in trouble', () => {
  it('keeps its place when events flood the queue, and leaves room for orders', async () => {
    await using store = await open({ queue_max: 80 });
    const blocker = new Sqlite(file);
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
      runTimers();
      expect(store.status()).toMatchObject({ state: 'ok', waiting: 0 });
    });
    expect(await store.audit.verify()).toMatchObject({ ok: true, checked: 5 });
  }, 20_000);

  it('says so when a record found no room', async () => {
    await using store = await open({ queue_max: 16 });
    const blocker = new Sqlite(file);
    blocker.exec('BEGIN IMMEDIATE');
    for (let index = 0; index < 20; index++) store.audit.record(entry(String(index)));
    expect(store.status().dropped).toBe(5);
    blocker.exec('COMMIT');
    blocker.close();
    await vi.waitFor(() => {
      runTimers();
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
    migrate(database);
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
