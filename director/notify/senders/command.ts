// command: an operator's program, with the message as JSON on its standard input and as FAIRLEAD_* in its environment.
// Guarantees: no shell; a session and process group of its own, which is killed as a whole at the deadline and when the
// command ends; dies with this process; a minimal environment; 4 KiB of output are kept, and more than 1 MiB ends it.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { NotificationConfig } from '../../config/configuration.ts';
import { toEnvironment, toJson } from './render.ts';
import {
  describeError,
  done,
  type Envelope,
  failed,
  type Outcome,
  type Send,
  type SendContext,
} from './sender.ts';

const KEPT_BYTES = 4_096;
const OUTPUT_MAX_BYTES = 1_048_576;
const NICENESS = 10;
/** For output that is still in the pipe, when somebody outside the process group keeps the pipe open. */
const LINGER_MS = 100;
const SAFE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type Command = Extract<NotificationConfig, { kind: 'command' }>;

export function createCommand(config: Command): Send {
  return async (envelope, context) => {
    try {
      return await run(config, envelope, context);
    } catch (error) {
      return failed(describeError(error)); // the kernel would not even start it
    }
  };
}

function run(config: Command, envelope: Envelope, { timeout_ms, signal }: SendContext): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = start(config.command, envelope);
    let running = true;
    let over = false;
    let linger: NodeJS.Timeout | undefined;
    const end = (outcome: Outcome): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      clearTimeout(linger);
      signal.removeEventListener('abort', cancel);
      if (running) killGroup(child);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(failed(`it did not end within ${timeout_ms} ms`)), timeout_ms);
    const cancel = (): void => end(failed('cancelled'));
    signal.addEventListener('abort', cancel, { once: true });
    const tooMuch = (): void => end(failed('it wrote more than 1 MiB'));
    const outputs = [keep(child.stderr, tooMuch), keep(child.stdout, tooMuch)];
    const conclude = (): void =>
      end(judge(child, outputs.map((output) => output()).find((line) => line !== '') ?? ''));
    child.on('error', (error) => end(failed(describeError(error))));
    child.on('exit', () => {
      running = false;
      killGroup(child); // what it left in the background, which would hold the pipes open
      linger = setTimeout(conclude, LINGER_MS);
    });
    child.on('close', conclude);
    child.stdin.on('error', () => {}); // it need not read
    child.stdin.end(toJson(envelope));
    if (signal.aborted) cancel();
  });
}

/** setpriv(1): the kernel kills the command when this process dies, however it dies. */
function start(command: readonly string[], envelope: Envelope): ChildProcessWithoutNullStreams {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    detached: true, // a session and process group of its own
    stdio: 'pipe',
    cwd: '/',
    env: { PATH: SAFE_PATH, LANG: 'C.UTF-8', ...toEnvironment(envelope) },
  });
  try {
    if (child.pid !== undefined) setPriority(child.pid, NICENESS);
  } catch {
    // ESRCH: it has ended already.
  }
  return child;
}

function judge(child: ChildProcessWithoutNullStreams, line: string): Outcome {
  const { exitCode, signalCode } = child;
  const how = signalCode === null ? `exit status ${exitCode}` : `killed by ${signalCode}`;
  return exitCode === 0 ? done(how) : failed(line === '' ? how : `${line} (${how})`);
}

/** Reads on behind what is kept, as a command that writes into a full pipe would wait for ever. */
function keep(stream: NodeJS.ReadableStream, tooMuch: () => void): () => string {
  let kept = '';
  let seen_bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (seen_bytes < KEPT_BYTES) kept += chunk.subarray(0, KEPT_BYTES - seen_bytes).toString('utf8');
    seen_bytes += chunk.length;
    if (seen_bytes > OUTPUT_MAX_BYTES) tooMuch();
  });
  stream.on('error', () => {}); // destroyed while reading
  return () => kept.trimStart().split('\n', 1)[0] ?? '';
}

function killGroup({ pid }: ChildProcessWithoutNullStreams): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: nobody is left in the group.
  }
}
