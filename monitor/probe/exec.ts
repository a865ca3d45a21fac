// exec: a command of the operator's, exit status 0 is a pass, its first line of output the reason.
// Guarantees: no shell; a session and process group of its own, which is killed as a whole at the deadline and when the
// command ends (only what starts another session gets away); dies with this process; a minimal environment; no more than
// 32 commands at once; 4 KiB of output are kept, and one that writes more than 1 MiB fails.
import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { COMMAND_MARKS, type ProbeTarget, tellsService } from '../../director/model/monitor.ts';
import { type Attempt, attempt, oneLine } from './attempt.ts';
import type { Probe, ProbeContext, SpecOf } from './probe.ts';
import { createSlots } from './slots.ts';

export interface ExecLimits {
  readonly running_max: number;
  readonly waiting_max: number;
}

const LIMITS: ExecLimits = { running_max: 32, waiting_max: 1_024 };
const KEPT_BYTES = 4_096;
const OUTPUT_MAX_BYTES = 1_048_576;
/** Below everything that carries packets, beats or other probes. */
const NICENESS = 10;
/** For output that is still in the pipe, when somebody outside the process group keeps the pipe open. */
const LINGER_MS = 100;
const SAFE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function createExec(limits: ExecLimits = LIMITS): Probe<'exec'> {
  const slots = createSlots(limits.running_max, limits.waiting_max);
  return async (target, spec, context) => {
    const wait = await slots.take(context);
    // The crowd is this director's, so it says nothing about the server.
    if (!wait.ok) return { ok: false, reason: wait.reason, latency_ms: wait.latency_ms, inconclusive: true };
    try {
      return await attempt(context, (attempt) => run(attempt, target, spec, context));
    } finally {
      slots.give();
    }
  };
}

function run(attempt: Attempt, target: ProbeTarget, spec: SpecOf<'exec'>, context: ProbeContext): void {
  attempt.stage('end of the command');
  const child = start(
    fillIn(spec.command, target, context.service),
    target,
    // Without %s the nanny may serve several services, and one name would be wrong for the others.
    tellsService(spec) ? context.service : undefined,
  );
  let running = true;
  attempt.onEnd(() => {
    if (running) killGroup(child);
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on('error', (error) => attempt.error(error));
  if (child.pid === undefined) return;
  beNice(child.pid);
  const outputs = [keep(child.stdout, attempt), keep(child.stderr, attempt)];
  const conclude = (): void =>
    judge(
      attempt,
      child,
      outputs.map((output) => output()).find((line) => line !== ''),
    );
  child.on('exit', () => {
    running = false;
    killGroup(child); // what it left in the background, which would hold the pipes open
    const linger = setTimeout(conclude, LINGER_MS);
    attempt.onEnd(() => clearTimeout(linger));
  });
  child.on('close', conclude);
}

/** setpriv(1): the kernel kills the command when this process dies, however it dies. */
function start(command: readonly string[], target: ProbeTarget, service: string | undefined) {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    detached: true, // a session and process group of its own
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: {
      PATH: SAFE_PATH,
      LANG: 'C.UTF-8',
      FAIRLEAD_ADDRESS: target.address,
      FAIRLEAD_PORT: String(target.port),
      ...(service === undefined ? {} : { FAIRLEAD_SERVICE: service }),
    },
  });
}

function judge(attempt: Attempt, child: ChildProcess, line: string | undefined): void {
  const { exitCode, signalCode } = child;
  const how = signalCode === null ? `exit status ${exitCode}` : `killed by ${signalCode}`;
  const reason = line === undefined ? how : exitCode === 0 ? line : `${line} (${how})`;
  if (exitCode === 0) attempt.pass(reason);
  else attempt.fail(reason);
}

/** Reads on behind what is kept, as a command that writes into a full pipe would wait for ever. */
function keep(stream: Readable, attempt: Attempt): () => string {
  let kept = '';
  let seen_bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (seen_bytes < KEPT_BYTES) kept += chunk.subarray(0, KEPT_BYTES - seen_bytes).toString('utf8');
    seen_bytes += chunk.length;
    if (seen_bytes > OUTPUT_MAX_BYTES) attempt.fail('the command wrote more than 1 MiB');
  });
  stream.on('error', () => {}); // destroyed while reading
  return () => oneLine(kept.trimStart().split('\n', 1)[0] ?? '');
}

function fillIn(command: readonly string[], target: ProbeTarget, service: string): string[] {
  const values: Readonly<Record<string, string>> = {
    '%a': target.address,
    '%p': String(target.port),
    '%s': service,
    '%%': '%',
  };
  return command.map((word) => word.replace(COMMAND_MARKS, (mark) => values[mark] ?? mark));
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: nobody is left in the group.
  }
}

function beNice(pid: number): void {
  try {
    setPriority(pid, NICENESS);
  } catch {
    // ESRCH: it has ended already.
  }
}
