// A user-mode-linux guest: another kernel (Debian's user-mode-linux, 6.1) running as an ordinary process. It sees this
// machine's files, changes none of them, has its own network, bpf file system and IPVS, and boots in about 2 s.
// Several guests run at once. Whatever ends the caller, no process and no folder of a guest is left behind.

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import { HINT, KERNEL, KERNEL_PATH, killGroup, memoryFolder, onEndOfProcess, whyNoGuest } from './uml.ts';

export type GuestOptions = {
  command: readonly string[];
  /** Taken as the guest touches it, so a generous figure costs nothing. */
  memory_mb?: number;
  /** For everything, boot included. */
  timeout_ms?: number;
  /** Kernel modules beyond GUEST_MODULES. */
  modules?: readonly string[];
  /** The whole environment of the command, beside PATH and HOME. */
  env?: Readonly<Record<string, string>>;
  /** Folder to start in; this process's own by default. */
  cwd?: string;
  /** A folder of the host that the guest may write to, at the same path. All other writes vanish. */
  share?: string;
};

/** Exit status of the command, and what it wrote to its standard output and error. */
export type GuestResult = { status: number; output: string };

/** What the packet path needs; a real host has or loads these by itself. */
const GUEST_MODULES = ['ipv6', 'veth', 'sch_ingress', 'cls_bpf', 'act_bpf'];
const GUEST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Boots a guest, runs the command as root in it, and shuts it down. Rejects with a coded error if it cannot. */
export async function runInGuest(options: GuestOptions): Promise<GuestResult> {
  const reason = whyNoGuest();
  if (reason !== undefined) throw new FairleadError('guest-missing', reason, { remedy: HINT });
  using folder = jobFolder(options);
  const end = await boot(folder.path, options);
  const status = read(join(folder.path, 'status')).trim();
  const output = read(join(folder.path, 'output'));
  if (status !== '') return { status: Number(status), output };
  const trace = `${read(join(folder.path, 'console')).slice(-4000)}\n${output.slice(-4000)}`;
  if (end === 'timeout') {
    throw new FairleadError('guest-timeout', `the guest was not finished in time\n${trace}`, {
      remedy: 'give it more time (timeout_ms), or look for what hangs in the output above',
    });
  }
  throw new FairleadError('guest-crashed', `the guest ended (${end}) without a result\n${trace}`, {
    remedy: 'the last lines of its console are above; a full memory shows there too (memory_mb)',
  });
}

/** The private folder that carries the job in and the result out; see guest-init.sh. */
function jobFolder(options: GuestOptions): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'fairlead-guest-'));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  try {
    const share = options.share === undefined ? [] : [options.share];
    for (const shared of [path, ...share]) {
      if (!/^[^\s,:]+$/.test(shared)) {
        throw new FairleadError('guest-path', `a guest cannot mount ${JSON.stringify(shared)}`, {
          remedy: 'use a folder (TMPDIR) without white space, commas and colons in its name',
        });
      }
    }
    mkdirSync(join(path, 'uml'));
    copyFileSync(join(import.meta.dirname, 'guest-init.sh'), join(path, 'init')); // executable, as its source is
    writeFileSync(join(path, 'modules'), [...GUEST_MODULES, ...(options.modules ?? [])].join('\n'));
    writeFileSync(join(path, 'shares'), share.join('\n'));
    writeFileSync(join(path, 'job'), jobScript(options));
    return { path, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function jobScript(options: GuestOptions): string {
  const env = { PATH: GUEST_PATH, HOME: '/root', ...options.env };
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  const command = options.command.map(quote).join(' ');
  return [
    'exec 2>&1',
    ...exports,
    `cd ${quote(options.cwd ?? process.cwd())} || exit`,
    `exec ${command}`,
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Runs the guest kernel to its end, and says which: an exit status, a signal, or `timeout`. */
function boot(folder: string, options: GuestOptions): Promise<string> {
  const memory_mb = options.memory_mb ?? 1024;
  const kernel = [
    `mem=${memory_mb}M`,
    'umid=guest',
    `uml_dir=${folder}/uml`,
    ...['rootfstype=hostfs', 'rootflags=/', 'ro', `init=${folder}/init`, `fairlead_job=${folder}`],
    ...['con=null', 'con0=null,fd:1', 'quiet', 'loglevel=3'],
  ];
  const script = 'exec setpriv --pdeathsig TERM "$@" >"$0" 2>&1';
  // A group of its own, so that all its processes can be ended at once. Should this one be killed outright, the guest's
  // kernel gets SIGTERM and ends its helpers, most of the time: one that is just starting may stay, asleep.
  const child = spawn('sh', ['-c', script, join(folder, 'console'), KERNEL, ...kernel], {
    stdio: ['ignore', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: KERNEL_PATH, TMPDIR: memoryFolder(memory_mb) ?? folder },
  });
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const kill = (): void => killGroup(child.pid);
    const limit = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeout_ms ?? 60_000);
    const guard = onEndOfProcess(() => {
      kill();
      rmSync(folder, { recursive: true, force: true });
    });
    const settle = (done: () => void): void => {
      clearTimeout(limit);
      guard[Symbol.dispose]();
      done();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (status, signal) => {
      kill(); // the guest's processes, should the kernel have died without them
      settle(() => resolve(timedOut ? 'timeout' : (signal ?? `exit status ${status}`)));
    });
  });
}
