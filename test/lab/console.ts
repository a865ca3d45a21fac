// The console of each director of a lab, as people use it: in this machine's own network on loopback, without privileges,
// with nothing of its director but the control socket. It dies with the lab.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import { CONSOLE_GID } from './director.ts';
import type { Lab } from './lab.ts';
import { waitFor } from './wait.ts';

const CLI = join(import.meta.dirname, '../../director/cli/main.ts');
const HOST = '127.0.0.1';
const PORT_FIRST = 8443;
const PORTS_TRIED = 100;
const START_MS = 20_000;
const COMPLAINT_KEPT_BYTES = 8_192;
/** nobody, on every Debian. */
const CONSOLE_UID = 65_534;

export interface LabConsole {
  readonly director: string;
  readonly url: string;
  readonly pid: number;
  /** For the first login, as `admin`; undefined once there is an account. */
  password(): string | undefined;
}

export interface LabConsoles extends Disposable {
  readonly list: readonly LabConsole[];
}

/** Settles when all of them answer. */
export async function startConsoles(lab: Lab): Promise<LabConsoles> {
  const children: ChildProcess[] = [];
  const stop = {
    [Symbol.dispose]() {
      for (const child of children) child.kill('SIGTERM');
    },
  };
  try {
    const list: LabConsole[] = [];
    let port = PORT_FIRST;
    for (const director of lab.directors) {
      port = await freePort(port);
      const child = start(director.runtime, join(lab.folder, director.name, 'console'), port++);
      children.push(child);
      const url = await urlOf(director.name, child);
      const file = join(director.runtime, 'console-password');
      list.push({
        director: director.name,
        url,
        pid: child.pid ?? -1,
        password: () => (existsSync(file) ? /^\S+$/m.exec(readFileSync(file, 'utf8'))?.[0] : undefined),
      });
    }
    return { list, ...stop };
  } catch (error) {
    stop[Symbol.dispose]();
    throw error;
  }
}

function start(runtime: string, certificates: string, port: number): ChildProcess {
  const options = [
    ...['--runtime', runtime, '--certificates', certificates],
    ...['--listen', `${HOST}:${port}`, '--user', `${CONSOLE_UID}:${CONSOLE_GID}`],
  ];
  return spawn('setpriv', ['--pdeathsig', 'TERM', '--', process.execPath, CLI, 'console', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

async function urlOf(director: string, child: ChildProcess): Promise<string> {
  let out = '';
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (out.length < COMPLAINT_KEPT_BYTES) out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_KEPT_BYTES);
  });
  let url: string | undefined;
  await waitFor(`the console of ${director} to answer`, START_MS, () => {
    if (child.exitCode !== null)
      throw new FairleadError('lab-console', `The console of ${director} ended: ${complaint.trim()}`);
    url = /"url":"([^"]+)"/.exec(out)?.[1];
    return url !== undefined;
  });
  return url!;
}

/** The first that nobody listens at: whoever runs two labs finds both consoles. */
async function freePort(first: number): Promise<number> {
  for (let port = first; port < first + PORTS_TRIED; port++) if (await isFree(port)) return port;
  throw new FairleadError('lab-console', `No port from ${first} on is free for the console.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
