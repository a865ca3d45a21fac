import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Clock } from '../model/clock.ts';
import { openStore } from '../store/store.ts';
import { keepUp, startUpkeep } from './upkeep.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-upkeep-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const clock: Clock = {
  now: Date.now,
  monotonic_ms: () => performance.now(),
  after: () => ({ [Symbol.dispose]() {} }),
};

it('gives the log of a database its space back, and complains only when it cannot', async () => {
  const said: string[] = [];
  const file = join(folder, 'store.sqlite');
  const store = await openStore({ file, clock });
  const core = { store, record: (_: string, __: string, reason: string) => void said.push(reason) };
  await store.saveRevision({
    number: 1,
    at: 0,
    author: 'test',
    comment: '',
    hash: 'x',
    text: 'y'.repeat(100_000),
  });
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  await keepUp(core);
  expect(statSync(`${file}-wal`).size).toBe(0);
  expect(said).toEqual([]);
  await store[Symbol.asyncDispose]();
  await keepUp(core);
  expect(said).toEqual([
    expect.stringMatching(/^the database could not be kept up: the store (is closed|has ended)$/),
  ]);
});

it('leaves nothing scheduled behind', () => {
  const store = { upkeep: async () => undefined } as never;
  expect(() => startUpkeep({ store, record: () => {} })[Symbol.dispose]()).not.toThrow();
});
