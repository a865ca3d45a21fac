// History on file systems that really are full or read-only.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Site, START } from './support/site.ts';

let site: Site;

function mount(...options: string[]): void {
  const done = spawnSync('mount', [...options, site.folder], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
}

beforeEach(() => {
  site = new Site();
  site.keeper.close();
  site.told.length = 0;
  mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs');
});
afterEach(() => {
  site.keeper.close();
  spawnSync('umount', ['-l', site.folder]);
  fs.rmSync(site.folder, { recursive: true, force: true });
});

/** Takes what room there is. */
function fill(): string {
  const file = path.join(site.folder, 'ballast');
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
  it('costs samples, is told once, and is over by itself', () => {
    site.open();
    site.setNames(Array.from({ length: 200 }, (_, index) => (index === 0 ? 'www' : `service-${index}`)));
    site.busySeconds(121);
    expect(site.keeper.status()).toMatchObject({ state: 'ok', dropped: 0 });
    const ballast = fill();
    site.busySeconds(7 * 60);
    expect(site.told).toEqual(['opened file', 'behind']);
    expect(site.keeper.status().dropped).toBeGreaterThan(0);
    // What is under way is there all the same, and what was stored too.
    expect(site.values('www', 'connections_per_s', site.now_ms - 10_000, site.now_ms, '1s')).not.toEqual([]);
    expect(site.values('www', 'connections_per_s', START, START + 59_000, '1s')).toHaveLength(60);
    fs.rmSync(ballast);
    site.busySeconds(61);
    expect(site.told).toEqual(['opened file', 'behind', 'recovered']);
    site.crash();
    // No minute is missing: they were in memory until the disk took them.
    const minutes = site.values('www', 'connections_per_s', START, START + 8 * 60_000, '1m');
    expect(minutes).toHaveLength(9);
    expect(minutes).not.toContain(null);
  });
});

describe('a read-only disk', () => {
  it('means: from memory, with what the file has', () => {
    site.open();
    site.seconds(61);
    site.keeper.close();
    mount('-o', 'remount,ro');
    site.open();
    site.seconds(61);
    expect(site.told).toEqual(['opened file', 'opened memory']);
    expect(site.keeper.status()).toMatchObject({ state: 'memory', dropped: 0 });
    expect(site.values('www', 'active', START, START + 121_000, '1s')).not.toContain(null);
  });
});
