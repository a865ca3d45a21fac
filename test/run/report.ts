// Reads what vitest's JSON reporter wrote. Counts only what is there; a file that failed to load counts as one failed.

import { readFileSync } from 'node:fs';
import { z } from 'zod';

export type Tally = { passed: number; failed: number; skipped: number };

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

/** The tally of a report, or undefined when there is none that can be read (the suite crashed). */
export function readReport(path: string): Tally | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  return tallyOf(text);
}

export function tallyOf(text: string): Tally | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = Report.safeParse(json);
  if (!parsed.success) return undefined;
  const report = parsed.data;
  const filesThatFailedToLoad = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + filesThatFailedToLoad,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
