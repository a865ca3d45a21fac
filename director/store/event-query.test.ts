// Events by filter: the database and the memory mean the same, whatever the texts are.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { migrate } from '../database/migrate.ts';
import type { Clock } from '../model/clock.ts';
import { type EventFilter, kindsOf, matchesEvent } from '../model/event-filter.ts';
import { eventReader } from './event-query.ts';
import { MIGRATIONS } from './migrations.ts';
import type { EventRecord } from './record.ts';
import { openStore } from './store.ts';
import { openTables } from './tables.ts';

const word = fc.oneof(
  fc.constantFrom(
    'www',
    'www/rs1',
    'WWW',
    'www2',
    'server-up',
    'server-down',
    '%',
    '_',
    'a%b',
    "'",
    '\\',
    'É',
    '\0x',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const anyFilter = fc.record<EventFilter>(
  {
    kinds: fc.array(word, { maxLength: 3 }),
    subject: word,
    q: word,
    from: fc.integer({ min: 0, max: 20 }),
    to: fc.integer({ min: 0, max: 20 }),
  },
  { requiredKeys: [] },
);

it('a filter means the same in the database as in memory', () => {
  const event = fc.record({ at: fc.integer({ min: 0, max: 20 }), kind: word, subject: word, reason: word });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 30 }),
      fc.array(anyFilter, { maxLength: 10 }),
      (events, filters) => {
        using database = openMemory();
        const all: EventRecord[] = events.map((each, index) => ({ id: index + 1, ...each }));
        openTables(database.sqlite).write(all.map((each) => ({ kind: 'event', event: each })));
        const read = eventReader(database.sqlite);
        for (const filter of filters) {
          const wanted = all.filter((each) => matchesEvent(filter, each));
          const found = read({ kind: 'events', since: 0, before: 1_000, limit: 1_000, filter });
          expect(found).toEqual(wanted);
          const few = read({ kind: 'events', since: 3, before: 20, limit: 4, filter });
          expect(few).toEqual(wanted.filter(({ id }) => id > 3 && id < 20).slice(-4));
        }
      },
    ),
    { numRuns: 100 },
  );
});

function openMemory() {
  const sqlite = new Sqlite(':memory:');
  migrate(sqlite, { what: 'store', steps: MIGRATIONS });
  return { sqlite, [Symbol.dispose]: () => void sqlite.close() };
}

it('kinds, one subject and times are found by an index', () => {
  using database = openMemory();
  const { sqlite } = database;
  const plan = (where: string) =>
    JSON.stringify(
      sqlite.prepare(`EXPLAIN QUERY PLAN SELECT * FROM events WHERE ${where} ORDER BY id DESC`).all(),
    );
  expect(plan("kind IN ('a') AND id > 1 AND id < 9")).toContain('events_kind');
  expect(plan("(subject = 'a' OR (subject >= 'a/' AND subject < 'a0'))")).toContain('events_subject');
  expect(plan('at >= 1 AND at <= 2')).toMatch(/events_at|USING INTEGER PRIMARY KEY|SCAN/);
});

it('a filter looks at what only the disk has as well as at what memory has', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-events-'));
  const clock: Clock = {
    now: () => 1,
    monotonic_ms: () => 0,
    after: () => ({ [Symbol.dispose]() {} }),
  };
  try {
    await using store = await openStore({ file: path.join(folder, 'store.sqlite'), clock, ring_max: 4 });
    for (let id = 1; id <= 20; id++)
      store.record({ at: id, kind: id % 2 ? 'odd' : 'even', subject: `www/rs${id}`, reason: `r${id}` });
    await vi.waitFor(() => expect(store.status().waiting).toBe(0));
    const ids = async (limit: number, filter: EventFilter & { before?: number }, since = 0) =>
      (await store.events(since, limit, filter)).map((event) => event.id);
    expect(await ids(3, { kinds: ['odd'] })).toEqual([15, 17, 19]);
    expect(await ids(100, { kinds: ['odd'] }, 10)).toEqual([11, 13, 15, 17, 19]);
    expect(await ids(2, { before: 10 })).toEqual([8, 9]);
    expect(await ids(2, { before: 19, kinds: ['even'] })).toEqual([16, 18]);
    expect(await ids(10, { from: 15, to: 18, kinds: ['even'] })).toEqual([16, 18]);
    expect(await ids(10, { q: 'R2' })).toEqual([2, 20]);
    expect(await ids(10, { subject: 'www', kinds: ['odd'], before: 6 })).toEqual([1, 3, 5]);
    expect(await ids(10, { subject: 'www/rs1' })).toEqual([1]);
    expect(await ids(10, { q: '%' })).toEqual([]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

it('kinds come as a list with commas', () => {
  expect(kindsOf(' server-up,,server-down ')).toEqual(['server-up', 'server-down']);
});
