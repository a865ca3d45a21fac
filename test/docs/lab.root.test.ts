// What docs/lab.md and docs/drills.md show in a second terminal, beside a lab of `npm start`.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { waitFor } from '../lab/wait.ts';
import { CHECKOUT } from './documents.ts';
import { followSteps } from './follow.ts';
import { installFairlead, type } from './typing.ts';

const START_MS = 240_000;
let folder: string;
let lab: ChildProcess;
let said = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fl-docs-'));
  lab = spawn(process.execPath, ['test/lab/main.ts', '--plain', '--no-kill'], {
    cwd: CHECKOUT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [lab.stdout, lab.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-65_536);
    });
  await waitFor(
    () => `the lab to say where it is: ${said}`,
    START_MS,
    () => {
      if (lab.exitCode !== null) throw new Error(`the lab has ended: ${said}`);
      return runtime() !== undefined;
    },
  );
}, START_MS + 10_000); // so that what was said is told

afterAll(async () => {
  lab.kill('SIGTERM');
  if (lab.exitCode === null) await once(lab, 'exit');
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

function runtime(): string | undefined {
  return /--runtime (\S+\/lb1\/run)\s/.exec(said)?.[1];
}

describe('beside a lab', () => {
  followSteps('lab', (_host, command, typed) => {
    const own = runtime() ?? '';
    const place = dirname(dirname(own));
    // Its namespaces begin as its folder is called.
    const text = command.replaceAll('FOLDER', place).replaceAll('NAME', basename(place));
    const env = { PATH: installFairlead(folder), HOME: folder, LANG: 'C.UTF-8', FAIRLEAD_RUNTIME: own };
    return type({ through: [], cwd: CHECKOUT, env }, text, typed);
  });
});
