// Runs a suite and judges it. The judgement never rests on one source: a good report with a bad exit status (an unhandled
// rejection, say) is a failure, and so is a good exit status without a single test.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ending, runNode } from './child.ts';
import { readReport, type Tally } from './report.ts';
import type { Suite } from './suites.ts';

export type Outcome =
  | { suite: string; leftOut: string }
  | { suite: string; tally: Tally; seconds: number; note: string | undefined };

export async function runSuite(suite: Suite, abort: AbortSignal): Promise<Outcome> {
  const leftOut = suite.leftOut();
  if (leftOut !== undefined) {
    console.log(`left out: ${leftOut}`);
    return { suite: suite.name, leftOut };
  }
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-test-'));
  try {
    const report = join(folder, 'report.json');
    const start_ms = performance.now();
    const ending = await runNode(suite.command(report), suite.limit_ms, abort);
    const seconds = (performance.now() - start_ms) / 1000;
    return { suite: suite.name, seconds, ...judge(ending, readReport(report)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function judge(ending: Ending, tally: Tally | undefined): { tally: Tally; note: string | undefined } {
  const counted = tally ?? { passed: 0, failed: 0, skipped: 0 };
  const note = whatWentWrong(ending, tally);
  if (note === undefined || counted.failed > 0) return { tally: counted, note };
  return { tally: { ...counted, failed: 1 }, note };
}

/** Beyond failed tests, which need no further word. */
function whatWentWrong(ending: Ending, tally: Tally | undefined): string | undefined {
  if (ending.kind === 'timeout') return `not finished after ${ending.limit_ms / 1000} s, ended`;
  if (ending.kind === 'signal') return `ended by ${ending.signal}`;
  if (tally === undefined) return `exit status ${ending.status} and no report`;
  if (tally.passed + tally.failed === 0) return 'no test found';
  if (ending.status !== 0 && tally.failed === 0)
    return `exit status ${ending.status} although no test failed`;
  return undefined;
}

export function sumTallies(outcomes: readonly Outcome[]): Tally {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) {
    if ('leftOut' in outcome) continue;
    total.passed += outcome.tally.passed;
    total.failed += outcome.tally.failed;
    total.skipped += outcome.tally.skipped;
  }
  return total;
}

export function formatTally(tally: Tally): string {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}
