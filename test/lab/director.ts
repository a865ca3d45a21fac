// A director as the lab holds it: `fairlead run` in its namespace with folders of its own, the control API that it serves,
// and everything that can befall it, from the death of one process to a machine without power. Its log lines go to a file
// beside its state.
import { chmodSync, chownSync, createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlClient, openControlClient } from '../../director/control/client.ts';
import { FairleadError } from '../../director/model/error.ts';
import { type Namespaces, run, sysctl } from '../support/netns.ts';
import { withBpffs } from './bpffs.ts';
import { keptFolder } from './folder.ts';
import { type DirectorProcess, type ProcessKind, processesIn, signalAll, signalOne } from './processes.ts';
import { type Program, startProgram } from './program.ts';
import type { DirectorName } from './topology.ts';
import { waitFor, within } from './wait.ts';

const CLI = join(import.meta.dirname, '../../director/cli/main.ts');
/** nogroup, on every Debian: who may open the control sockets. */
export const CONSOLE_GID = 65_534;
const START_MS = 60_000;
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
  /** Everything of it that runs now, its heartbeat included, which lives on when its main process dies. */
  processes(): readonly DirectorProcess[];
  /** Settles when its control API answers. */
  start(options?: StartOptions): Promise<void>;
  /** In order: SIGTERM, and SIGKILL if that takes too long. Nothing of it runs afterwards. */
  stop(): Promise<void>;
  /** kill -9 of its main process: what it set up in the kernel stays, and what it started may. */
  kill(): Promise<void>;
  /** kill() and start(). */
  restart(): Promise<void>;
  /** kill -9 of one kind of process. Returns how many there were. */
  killOnly(kind: ProcessKind): number;
  /** kill -9 of every process, all at once; the kernel goes on as it was told. */
  killEverything(): Promise<void>;
  /** SIGSTOP of every process, and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** killEverything() and no cable; powerOn() puts the cables back and starts nothing. */
  powerOff(): Promise<void>;
  powerOn(): void;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
}

export function createDirector(
  set: Namespaces,
  name: DirectorName,
  files: {
    readonly folder: string;
    readonly configuration: string;
    readonly bpffs: string;
    /** This director’s end of the serial line, and the path that the configuration names. */
    readonly serial?: { readonly end: string; readonly path: string };
  },
): LabDirector {
  const { folder, configuration, bpffs, serial } = files;
  const [state, runtime] = [join(folder, name, 'state'), join(folder, name, 'run')];
  const log = join(folder, name, 'log');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  // What is made in there belongs to the folder's group, the control socket too, and the console is in that group.
  mkdirSync(runtime, { recursive: true });
  chownSync(runtime, 0, CONSOLE_GID);
  chmodSync(runtime, 0o2750);
  chmodSync(join(folder, name), 0o711);
  const control = openControlClient(join(runtime, 'control.sock'), { author: 'lab', origin: 'lab' });
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
  const namespace = set.get(name);
  const nobody = (): Promise<void> =>
    waitFor(`every process of ${name} to end`, STOP_MS, () => processesIn(namespace).length === 0);
  const director: LabDirector = {
    name,
    runtime,
    log,
    control,
    pid: () => program?.pid ?? -1,
    isRunning: () => program?.isRunning() ?? false,
    processes: () => processesIn(namespace),
    async start({ environment = {} } = {}) {
      const lines = createWriteStream(log, { flags: 'a' });
      program = startProgram(set, {
        namespace: set.get(name),
        node: [CLI, 'run', '--config', configuration, '--node', name, '--state', state, '--runtime', runtime],
        through: [...withBpffs(bpffs, serial), ...asWords(environment)],
        signalAtParentDeath: 'TERM',
        urgent: true,
        text: (text) => void lines.write(text),
      });
      void program.ended.then(({ complaint }) => lines.end(complaint));
      await waitFor(() => `${name}'s control API to answer (${silence})`, START_MS, answers);
    },
    async stop() {
      signalAll(namespace, 'SIGCONT'); // who is frozen hears nothing
      try {
        await end('SIGTERM');
      } catch {
        await end('SIGKILL');
      }
      signalAll(namespace, 'SIGKILL');
      await nobody();
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      await director.start();
    },
    killOnly(kind) {
      const own = processesIn(namespace).filter((one) => one.kind === kind);
      for (const { pid } of own) signalOne(pid, 'SIGKILL');
      return own.length;
    },
    async killEverything() {
      signalAll(namespace, 'SIGSTOP'); // nobody may start what another one misses
      signalAll(namespace, 'SIGKILL');
      await nobody();
    },
    freeze: () => void signalAll(namespace, 'SIGSTOP'),
    thaw: () => void signalAll(namespace, 'SIGCONT'),
    async powerOff() {
      sysctl(namespace, 'net.ipv6.conf.all.keep_addr_on_down', 1);
      cables(set, name, 'down');
      signalAll(namespace, 'SIGSTOP');
      signalAll(namespace, 'SIGKILL');
      await nobody();
    },
    powerOn() {
      cables(set, name, 'up');
    },
  };
  return director;
}

/** From the switch’s end, so that the director sees its carrier go and come. */
function cables(set: Namespaces, name: DirectorName, state: 'up' | 'down'): void {
  const batch = (at: string, names: readonly string[]): void => {
    const lines = names.map((link) => `link set dev ${link} ${state}\n`);
    run(set.get(at), 'ip', ['-batch', '-'], { input: lines.join('') });
  };
  batch('switch', [`${name}-front`, `${name}-inside`]);
  batch(name, ['eth0', 'eth1']);
}

function asWords(environment: Readonly<Record<string, string>>): string[] {
  const words = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
  return words.length > 0 ? ['env', ...words] : [];
}

async function startFailure(name: string, program: Program | undefined, keptLog: string): Promise<Error> {
  const ended = await program?.ended;
  const why = ended?.complaint.trim() || `status ${ended?.status ?? ended?.signal ?? 'unknown'}`;
  return new FairleadError('lab-director-ended', `${name} ended while it started: ${why}`, {
    remedy: `With --keep its log stays: ${keptLog}`,
  });
}
