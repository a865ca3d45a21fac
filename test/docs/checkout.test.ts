// Commands of the documents that are typed in the checkout. Most of them run whole suites or benchmarks, which would be absurd
// inside a test: those of the table are only checked, the rest is run.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SUITES } from '../run/suites.ts';
import { withoutComment } from './commands.ts';
import { CHECKOUT, stepsOf } from './documents.ts';

const { scripts } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/**
 * By npm script. `help`: the program behind it is run with the arguments and --help, so it refuses what it does not know.
 * `nothing`: it takes no arguments; its program, and the suite that it names, are there.
 */
const ONLY_CHECKED: Readonly<Record<string, 'help' | 'nothing'>> = {
  start: 'help',
  bench: 'help',
  drill: 'help',
  test: 'nothing',
  check: 'nothing',
};

/** Not a command of ours, and no network here. */
const PLACEHOLDERS = ['git clone … && cd fairlead'];

describe('in the checkout', () => {
  const commands = stepsOf('checkout').flatMap((step) => step.commands);

  it.each(commands.map(({ file, line, text }) => [`${file}:${line}`, withoutComment(text)]))(
    '%s: %s',
    (_where, text) => {
      const { script, rest } = /^npm (run )?(?<script>[\w:]+)( -- (?<rest>.*))?$/.exec(text)?.groups ?? {};
      const check = ONLY_CHECKED[script ?? ''];
      if (PLACEHOLDERS.includes(text)) return;
      if (script === undefined || check === undefined) run('bash', ['-c', text]);
      else if (check === 'help') run(process.execPath, [programOf(script), ...words(rest), '--help']);
      else {
        expect(words(rest)).toEqual([]);
        expect(existsSync(join(CHECKOUT, programOf(script)))).toBe(true);
        const suite = /run\.ts (\w+)/.exec(scripts[script] ?? '')?.[1];
        if (suite !== undefined) expect(SUITES.map(({ name }) => name)).toContain(suite);
      }
    },
  );
});

function words(text: string | undefined): string[] {
  return text?.split(/\s+/) ?? [];
}

/** The file behind a script, which Node runs. */
function programOf(script: string): string {
  expect(scripts).toHaveProperty([script]);
  return /node (\S+\.ts)/.exec(scripts[script] ?? '')?.[1] ?? '';
}

/** Throws what it said when it fails. */
function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { cwd: CHECKOUT, stdio: 'pipe', timeout: 60_000 });
}
