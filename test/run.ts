// The test runner: `node test/run.ts [suite…]`, without a name all but those on request. Prints what each suite did, what was left
// out and why, and as its last line, over all suites, `N passed, N failed[, N skipped]`. Exit status 0 only if nothing
// failed; a suite that crashes, hangs, or finds no test counts as one failed.

import { constants } from 'node:os';
import { formatTally, type Outcome, runTogether, sumTallies } from './run/outcome.ts';
import { refuseOldNode } from './run/runtime.ts';
import { SUITES, type Suite } from './run/suites.ts';

const SHOWN_MAX = 50;

function choose(names: readonly string[]): Suite[] {
  const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(
      `unknown suite: ${unknown.join(', ')} (there are: ${SUITES.map((s) => s.name).join(', ')})`,
    );
    process.exit(2);
  }
  return SUITES.filter((suite) => (names.length === 0 ? !suite.onRequest : names.includes(suite.name)));
}

/** Aborts on a signal, so that the current suite is ended and cleaned up; then the process ends as the signal asks. */
function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      console.error(`\nended by ${signal}`);
      process.exitCode = 128 + constants.signals[signal];
      controller.abort();
    });
  }
  return controller.signal;
}

function printSummary(outcomes: readonly Outcome[]): void {
  console.log('\nSuites');
  for (const outcome of outcomes) {
    const what =
      'leftOut' in outcome
        ? `left out: ${outcome.leftOut}`
        : `${formatTally(outcome.tally)} in ${outcome.seconds.toFixed(1)} s${outcome.note ? ` (${outcome.note})` : ''}`;
    console.log(`  ${outcome.suite.padEnd(15)}${what}`);
  }
  const failures = outcomes.flatMap((outcome) => ('leftOut' in outcome ? [] : outcome.failures));
  if (failures.length > 0) console.log('\nFailures');
  for (const failure of failures.slice(0, SHOWN_MAX)) console.log(`  ${failure}`);
  if (failures.length > SHOWN_MAX) console.log(`  … and ${failures.length - SHOWN_MAX} more`);
}

refuseOldNode('npm test');
const suites = choose(process.argv.slice(2));
const abort = abortOnSignal();
const outcomes: Outcome[] = [];
for (const group of Map.groupBy(suites, (suite) => suite.turn).values()) {
  outcomes.push(...(await runTogether(group, abort)));
  if (abort.aborted) process.exit();
}
printSummary(outcomes);
const total = sumTallies(outcomes);
console.log(formatTally(total));
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
