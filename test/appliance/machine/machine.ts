// One machine: Debian 12 with systemd under user-mode-linux, with a disk that keeps what was written over power cuts and
// boots. It runs in the network namespace of the site's switch, where its cables (taps) are. Whatever ends its owner, no
// process of it is left behind.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { FairleadError } from '../../../director/model/error.ts';
import { KERNEL, KERNEL_PATH, killGroup, memoryFolder, onEndOfProcess } from '../../kernel/uml.ts';
import type { Namespace, Namespaces } from '../../support/netns.ts';
import { type Channel, type CommandOptions, type CommandResult, openChannel } from './channel.ts';
import { writeUnits } from './units.ts';

export interface Link {
  /** The tap in the machine's namespace. */
  readonly tap: string;
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  /** `10.0.0.1/24` or `fd00::1/64`. */
  readonly addresses: readonly string[];
}

export interface MachineOptions {
  readonly name: string;
  readonly disk: string;
  /** Its own: what it writes, and the exchange with it. */
  readonly folder: string;
  readonly set: Namespaces;
  readonly namespace: Namespace;
  readonly links: readonly Link[];
  /** Device of this machine that is the machine's second serial line (ttyS1). */
  readonly serial?: string;
}

export interface BootOptions {
  readonly memory_mb?: number;
  /** With /var in memory, and so forgotten at the end. */
  readonly readOnlyRoot?: boolean;
  /** What the machine believes that it is, for date(1). */
  readonly clock?: string;
  /** Interfaces that are not there yet: they still have the kernel's name. See `appear`. */
  readonly late?: readonly string[];
}

export interface Machine extends Disposable {
  readonly name: string;
  /** The file with what it has written to its disk; a copy of another machine's may be put there before it boots. */
  readonly written: string;
  isRunning(): boolean;
  /** Settles when systemd says that the start is finished. */
  boot(options?: BootOptions): Promise<void>;
  /** A script for sh, as root. Throws if its status is not 0, unless allowed. */
  run(script: string, options?: CommandOptions): Promise<CommandResult>;
  write(path: string, text: string, mode?: string): Promise<void>;
  /** Copies a file of the host into /root; returns its path there. */
  send(path: string): Promise<string>;
  /** Lets a late interface appear. */
  appear(name: string): Promise<void>;
  /** Orderly, as by its button. */
  powerOff(): Promise<void>;
  /** SIGKILL for the whole machine, this instant; settles when nothing of it is left. */
  powerCut(): Promise<void>;
  /** The end of what its kernel and systemd said. */
  console(): string;
}

/** File in a machine's folder: what it has written, over the disk that it reads. */
export const WRITTEN = 'written';
const MEMORY_MB = 512;
const BOOT_MS = 180_000;
const OFF_MS = 90_000;
const TRACE_CHARACTERS = 3_000;
/** Above others where processors are scarce: what a machine does not get in time shows as a fault of the product. */
const AUTOGROUP_NICE = -15;

export function createMachine(options: MachineOptions): Machine {
  const { name, folder, links } = options;
  const exchange = join(folder, 'exchange');
  const jobs = join(exchange, 'jobs');
  const consoleFile = join(folder, 'console');
  const identity = randomBytes(16).toString('hex');
  mkdirSync(jobs, { recursive: true });
  mkdirSync(join(folder, 'uml'), { recursive: true });
  copyFileSync(join(import.meta.dirname, 'init.sh'), join(exchange, 'init'));
  copyFileSync(join(import.meta.dirname, 'agent.sh'), join(exchange, 'agent'));
  writeUnits(join(exchange, 'units'));
  writeFileSync(consoleFile, '');
  let running: { child: ChildProcess; channel: Channel; ended: Promise<string> } | undefined;

  const trace = (): string => readFileSync(consoleFile, 'utf8').slice(-TRACE_CHARACTERS);
  const channel = (): Channel => {
    if (running === undefined) throw new FairleadError('machine-off', `${name} is not running`);
    return running.channel;
  };
  const run: Machine['run'] = (script, wish) => channel().run(script, wish);
  const end = async (): Promise<void> => {
    killGroup(running?.child.pid);
    await running?.ended;
  };
  const send: Machine['send'] = async (path) => {
    const file = basename(path);
    const copy = join(exchange, file);
    copyFileSync(path, copy);
    try {
      await run(`cp ${quote(`/run/exchange/${file}`)} /root/`);
    } finally {
      rmSync(copy, { force: true });
    }
    return `/root/${file}`;
  };

  return {
    name,
    written: join(folder, WRITTEN),
    isRunning: () => running !== undefined,
    run,
    send,
    console: trace,
    async boot(wish = {}) {
      if (running !== undefined) throw new FairleadError('machine-on', `${name} is running already`);
      writeFileSync(join(exchange, 'settings'), settings(wish));
      writeFileSync(join(exchange, 'network'), network(links, wish.late ?? []));
      running = start(options, wish, identity, () => {
        running = undefined;
      });
      const { channel: opened } = running;
      const late = setTimeout(() => opened.end(`no sign of life in ${BOOT_MS} ms`), BOOT_MS);
      try {
        await opened.ready;
        // What failed to start is the business of whoever looks for it.
        await opened.run('systemctl is-system-running --wait', { timeout_ms: BOOT_MS, allowFailure: true });
      } catch (error) {
        await end();
        throw error;
      } finally {
        clearTimeout(late);
      }
    },
    async write(path, text, mode = '0644') {
      const file = `file-${randomBytes(4).toString('hex')}`;
      writeFileSync(join(exchange, file), text, { mode: 0o600 });
      try {
        await run(`install -D -m ${mode} /run/exchange/${file} ${quote(path)}`);
      } finally {
        rmSync(join(exchange, file), { force: true });
      }
    },
    async appear(late) {
      const index = links.findIndex((link) => link.name === late);
      if (index < 0) throw new Error(`${name} has no link ${late}`);
      await run(`ip -batch - <<'.'\n${linkLines(links[index]!, index).join('\n')}\n.\n`);
    },
    async powerOff() {
      if (running === undefined) return;
      const { ended } = running;
      void run('systemctl poweroff --no-block').catch(() => {}); // it may end before it can say so
      let limit: NodeJS.Timeout | undefined;
      const late = new Promise<string>((resolve) => {
        limit = setTimeout(() => resolve('late'), OFF_MS);
      });
      const how = await Promise.race([ended, late]);
      clearTimeout(limit);
      if (how === 'late') {
        await end();
        throw new FairleadError('machine-off-late', `${name} did not power off in ${OFF_MS} ms\n${trace()}`);
      }
    },
    powerCut: end,
    [Symbol.dispose]() {
      killGroup(running?.child.pid);
    },
  };
}

function start(
  { name, disk, folder, set, namespace, links, serial }: MachineOptions,
  wish: BootOptions,
  identity: string,
  over: () => void,
): { child: ChildProcess; channel: Channel; ended: Promise<string> } {
  const memory_mb = wish.memory_mb ?? MEMORY_MB;
  const kernel = [
    ...[`mem=${memory_mb}M`, `umid=${name}`, `uml_dir=${folder}/uml`],
    // What it writes goes to a file of its own; the disk is only read.
    ...[
      `ubd0=${join(folder, WRITTEN)},${disk}`,
      'root=/dev/ubda',
      'rootfstype=ext4',
      wish.readOnlyRoot ? 'ro' : 'rw',
    ],
    ...['init=/sbin/machine-init', `exchange=${folder}/exchange`],
    ...[`systemd.hostname=${name}`, `systemd.machine_id=${identity}`, 'systemd.show_status=0'],
    ...['con=null', 'con0=null,fd:1', 'ssl=null', 'ssl0=fd:3', 'loglevel=4'],
    ...(serial === undefined ? [] : [`ssl1=tty:${serial}`]),
    ...links.map(
      ({ tap, mac, mtu }, index) => `vec${index}:transport=tap,ifname=${tap},mac=${mac},depth=128,mtu=${mtu}`,
    ),
  ];
  const script = [
    `echo ${AUTOGROUP_NICE} 2>/dev/null >/proc/self/autogroup`,
    'exec setpriv --pdeathsig TERM -- "$@" >>"$0" 2>&1',
  ].join('\n');
  const child = set.start(namespace, 'sh', ['-c', script, join(folder, 'console'), KERNEL, ...kernel], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true, // a session of its own, so that all its processes can be ended at once
    env: { PATH: KERNEL_PATH, TMPDIR: memoryFolder(memory_mb) ?? folder },
  });
  const line = child.stdio[3] as Duplex;
  const trace = (): string => readFileSync(join(folder, 'console'), 'utf8').slice(-TRACE_CHARACTERS);
  const channel = openChannel(line, join(folder, 'exchange', 'jobs'), trace);
  const guard = onEndOfProcess(() => killGroup(child.pid));
  const ended = new Promise<string>((resolve) => {
    const settle = (how: string): void => {
      killGroup(child.pid); // its processes, should the kernel have died without them
      guard[Symbol.dispose]();
      line.destroy();
      over();
      channel.end(how);
      resolve(how);
    };
    child.once('error', (error) => settle(error.message));
    child.once('exit', (status, signal) => settle(signal ?? `exit status ${status}`));
  });
  return { child, channel, ended };
}

function settings({ readOnlyRoot, clock }: BootOptions): string {
  const lines = [`clock=${quote(clock ?? '')}`, `var=${readOnlyRoot ? 'memory' : 'disk'}`];
  return `${lines.join('\n')}\n`;
}

function network(links: readonly Link[], late: readonly string[]): string {
  const lines = links.flatMap((link, index) => (late.includes(link.name) ? [] : linkLines(link, index)));
  return `${['link set dev lo up', ...lines].join('\n')}\n`;
}

function linkLines({ name, mtu, addresses }: Link, index: number): string[] {
  return [
    `link set dev vec${index} name ${name} mtu ${mtu}`,
    ...addresses.map((address) => `addr add ${address} dev ${name}`),
    `link set dev ${name} up`,
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
