// One child process in a process group of its own, with a time limit. Whatever ends it early (the limit, an abort) ends
// the whole group: politely first, so that tests can delete their namespaces, then for good.

import { spawn } from 'node:child_process';
import { join } from 'node:path';

const GRACE_ms = 5_000;
/** Compiled code is kept there: tests start many short programs. */
const CODE_FOLDER = join(import.meta.dirname, '../../build/code');

export type Ending =
  | { kind: 'exit'; status: number }
  | { kind: 'signal'; signal: string }
  | { kind: 'timeout'; limit_ms: number };

export interface RunOptions {
  readonly limit_ms: number;
  readonly abort?: AbortSignal | undefined;
  /** A descriptor that takes the child's output; default: this process's own. */
  readonly output?: number | undefined;
}

/** Runs `node ARGS` and tells how it ended. Nothing of its group is left afterwards. */
export function runNode(args: readonly string[], options: RunOptions): Promise<Ending> {
  const { limit_ms, abort, output = 'inherit' } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', output, output],
      detached: true,
      env: { ...process.env, NODE_COMPILE_CACHE: CODE_FOLDER },
    });
    child.once('error', reject);
    const pid = child.pid;
    if (pid === undefined) return;
    let timedOut = false;
    let kill: NodeJS.Timeout | undefined;
    const end = (): void => {
      signalGroup(pid, 'SIGTERM');
      kill ??= setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_ms);
    };
    const limit = setTimeout(() => {
      timedOut = true;
      end();
    }, limit_ms);
    abort?.addEventListener('abort', end);
    child.once('exit', (status, signal) => {
      abort?.removeEventListener('abort', end);
      clearTimeout(limit);
      clearTimeout(kill);
      signalGroup(pid, 'SIGKILL'); // stragglers that the child itself started
      if (timedOut) resolve({ kind: 'timeout', limit_ms });
      else if (signal !== null) resolve({ kind: 'signal', signal });
      else resolve({ kind: 'exit', status: status ?? 1 });
    });
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // the group has ended already
  }
}
