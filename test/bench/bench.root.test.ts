import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SectionResult } from './figures.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const SECTIONS = [
  'packets',
  'memory',
  'turnover',
  'apply',
  'probes',
  'live',
  'beats',
  'store',
  'sync',
  'history',
  'console',
  'throughput',
  'metrics',
  'truth',
];

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fl-bench-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: string[]) {
  const started = spawn(process.execPath, [MAIN, '--json', join(folder, 'results.json'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  const printed = { out: '', err: '' };
  started.stdout.on('data', (chunk) => {
    printed.out += chunk;
  });
  started.stderr.on('data', (chunk) => {
    printed.err += chunk;
  });
  return { pid: started.pid!, printed, ended: once(started, 'exit') };
}

function namespacesOf(pid: number): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(`fl-${pid}-`));
}

it('measures every section in a smoke run', { timeout: 150_000 }, async () => {
  const { pid, printed, ended } = start('--quick');
  const [status] = await ended;
  expect({ status, printed }).toMatchObject({ status: 0 });
  const { results } = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as {
    results: SectionResult[];
  };
  expect(results.map(({ section }) => section)).toEqual(SECTIONS);
  for (const { figures } of results) {
    expect(figures).not.toEqual([]);
    for (const { name, value } of figures)
      expect({ name, finite: Number.isFinite(value) }).toEqual({ name, finite: true });
  }
  expect(namespacesOf(pid)).toEqual([]);
});

it('ends at a signal and leaves nothing behind', { timeout: 60_000 }, async () => {
  const { pid, printed, ended } = start('--quick', '--only', 'throughput');
  await expect.poll(() => printed.err, { timeout: 30_000 }).toContain('round 1');
  expect(namespacesOf(pid)).not.toEqual([]);
  process.kill(pid, 'SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(namespacesOf(pid)).toEqual([]);
});
