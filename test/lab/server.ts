// A real server as the lab holds it: started, killed without warning, cut off from its networks, brought back.
import { join } from 'node:path';
import { type Namespaces, run } from '../support/netns.ts';
import { type Program, startProgram } from './program.ts';
import type { RealServerCommand } from './real-server.ts';
import { addressesOf, NETWORK, type ServerName } from './topology.ts';
import { within } from './wait.ts';

const START_MS = 60_000;
const STOP_MS = 5_000;

export interface LabServer {
  readonly name: ServerName;
  isRunning(): boolean;
  /** Settles when it accepts connections. */
  start(): Promise<void>;
  /** SIGKILL: the kernel resets its connections and refuses new ones from now on. */
  kill(): Promise<void>;
  /** start() under its name in stories. */
  revive(): Promise<void>;
  /** What /health says; the server goes on serving. */
  setHealthy(ok: boolean): void;
  /** Takes its cables out, and puts them back: silence instead of refusal. */
  cut(): void;
  mend(): void;
}

export function createServer(set: Namespaces, name: ServerName): LabServer {
  const namespace = set.get(name);
  let program: Program | undefined;
  const { inside, inside6 } = addressesOf(name);
  const start = async (): Promise<void> => {
    if (program?.isRunning()) return;
    await new Promise<void>((resolve, reject) => {
      const started = startProgram(set, {
        namespace,
        node: [
          join(import.meta.dirname, 'real-server.ts'),
          name,
          inside,
          inside6,
          NETWORK.vip.route,
          NETWORK.vip.tunnel,
        ],
        signalAtParentDeath: 'KILL',
        urgent: true,
        line: () => resolve(), // the only line it writes says that it is ready
      });
      program = started;
      const late = setTimeout(() => reject(new Error(`${name} did not start in ${START_MS} ms`)), START_MS);
      void started.ended.then((ended) => {
        clearTimeout(late);
        reject(new Error(`${name} ended at once: ${ended.complaint}`)); // without effect once it is ready
      });
    });
  };
  const links = (state: 'up' | 'down'): void => {
    for (const link of ['front', 'inside'])
      run(set.get('switch'), 'ip', ['link', 'set', 'dev', `${name}-${link}`, state]);
  };
  return {
    name,
    isRunning: () => program?.isRunning() ?? false,
    start,
    revive: start,
    async kill() {
      if (!program) return;
      program.kill('SIGKILL');
      await within(`${name} to end`, STOP_MS, program.ended);
    },
    setHealthy: (ok) => program?.send({ do: 'health', ok } satisfies RealServerCommand),
    cut: () => links('down'),
    mend: () => links('up'),
  };
}
