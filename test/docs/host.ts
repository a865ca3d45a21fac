// A machine of a setting, as a reader finds it: a network of its own, and the paths of an installed machine (/etc/fairlead,
// /run/fairlead, /var/lib/fairlead), in a mount namespace that vanishes with it. Nothing of it reaches this machine's files.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { within } from '../lab/wait.ts';
import type { Namespaces } from '../support/netns.ts';
import { installed, installFairlead, type Outcome, type Shell, type Typed, type } from './typing.ts';

const START_MS = 10_000;
/** What is written there stays in memory: an overlay above this machine's own. */
const LAYERED = ['/etc', '/var/lib'] as const;

export interface HostOptions {
  /** Namespace of the set. */
  readonly label: string;
  /** Of the whole setting; each machine gets a folder in it to work in. */
  readonly folder: string;
  readonly bpffs?: string;
  /** Shell commands that make the machine what it is, once its mounts are there. */
  readonly prepare?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Host {
  /** Where its commands are typed. */
  readonly folder: string;
  type(command: string, typed?: Typed): Promise<Outcome>;
  /** For a command that serves until the setting ends. */
  serve(command: string): void;
}

export async function openHost(set: Namespaces, options: HostOptions): Promise<Host> {
  const { label, bpffs, prepare = [], env = {} } = options;
  const folder = join(options.folder, `${label}-desk`);
  const layers = join(options.folder, `${label}-layers`);
  for (const path of [folder, layers]) mkdirSync(path, { recursive: true });
  const script = [
    'set -e',
    'mount -t sysfs sysfs /sys',
    ...(bpffs === undefined ? [] : [`mount --bind ${bpffs} /sys/fs/bpf`]),
    `mount -t tmpfs tmpfs ${layers}`,
    ...LAYERED.flatMap((path) => overlay(layers, path)),
    'mount -t tmpfs tmpfs /run',
    ...prepare,
    'echo ready',
    'exec cat', // until its input ends, which this process holds
  ].join('\n');
  const mounted = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script];
  const keeper = set.start(set.get(label), 'setpriv', ['--pdeathsig', 'KILL', '--', ...mounted]);
  let complaint = '';
  keeper.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  await within(
    `${label} to be prepared`,
    START_MS,
    new Promise<void>((resolve, reject) => {
      keeper.stdout?.once('data', () => resolve());
      keeper.once('close', (status) => reject(new Error(`${label}: status ${status}: ${complaint.trim()}`)));
    }),
  );
  const shell: Shell = {
    through: [
      'nsenter',
      '--target',
      `${keeper.pid}`,
      '--mount',
      '--net',
      '--root',
      '--',
      'env',
      '-C',
      folder,
    ],
    cwd: folder,
    env: {
      PATH: installFairlead(options.folder),
      HOME: folder,
      LANG: 'C.UTF-8',
      USER: 'root',
      NODE_COMPILE_CACHE: join(options.folder, 'compiled'),
      ...env,
    },
  };
  return {
    folder,
    type: (command, typed) => type(shell, command, typed),
    serve(command) {
      const words = [...shell.through.slice(1), 'bash', '-c', `exec ${installed(command)}`];
      set.start(set.get(label), 'nsenter', words, { env: { ...shell.env }, stdio: 'ignore' });
    },
  };
}

function overlay(layers: string, path: string): string[] {
  const name = path.slice(1).replaceAll('/', '-');
  const [upper, work] = [`${layers}/${name}`, `${layers}/${name}-work`];
  return [
    `mkdir ${upper} ${work}`,
    `mount -t overlay overlay -o lowerdir=${path},upperdir=${upper},workdir=${work} ${path}`,
  ];
}
