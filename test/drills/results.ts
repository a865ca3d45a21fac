// Results of drills, kept as one line of JSON each under build/drills.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DrillReport } from './report.ts';

const RESULTS = join(import.meta.dirname, '../../build/drills/results.jsonl');
const LISTED_MAX = 200;

export function storeResult(report: DrillReport, file = RESULTS): void {
  mkdirSync(dirname(file), { recursive: true });
  // What never ended is null in JSON; readers take null for endless.
  appendFileSync(file, `${JSON.stringify(report)}\n`);
}

/** Oldest first; lines that are not understood, as of another version, are left out. */
export function storedResults(file = RESULTS): DrillReport[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(-LISTED_MAX);
  return lines.flatMap((line) => {
    try {
      const report = JSON.parse(line) as DrillReport;
      return typeof report.drill === 'string' && typeof report.ok === 'boolean' ? [report] : [];
    } catch {
      return [];
    }
  });
}

export function listLines(reports: readonly DrillReport[]): string[] {
  if (reports.length === 0) return ['No drill has been run here yet.'];
  return reports.map((report) => {
    const { at, drill, ok, outage_ms, established, young, fresh, settings, two_owners_ms } = report;
    const outage = typeof outage_ms === 'number' ? `${outage_ms.toFixed(0)} ms` : 'endless';
    return [
      at.slice(0, 19).replace('T', ' '),
      drill.padEnd(27),
      (ok ? 'ok' : 'NOT OK').padEnd(6),
      `beats ${settings.interval_ms}/${settings.deadtime_ms} ms`.padEnd(18),
      `outage ${outage}`.padEnd(16),
      `lost ${established.lost + young.lost} of ${established.of + young.of}`.padEnd(18),
      `new failed ${fresh.failed}`.padEnd(14),
      `two owners ${two_owners_ms.toFixed(0)} ms`,
    ].join('  ');
  });
}
