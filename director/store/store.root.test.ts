// The store on file systems that really are full or read-only.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../model/clock.ts';
import { openStore, type Store } from './store.ts';

let folder: string;

function mount(...options: string[]): void {
  const done = spawnSync('mount', [...options, folder], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
}

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-disk-'));
  mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs');
});
afterEach(() => {
  spawnSync('umount', ['-l', folder]);
  fs.rmdirSync(folder);
});

const timers = new Set<() => void>();
const clock: Clock = {
  now: () => 1,
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

const open = (): Promise<Store> => openStore({ file: path.join(folder, 'store.sqlite'), clock });
const revision = (number: number) => ({ number, at: 1, author: 'a', comment: '', hash: 'h', text: 't' });

/** Takes what room there is. */
function fill(): string {
  const file = path.join(folder, 'ballast');
  const fd = fs.openSync(file, 'w');
  try {
    for (;;) fs.writeSync(fd, Buffer.alloc(4096, 1));
  } catch {
    // full
  }
  fs.closeSync(fd);
  return file;
}

describe('a full disk', () => {
  it('stops nothing, and what waited is written when there is room again', async () => {
    await using store = await open();
    expect(await store.saveRevision(revision(1))).toBe(true);
    const ballast = fill();
    for (let index = 0; index < 200; index++)
      store.record({ at: 1, kind: 'k', subject: 's', reason: 'x'.repeat(1_000) });
    expect(await store.saveRevision(revision(2))).toBe(false);
    expect(store.status().state).toBe('behind');
    expect((await store.events(0, 1_000)).length).toBe(200);
    expect((await store.revisions()).map((each) => each.number)).toEqual([1, 2]);
    fs.rmSync(ballast);
    await vi.waitFor(() => {
      runTimers();
      expect(store.status()).toMatchObject({ state: 'ok', waiting: 0, dropped: 0 });
    });
  });

  it('at the start means: from memory, with what the file has', async () => {
    {
      await using store = await open();
      await store.saveRevision(revision(1));
    }
    fill();
    await using store = await open();
    expect(store.initial.revision?.number).toBe(1);
    expect(store.setAside).toBeUndefined();
  });
});

describe('a read-only disk', () => {
  it('means: from memory, with what the file has', async () => {
    {
      await using store = await open();
      await store.saveRevision(revision(1));
      store.record({ at: 1, kind: 'k', subject: 's', reason: 'before' });
    }
    mount('-o', 'remount,ro');
    await using store = await open();
    expect(store.status().state).toBe('memory');
    expect(store.initial.revision?.number).toBe(1);
    expect(await store.saveRevision(revision(2))).toBe(true);
    store.record({ at: 2, kind: 'k', subject: 's', reason: 'after' });
    expect((await store.events(0, 10)).map((event) => event.reason)).toEqual(['before', 'after']);
  });
});
