import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../test/support/eventually.ts';
import { EpochStore } from './epoch-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-epoch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(stateFolder = folder) {
  const told: string[] = [];
  const onStored = (epoch: number, ok: boolean) => void told.push(`${epoch} ${ok ? 'stored' : 'refused'}`);
  return { told, store: new EpochStore({ stateFolder, runtimeFolder: folder, onStored }) };
}

describe('the epoch on disk', () => {
  it('is none at first, and what was stored afterwards', async () => {
    const { store, told } = open();
    expect(store.read()).toBe(0);
    store.store(7);
    await eventually(() => told).toEqual(['7 stored']);
    expect(open().store.read()).toBe(7);
  });

  it('is the newest wish, whatever came between', async () => {
    const { store, told } = open();
    for (let epoch = 1; epoch <= 100; epoch++) store.store(epoch);
    await eventually(() => told.at(-1)).toBe('100 stored');
    expect(told.length).toBeLessThan(100);
    expect(readFileSync(join(folder, 'heartbeat.epoch'), 'utf8')).toBe('100\n');
  });

  it('is told to be refused where there is no folder to write to, and tried again at the next wish', async () => {
    const missing = join(folder, 'missing');
    const { store, told } = open(missing);
    store.store(3);
    await eventually(() => told).toEqual(['3 refused']);
    mkdirSync(missing);
    store.store(4);
    await eventually(() => told).toEqual(['3 refused', '4 stored']);
  });

  it.each(['', 'x', '-1', '1.5', '99999999999', '4294967296', '\0\0\0\0'])(
    'is none when the file says %j',
    (text) => {
      writeFileSync(join(folder, 'heartbeat.epoch'), text);
      expect(open().store.read()).toBe(0);
    },
  );
});

describe('a claim', () => {
  it('is there for a successor until it is forgotten', () => {
    const { store } = open();
    expect(store.readClaim()).toBeUndefined();
    expect(store.writeClaim({ epoch: 9, peerBootId: 77 })).toBe(true);
    expect(open().store.readClaim()).toEqual({ epoch: 9, peerBootId: 77 });
    store.forgetClaim();
    expect(store.readClaim()).toBeUndefined();
  });

  it.each(['', '9', '9 x', 'nine 7', '9 7 5'])('is none when the file says %j', (text) => {
    writeFileSync(join(folder, 'heartbeat.claim'), text);
    expect(open().store.readClaim()).toBeUndefined();
  });

  it('that cannot be written costs nothing else', () => {
    rmSync(folder, { recursive: true });
    const { store } = open();
    expect(store.writeClaim({ epoch: 1, peerBootId: 0 })).toBe(false);
    expect(() => store.forgetClaim()).not.toThrow();
  });
});
