// The thread, as pulse has it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../model/clock.ts';
import { METRICS } from '../model/metric.ts';
import { type History, openHistory } from './history.ts';
import { START } from './support/site.ts';

// Starting a thread takes its time on a busy machine.
const patient = { timeout: 60_000 };

let folder: string;
let file: string;
const told: string[] = [];
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-history-'));
  file = path.join(folder, 'history.sqlite');
  told.length = 0;
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Runs timers when told to. */
const timers = new Set<() => void>();
const clock: Clock = {
  now: () => START,
  monotonic_ms: () => 0,
  after(_delay_ms, run) {
    timers.add(run);
    return { [Symbol.dispose]: () => void timers.delete(run) };
  },
};

function open(limit_bytes = 16 * 2 ** 20): History {
  return openHistory({ file, clock, limit_bytes, tell: (kind) => told.push(kind) });
}

const names = ['director', 'www'];
const row = (value: number): Float32Array => new Float32Array(names.length * METRICS.length).fill(value);

async function active(history: History, seconds: number): Promise<number[] | undefined> {
  const to = START + (seconds - 1) * 1_000;
  const reply = await history.series({ subject: 'www', from: START, to, points: 10_000, level: '1s' });
  return reply === undefined ? undefined : [...(reply.values.get('active') ?? [])];
}

describe('history', () => {
  it('takes samples, answers, and has them again after it was closed', async () => {
    {
      await using history = open();
      history.setSubjects(names);
      for (let second = 0; second < 90; second++) history.sample(START + second * 1_000, 1_000, row(second));
      // At most 60 wait; the thread had no turn yet to take any.
      expect((await active(history, 60))?.length).toBe(60);
      expect(await history.status()).toMatchObject({ state: 'ok', subjects: 2, dropped: 30 * 2 });
      expect((await history.moment(START + 5_000))?.names).toEqual(names);
      await history.upkeep();
    }
    await using history = open();
    expect(await active(history, 60)).toEqual(Array.from({ length: 60 }, (_, second) => second));
    expect(told).toEqual([]);
  });

  it('is off at size 0, and on again at once', async () => {
    await using history = open(0);
    history.setSubjects(names);
    history.sample(START, 1_000, row(1));
    expect(await active(history, 1)).toBeUndefined();
    expect(await history.status()).toBeUndefined();
    expect(await history.moment(START)).toBeUndefined();
    expect(fs.existsSync(file)).toBe(false);
    history.setLimit(2 ** 24);
    history.sample(START, 1_000, row(1));
    expect(await active(history, 1)).toEqual([1]);
    history.setLimit(0);
    history.setLimit(2 ** 23);
    await expect.poll(() => active(history, 1).catch(() => undefined), patient).toEqual([1]);
    expect((await history.status())?.bytes_max).toBe(2 ** 23);
  });

  it('tells of a damaged file, and goes on', async () => {
    fs.writeFileSync(file, 'this is no database, whatever its name is'.repeat(100));
    await using history = open();
    history.setSubjects(names);
    history.sample(START, 1_000, row(3));
    expect(await active(history, 1)).toEqual([3]);
    expect(told).toEqual(['history-damaged']);
  });

  it('says why it cannot, when a newer release has written the file, and tries again later', async () => {
    {
      await using history = open();
      await history.status();
    }
    const { default: Sqlite } = await import('better-sqlite3');
    const database = new Sqlite(file);
    database.pragma('user_version = 99');
    database.close();
    await using history = open();
    await expect.poll(() => told, patient).toEqual(['history-refused']);
    expect(await history.status()).toMatchObject({
      state: 'behind',
      detail: expect.stringMatching(/schema 99/),
    });
    expect(history.trouble?.state).toBe('behind');
    await expect(history.moment(START)).rejects.toMatchObject({ code: 'busy' });
    history.setSubjects(names);
    history.sample(START, 1_000, row(3));
    expect((await history.status())?.dropped).toBe(2);
    const again = new Sqlite(file);
    again.pragma('user_version = 1');
    again.close();
    await expect
      .poll(async () => {
        for (const run of [...timers]) {
          timers.delete(run);
          run();
        }
        return (await history.status())?.state;
      }, patient)
      .toBe('ok');
    expect(told).toEqual(['history-refused']);
    expect(history.trouble).toBeUndefined();
  });
});
