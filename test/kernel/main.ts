// Runs the tests that depend on the kernel inside a user-mode-linux guest: `node test/kernel/main.ts [--report FILE]
// [PATH…]`. Which ones is the project `guest` of vitest.config.ts, narrowed to the paths. Exit status: vitest's, in there.

import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FairleadError } from '../../director/model/error.ts';
import { runInGuest } from './guest.ts';

const { values, positionals } = parseArgs({
  options: { report: { type: 'string' } },
  allowPositionals: true,
});
const report = values.report === undefined ? undefined : resolve(values.report);

try {
  const { status, output } = await runInGuest({
    command: [
      process.execPath,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project=guest',
      '--reporter=default',
      ...(report === undefined ? [] : ['--reporter=json', `--outputFile.json=${report}`]),
      ...positionals,
    ],
    cwd: resolve(import.meta.dirname, '../..'),
    ...(report === undefined ? {} : { share: dirname(report) }),
    modules: ['ip_vs', 'ipip'],
    env: { FAIRLEAD_GUEST: '1', CI: process.env.CI ?? '', NO_COLOR: '1' },
    timeout_ms: 900_000, // the interpreter and the single CPU make everything slower in there
  });
  process.stdout.write(output);
  process.exitCode = status;
} catch (error) {
  if (!(error instanceof FairleadError)) throw error;
  console.error(`${error.code}: ${error.message}\n${error.remedy ?? ''}`);
  process.exitCode = error.exit;
}
