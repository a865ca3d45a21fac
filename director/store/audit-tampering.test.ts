// Somebody changes or removes records of the audit, and is found out.
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chained, GENESIS } from './audit-chain.ts';
import { openAuditTable } from './audit-table.ts';
import type { Store } from './store.ts';
import { AuditSite, entry, written } from './support/audit-site.ts';

let site: AuditSite;
beforeEach(() => {
  site = new AuditSite();
});
afterEach(() => site[Symbol.dispose]());

/** Through a connection of its own, as somebody would who wants to hide something. */
function tamper(sql: string, ...values: (string | number | Buffer)[]): number {
  const database = new Sqlite(site.file);
  const { changes } = database.prepare(sql).run(...values);
  database.close();
  return changes;
}

async function verdictOf(): Promise<Awaited<ReturnType<Store['audit']['verify']>>> {
  await using store = await site.open();
  return store.audit.verify();
}

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
    await using store = await site.open();
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
    const good = fs.readFileSync(site.file);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: RECORDS }),
        fc.constantFrom(...COLUMNS),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (id, column, place, flip) => {
          fs.writeFileSync(site.file, good);
          const database = new Sqlite(site.file);
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
    const good = fs.readFileSync(site.file);
    const listed = async (store: Store) => (await store.audit.list({ limit: 100 })).records;
    const recorded = await (async () => {
      await using store = await site.open();
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
          for (const name of fs.readdirSync(site.folder)) fs.rmSync(path.join(site.folder, name));
          const bytes = Buffer.from(good);
          bytes[place]! ^= flip;
          fs.writeFileSync(site.file, bytes);
          await using store = await site.open();
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
      fs.rmSync(site.file, { force: true });
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

    fs.rmSync(site.file);
    await fill();
    const forged = chained({ id: 11, hash: 'x' }, entry('forged'));
    tamper('UPDATE audit SET target = ?, hash = ? WHERE id = 12', forged.target, forged.hash);
    expect(await verdictOf()).toMatchObject({ ok: false, broken_at: 12 });
  });

  it('is found in a running store, even if the whole chain was made anew', async () => {
    await using store = await site.open();
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
    await using store = await site.open();
    const { records } = await store.audit.list({ limit: 100 });
    expect(records.find(({ id }) => id === 3)?.before).toBe('{broken');
  });
});
