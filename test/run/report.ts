// Reads what vitest's JSON reporter wrote. Counts only what is there; a file that failed to load counts as one failed.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

export type Tally = { passed: number; failed: number; skipped: number };

export interface SuiteReport {
  readonly tally: Tally;
  /** A line each: where, what, and the first line of why; as many as `tally.failed`. */
  readonly failures: readonly string[];
}

const WHY_CHARACTERS = 300;

const Report = z.object({
  numPassedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** What a report tells, or undefined when there is none that can be read (the suite crashed). */
export function readReport(path: string): SuiteReport | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  return reportOf(text);
}

export function reportOf(text: string): SuiteReport | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = Report.safeParse(json);
  if (!parsed.success) return undefined;
  const { numPassedTests, numPendingTests, numTodoTests, testResults } = parsed.data;
  const failures = testResults.flatMap((file) => {
    const where = relative(process.cwd(), file.name);
    const failed = file.assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0) return file.status === 'failed' ? [failureOf(where, file.message)] : [];
    return failed.map((test) => failureOf(`${where}: ${test.fullName}`, test.failureMessages?.[0] ?? ''));
  });
  return {
    tally: { passed: numPassedTests, failed: failures.length, skipped: numPendingTests + numTodoTests },
    failures,
  };
}

function failureOf(what: string, why: string): string {
  const [first = ''] = stripVTControlCharacters(why).trim().split('\n');
  return first === '' ? what : `${what}: ${first.slice(0, WHY_CHARACTERS)}`;
}
