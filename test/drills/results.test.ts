import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DrillReport } from './report.ts';
import { listLines, storedResults, storeResult } from './results.ts';

const part = { of: 5, lost: 0 };
const REPORT = {
  drill: 'kill-active',
  at: '2026-01-01T12:00:00.000Z',
  ok: true,
  outage_ms: 260,
  established: part,
  young: part,
  fresh: { failed: 0 },
  settings: { interval_ms: 50, deadtime_ms: 250 },
  two_owners_ms: 0,
} as DrillReport;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fl-drills-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('keeps reports, oldest first, and leaves out lines it does not understand', () => {
  const file = join(folder, 'deep', 'results.jsonl');
  expect(storedResults(file)).toEqual([]);
  storeResult(REPORT, file);
  appendFileSync(file, '{"drill": 3}\nnot JSON\n');
  storeResult({ ...REPORT, drill: 'failback' }, file);
  expect(storedResults(file).map(({ drill }) => drill)).toEqual(['kill-active', 'failback']);
});

it('lists an outage without end as such, though JSON knows no infinity', () => {
  const file = join(folder, 'results.jsonl');
  storeResult({ ...REPORT, outage_ms: Infinity, ok: false }, file);
  expect(listLines(storedResults(file)).join()).toMatch(/NOT OK.*outage endless/);
  expect(listLines([])).toEqual(['No drill has been run here yet.']);
});
