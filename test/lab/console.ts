// The console of each director of a lab, as people use it: in this machine's own network on loopback, without privileges,
// with nothing of its director but the control socket. It dies with the lab.
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import { CONSOLE_GID } from './director.ts';
import type { Lab } from './lab.ts';
import { waitFor } from './wait.ts';

const CLI = join(import.meta.dirname, '../../director/cli/main.ts');
/** Browsers keep cookies by host, whatever the port: a host for each lets one be logged in at both. */
const hostOf = (index: number): string => `127.0.0.${index + 1}`;
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
    for (const [index, director] of lab.directors.entries()) {
      const host = hostOf(index);
      const listen = `${host}:${await freePort(host)}`;
      const child = start(director.runtime, join(lab.folder, director.name, 'console'), listen);
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

function start(runtime: string, certificates: string, listen: string): ChildProcess {
  mkdirSync(certificates, { mode: 0o700 });
  chownSync(certificates, CONSOLE_UID, CONSOLE_GID);
  const options = ['--runtime', runtime, '--certificates', certificates, '--listen', listen];
  // Not by its own --user: whoever changes its user is no longer signalled when the lab dies (prctl(2), PR_SET_PDEATHSIG).
  const user = ['--reuid', `${CONSOLE_UID}`, '--regid', `${CONSOLE_GID}`, '--clear-groups', '--no-new-privs'];
  return spawn(
    'setpriv',
    [...user, '--pdeathsig', 'TERM', '--', process.execPath, CLI, 'console', ...options],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
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
async function freePort(host: string): Promise<number> {
  for (let port = PORT_FIRST; port < PORT_FIRST + PORTS_TRIED; port++)
    if (await isFree(host, port)) return port;
  throw new FairleadError('lab-console', `No port of ${host} from ${PORT_FIRST} on is free for the console.`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
