// Types one command into a shell, and says what came of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from './documents.ts';

const LIMIT_MS = 120_000;
const OUTPUT_KEPT_BYTES = 64 << 10;

export interface Shell {
  /** What the shell is started with: an environment, a namespace to enter. */
  readonly through: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly status: number;
  /** Standard output and error, as a terminal would show them. */
  readonly output: string;
}

export interface Typed {
  /** Ended as soon as it has printed something. */
  readonly follows?: boolean;
  /** Waits for somebody: once it has printed this, the next command is typed elsewhere, and this one goes on. */
  readonly goesOnAfter?: RegExp | undefined;
}

/** The command ends with the status that a shell would tell; one that hangs is ended and fails. */
export function type(
  shell: Shell,
  command: string,
  { follows = false, goesOnAfter }: Typed = {},
): Promise<Outcome> {
  const words = [...shell.through, 'bash', '-o', 'pipefail', '-c', installed(command)];
  const child = spawn(words[0]!, words.slice(1), {
    cwd: shell.cwd,
    env: { ...shell.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let stopped = false;
  const goesOn = Promise.withResolvers<Outcome>();
  const take = (text: string): void => {
    output = (output + text).slice(-OUTPUT_KEPT_BYTES);
    if (goesOnAfter?.test(output)) goesOn.resolve({ status: 0, output });
    if (!follows || stopped || output.trim() === '') return;
    stopped = true;
    endGroup(child, 'SIGTERM');
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const ended = new Promise<Outcome>((resolve, reject) => {
    const limit = setTimeout(() => endGroup(child, 'SIGKILL'), LIMIT_MS);
    child.once('error', reject);
    child.once('close', (status, signal) => {
      clearTimeout(limit);
      resolve({ status: stopped ? 0 : (status ?? 128), output: signal ? `${output}\n[${signal}]` : output });
    });
  });
  return Promise.race([ended, goesOn.promise]);
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch {
    // It ended by itself in between.
  }
}

/** From a checkout the command is typed with npm in front; what runs is the same. */
export function installed(command: string): string {
  return command.replaceAll(/npm run (-s|--silent) fairlead --(?= )/g, 'fairlead');
}

/** Makes `folder`/bin with a `fairlead` that runs the checkout's code, and gives the PATH to find it. */
export function installFairlead(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const main = join(CHECKOUT, 'director/cli/main.ts');
  const realserver = join(CHECKOUT, 'packaging/realserver/fairlead-realserver');
  for (const [name, words] of [
    ['fairlead', `'${process.execPath}' '${main}'`],
    ['fairlead-realserver', `sh '${realserver}'`],
  ] as const)
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
}
