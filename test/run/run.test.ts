import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runNode } from './child.ts';
import { formatTally, judge, sumTallies } from './outcome.ts';
import { readReport, reportOf } from './report.ts';

const ok = { kind: 'exit', status: 0 } as const;
const tally = (passed: number, failed = 0, skipped = 0) => ({ passed, failed, skipped });

const judged = (failures: string[], passed: number, skipped = 0) => ({
  tally: tally(passed, failures.length, skipped),
  failures,
});

function report(files: { status: string; message?: string; tests: string[] }[]): string {
  const count = (status: string): number =>
    files.flatMap((file) => file.tests).filter((test) => test === status).length;
  return JSON.stringify({
    numPassedTests: count('passed'),
    numPendingTests: count('skipped'),
    numTodoTests: count('todo'),
    testResults: files.map(({ tests, ...file }, index) => ({
      ...file,
      name: join(process.cwd(), `test/${index}.test.ts`),
      assertionResults: tests.map((status, nth) => ({
        status,
        fullName: `does ${nth}`,
        failureMessages: status === 'failed' ? ['\u001b[31mexpected 1\u001b[39m\n  at line 5'] : [],
      })),
    })),
  });
}

describe('a report', () => {
  it('is counted test by test', () => {
    const text = report([
      { status: 'passed', tests: ['passed', 'passed', 'skipped', 'todo'] },
      { status: 'failed', tests: ['passed', 'failed'] },
    ]);
    expect(reportOf(text)).toEqual(judged(['test/1.test.ts: does 1: expected 1'], 3, 2));
  });

  it('counts a file that failed to load as one failure', () => {
    const text = report([{ status: 'failed', message: 'no such module', tests: [] }]);
    expect(reportOf(text)).toEqual(judged(['test/0.test.ts: no such module'], 0));
  });

  it.each(['', '{', 'null', '[]', '{"numPassedTests":1}'])('is none when it reads %j', (text) => {
    expect(reportOf(text)).toBeUndefined();
  });

  it('is none when there is no file', () => {
    expect(readReport('/nonexistent/report.json')).toBeUndefined();
  });
});

describe('the judgement of a suite', () => {
  it('takes a clean run as it is', () => {
    expect(judge(ok, judged([], 3, 1))).toEqual({ ...judged([], 3, 1), note: undefined });
  });

  it('fails a suite without tests', () => {
    expect(judge(ok, judged([], 0))).toEqual({ ...judged(['no test found'], 0), note: 'no test found' });
    expect(judge(ok, judged([], 0, 5)).tally).toEqual(tally(0, 1, 5));
  });

  it('fails a suite that crashed before it could report', () => {
    expect(judge({ kind: 'exit', status: 134 }, undefined).tally).toEqual(tally(0, 1));
    expect(judge({ kind: 'signal', signal: 'SIGSEGV' }, undefined).tally).toEqual(tally(0, 1));
  });

  it('does not believe a good report that comes with a bad exit status', () => {
    expect(judge({ kind: 'exit', status: 1 }, judged([], 9)).tally).toEqual(tally(9, 1));
    expect(judge({ kind: 'timeout', limit_ms: 5 }, judged([], 9)).tally).toEqual(tally(9, 1));
  });

  it('counts a failed test once', () => {
    expect(judge({ kind: 'exit', status: 1 }, judged(['a', 'b'], 9)).tally).toEqual(tally(9, 2));
  });
});

describe('the last line', () => {
  it('sums the suites that ran, and names skipped tests only where there are any', () => {
    const outcomes = [
      { suite: 'a', tally: tally(2, 1), failures: ['x'], seconds: 1, note: undefined },
      { suite: 'b', leftOut: 'needs root' },
      { suite: 'c', tally: tally(3), failures: [], seconds: 1, note: undefined },
    ];
    expect(formatTally(sumTallies(outcomes))).toBe('5 passed, 1 failed');
    expect(formatTally(tally(5, 0, 2))).toBe('5 passed, 0 failed, 2 skipped');
  });
});

describe('a child of the runner', () => {
  it('tells how it ended', async () => {
    expect(await runNode(['-e', 'process.exit(3)'], { limit_ms: 60_000 })).toEqual({
      kind: 'exit',
      status: 3,
    });
    expect(await runNode(['-e', 'process.kill(process.pid, "SIGKILL")'], { limit_ms: 60_000 })).toEqual({
      kind: 'signal',
      signal: 'SIGKILL',
    });
  });

  it('is ended when it takes too long', async () => {
    expect(await runNode(['-e', 'setInterval(() => {}, 1000)'], { limit_ms: 50 })).toEqual({
      kind: 'timeout',
      limit_ms: 50,
    });
  });

  it('is ended when the runner is', async () => {
    const controller = new AbortController();
    const ending = runNode(['-e', 'setInterval(() => {}, 1000)'], {
      limit_ms: 60_000,
      abort: controller.signal,
    });
    controller.abort();
    expect(await ending).toEqual({ kind: 'signal', signal: 'SIGTERM' });
  });
});
