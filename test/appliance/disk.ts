// The disk that every machine starts from, made once by debootstrap and kept under build/appliance. A machine reads it and
// writes elsewhere, so it never changes; what is not there whole is not there at all.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { FairleadError } from '../../director/model/error.ts';
import { whyNoGuest } from '../kernel/uml.ts';
import { findMirror } from './mirror.ts';
import { DISK_MB, INIT, INIT_PATH, PACKAGES, RELEASE, recipeHash } from './recipe.ts';

export const CACHE = join(import.meta.dirname, '../../build/appliance');
const TOOLS = ['debootstrap', 'mkfs.ext4', 'flock'];
const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
const PATH = [process.env.PATH ?? '', ...SBIN].join(delimiter);
/** Longer than that takes no network that works. */
const BUILD_MS = 1_200_000;

function diskPath(): string {
  return join(CACHE, `disk-${recipeHash()}.ext4`);
}

/** Why this machine cannot run machines, or undefined when it can. */
export function whyNoMachine(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun (modprobe tun)';
  const missing = TOOLS.find(
    (tool) => !PATH.split(delimiter).some((folder) => existsSync(join(folder, tool))),
  );
  if (missing !== undefined) return `${missing} is missing (sh packaging/setup.sh)`;
  return whyNoGuest();
}

/** Path of the disk, made now if it is missing. Of two that want to make it, the second waits for the first. */
export async function provideDisk(progress: (line: string) => void): Promise<string> {
  const path = diskPath();
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  using _lock = await lockOut(join(CACHE, '.lock'));
  if (existsSync(path)) return path;
  const folder = mkdtempSync(join(CACHE, 'making-'));
  try {
    await make(folder, path, progress);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const old of readdirSync(CACHE))
    if (/^(disk|making)-/.test(old) && join(CACHE, old) !== path)
      rmSync(join(CACHE, old), { recursive: true, force: true });
  return path;
}

async function make(folder: string, path: string, progress: (line: string) => void): Promise<void> {
  const root = join(folder, 'root');
  const mirror = findMirror(RELEASE);
  progress(`making a Debian root under ${CACHE}, which takes some minutes, once`);
  const include = `--include=${PACKAGES.join(',')}`;
  await execute('debootstrap', ['--variant=minbase', include, RELEASE, root, mirror.uri], mirror.environment);
  for (const part of ['var/cache/apt', 'var/lib/apt/lists'])
    for (const name of readdirSync(join(root, part)))
      rmSync(join(root, part, name), { recursive: true, force: true });
  for (const name of readdirSync(join(root, 'var/log')))
    if (name.endsWith('.log')) rmSync(join(root, 'var/log', name));
  // No mirror: a machine has no network but the site's.
  writeFileSync(join(root, 'etc/apt/sources.list'), '');
  writeFileSync(join(root, INIT_PATH), INIT, { mode: 0o755 });
  mkdirSync(join(root, 'usr/lib/modules'), { recursive: true });
  progress('making a disk of it');
  const disk = join(folder, 'disk');
  const journal = ['-J', 'size=16'];
  await execute('mkfs.ext4', ['-q', '-F', '-L', 'root', ...journal, '-d', root, disk, `${DISK_MB}M`], {});
  renameSync(disk, path);
}

/**
 * Output is shown only when it fails. What the command mounts is in a namespace of its own, gone with it however it ends:
 * the folder that is removed afterwards has no /proc in it.
 */
async function execute(
  command: string,
  args: string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const own = ['--mount', '--propagation', 'private', '--', 'setpriv', '--pdeathsig', 'TERM', '--'];
  const child = spawn('unshare', [...own, command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH, ...environment },
    timeout: BUILD_MS,
  });
  let said = '';
  const note = (text: string): void => {
    said = (said + text).slice(-4_096);
  };
  child.stdout.setEncoding('utf8').on('data', note);
  child.stderr.setEncoding('utf8').on('data', note);
  const status = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? `${code}`));
  });
  if (status === '0') return;
  throw new FairleadError('appliance-disk', `${command} ended with ${status}:\n${said}`, {
    remedy: 'check the network and apt (apt-get update), then try again',
  });
}

/** A lock on a file, kept by the kernel for a child's life, so that it ends with this process. */
export async function lockOut(path: string): Promise<Disposable> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'flock', path, 'sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', () => resolve());
    child.once('exit', (status) => reject(new Error(`flock ${path} ended with ${status}`)));
  });
  return { [Symbol.dispose]: () => void child.stdin.end() };
}
