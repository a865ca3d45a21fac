// A process that is killed while it writes, again and again, on one file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { expect, it } from 'vitest';
import { Site, START } from './support/site.ts';

const FEEDER = new URL('./support/feeder/main.ts', import.meta.url).pathname;
const MINUTE = 60_000;

it('loses no minute that was stored, and the file stays whole', { timeout: 120_000 }, async () => {
  using site = new Site();
  site.keeper.close();
  const stored = new Set<number>();
  let start = START + 50 * MINUTE;
  for (const lines of [4, 13, 22]) {
    const child = spawn(process.execPath, [FEEDER, site.file, String(start)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let count = 0;
    for await (const line of readline.createInterface({ input: child.stdout })) {
      const [what, at] = line.split(' ');
      expect(['opened', 'stored']).toContain(what);
      if (what === 'opened') expect(line).toBe('opened file ');
      else if (Number(at) >= start) stored.add(Number(at));
      if (++count === lines) child.kill('SIGKILL');
    }
    await ended;
    start = Math.max(start, ...stored) + 3 * MINUTE;
  }
  expect(stored.size).toBeGreaterThan(20);
  site.told.length = 0;
  site.open();
  expect(site.told).toEqual(['opened file']);
  for (const minute of stored) {
    expect(site.keeper.moment(minute + 7_000).names.length).toBe(300);
    expect(site.values('www', 'active', minute, minute + 59_000, '1s')).not.toContain(null);
    expect(site.values('www', 'active', minute, minute, '1m')).toEqual([expect.any(Number)]);
  }
});
