// Runs a suite and judges it. The judgement never rests on one source: a good report with a bad exit status (an unhandled
// rejection, say) is a failure, and so is a good exit status without a single test.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ending, runNode } from './child.ts';
import { readReport, type SuiteReport, type Tally } from './report.ts';
import type { Suite } from './suites.ts';

export type Outcome = { suite: string; leftOut: string } | ({ suite: string; seconds: number } & Judgement);

interface Judgement extends SuiteReport {
  readonly note: string | undefined;
}

/** Suites that disturb each other little, at the same time. What the second and later ones print follows at the end. */
export async function runTogether(suites: readonly Suite[], abort: AbortSignal): Promise<Outcome[]> {
  const [first, ...others] = suites;
  if (first === undefined) return [];
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-test-'));
  try {
    console.log(`\n== ${first.name}: ${first.what}`);
    if (others.length > 0) console.log(`(beside it: ${others.map((suite) => suite.name).join(', ')})`);
    const quiet = others.map((suite) => ({ suite, printed: join(folder, `${suite.name}.log`) }));
    const running = [
      runSuite(first, folder, abort),
      ...quiet.map(({ suite, printed }) => runSuite(suite, folder, abort, printed)),
    ];
    const outcomes: Outcome[] = [await running[0]!];
    for (const [index, { suite, printed }] of quiet.entries()) {
      outcomes.push(await running[index + 1]!);
      console.log(`\n== ${suite.name}: ${suite.what}`);
      process.stdout.write(readFileSync(printed));
    }
    return outcomes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runSuite(
  suite: Suite,
  folder: string,
  abort: AbortSignal,
  printed?: string,
): Promise<Outcome> {
  using output = printed === undefined ? undefined : openLog(printed);
  const leftOut = suite.leftOut();
  if (leftOut !== undefined) {
    if (output === undefined) console.log(`left out: ${leftOut}`);
    return { suite: suite.name, leftOut };
  }
  const report = join(folder, `${suite.name}.json`);
  const start_ms = performance.now();
  const { limit_ms } = suite;
  const ending = await runNode(suite.command(report), { limit_ms, abort, output: output?.fd });
  const seconds = (performance.now() - start_ms) / 1000;
  return { suite: suite.name, seconds, ...judge(ending, readReport(report)) };
}

function openLog(path: string): Disposable & { readonly fd: number } {
  const fd = openSync(path, 'w');
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

export function judge(ending: Ending, report: SuiteReport | undefined): Judgement {
  const { tally, failures } = report ?? { tally: { passed: 0, failed: 0, skipped: 0 }, failures: [] };
  const note = whatWentWrong(ending, report?.tally);
  if (note === undefined || tally.failed > 0) return { tally, failures, note };
  return { tally: { ...tally, failed: 1 }, failures: [note], note };
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
