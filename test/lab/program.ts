// A program that the lab runs inside a namespace and talks to in JSON lines. It dies with the lab: its stdin ends, and
// the kernel signals it when the lab's process is gone (prctl(2), PR_SET_PDEATHSIG), however that came about.
import type { ChildProcess } from 'node:child_process';
import type { Namespace, Namespaces } from '../support/netns.ts';
import { readLines, writeLine } from './lines.ts';

const STDERR_KEPT_BYTES = 8_192;
const NICE = ['nice', '-n', '-5'];

export interface Ended {
  readonly status: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** The end of what it wrote to stderr. */
  readonly complaint: string;
}

export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  isRunning(): boolean;
  send(line: unknown): void;
  kill(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
  readonly namespace: Namespace;
  /** Script and arguments for this Node. */
  readonly node: readonly string[];
  /** A command that ends by executing what follows it. */
  readonly through?: readonly string[];
  /** Before unrelated work where processors are scarce: those who measure, and those who stand in for machines. */
  readonly urgent?: boolean;
  /** What the kernel sends it when the lab is gone. */
  readonly signalAtParentDeath: 'TERM' | 'KILL';
  readonly line?: (value: unknown) => void;
  /** Text, for programs whose stdout is not JSON lines. */
  readonly text?: (text: string) => void;
}

export function startProgram(set: Namespaces, options: ProgramOptions): Program {
  const child = set.start(
    options.namespace,
    'setpriv',
    [
      ...[
        '--pdeathsig',
        options.signalAtParentDeath,
        '--',
        ...(options.urgent ? NICE : []),
        ...(options.through ?? []),
      ],
      ...[process.execPath, ...options.node],
    ],
    // A process group of its own: Ctrl-C in the terminal reaches the lab alone, which then ends its programs in order.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('a program without pipes');
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-STDERR_KEPT_BYTES);
  });
  stdin.on('error', () => {}); // it ended; `ended` tells
  const { line, text } = options;
  if (line) readLines(stdout, line);
  else stdout.setEncoding('utf8').on('data', (piece: string) => text?.(piece));
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) =>
      resolve({ status: undefined, signal: undefined, complaint: error.message }),
    );
    child.once('close', (status, signal) =>
      resolve({ status: status ?? undefined, signal: signal ?? undefined, complaint }),
    );
  });
  return {
    pid: child.pid ?? -1,
    ended,
    isRunning: () => isRunning(child),
    send: (value) => writeLine(stdin, value),
    kill: (signal) => void child.kill(signal),
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
