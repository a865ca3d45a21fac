// A director as the lab holds it: `fairlead run` in its namespace with folders of its own, and the control API that
// it serves. Its log lines go to a file beside its state.
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlClient, openControlClient } from '../../director/control/client.ts';
import { FairleadError } from '../../director/model/error.ts';
import type { Namespaces } from '../support/netns.ts';
import { withBpffs } from './bpffs.ts';
import { keptFolder } from './folder.ts';
import { type Program, startProgram } from './program.ts';
import type { DirectorName } from './topology.ts';
import { waitFor, within } from './wait.ts';

const CLI = join(import.meta.dirname, '../../director/cli/main.ts');
const START_MS = 20_000;
const STOP_MS = 10_000;

export interface LabDirector {
  readonly name: DirectorName;
  /** For `fairlead … --runtime`. */
  readonly runtime: string;
  readonly log: string;
  readonly control: ControlClient;
  /** Of the process that was started last. */
  pid(): number;
  isRunning(): boolean;
  /** Settles when its control API answers. */
  start(): Promise<void>;
  /** In order: SIGTERM, and SIGKILL if that takes too long. */
  stop(): Promise<void>;
  /** kill -9 of its main process: what it set up in the kernel stays. */
  kill(): Promise<void>;
  /** kill() and start(). */
  restart(): Promise<void>;
}

export function createDirector(
  set: Namespaces,
  name: DirectorName,
  files: { readonly folder: string; readonly configuration: string; readonly bpffs: string },
): LabDirector {
  const { folder, configuration, bpffs } = files;
  const [state, runtime] = [join(folder, name, 'state'), join(folder, name, 'run')];
  const log = join(folder, name, 'log');
  for (const path of [state, runtime]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const control = openControlClient(join(runtime, 'control.sock'), 'lab');
  let program: Program | undefined;
  let silence: unknown;

  const answers = async (): Promise<boolean> => {
    if (!program?.isRunning()) throw await startFailure(name, program, join(keptFolder(folder), name, 'log'));
    try {
      return (await control.call('status')).pid === program.pid;
    } catch (error) {
      silence = error; // not listening yet, usually
      return false;
    }
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (!program) return;
    program.kill(signal);
    await within(`${name} to end`, STOP_MS, program.ended);
  };
  const director: LabDirector = {
    name,
    runtime,
    log,
    control,
    pid: () => program?.pid ?? -1,
    isRunning: () => program?.isRunning() ?? false,
    async start() {
      const lines = createWriteStream(log, { flags: 'a' });
      program = startProgram(set, {
        namespace: set.get(name),
        node: [CLI, 'run', '--config', configuration, '--node', name, '--state', state, '--runtime', runtime],
        through: withBpffs(bpffs),
        signalAtParentDeath: 'TERM',
        text: (text) => void lines.write(text),
      });
      void program.ended.then(({ complaint }) => lines.end(complaint));
      await waitFor(() => `${name}'s control API to answer (${silence})`, START_MS, answers);
    },
    async stop() {
      try {
        await end('SIGTERM');
      } catch {
        await end('SIGKILL');
      }
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      await director.start();
    },
  };
  return director;
}

async function startFailure(name: string, program: Program | undefined, keptLog: string): Promise<Error> {
  const ended = await program?.ended;
  const why = ended?.complaint.trim() || `status ${ended?.status ?? ended?.signal ?? 'unknown'}`;
  return new FairleadError('lab-director-ended', `${name} ended while it started: ${why}`, {
    remedy: `With --keep its log stays: ${keptLog}`,
  });
}
