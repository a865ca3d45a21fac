// Machines that have the package already: what an installation writes to the disk is kept per package beside the disk, and
// a machine begins with a copy of it. The installation itself is the business of install.root.test.ts.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNamespaces } from '../support/netns.ts';
import { CACHE, lockOut, provideDisk } from './disk.ts';
import { createMachine, type Machine } from './machine/machine.ts';
import { digestOf } from './package.ts';
import { recipeHash } from './recipe.ts';

const INSTALL_MS = 300_000;

/** Path of what a machine has written that was only installed. */
export async function provideInstalled(deb: string, progress: (line: string) => void): Promise<string> {
  const disk = await provideDisk(progress);
  const path = join(CACHE, `installed-${recipeHash()}-${digestOf(deb)}`);
  if (existsSync(path)) return path;
  using _lock = await lockOut(join(CACHE, '.lock'));
  if (existsSync(path)) return path;
  progress('installing the package on a machine');
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-install-'));
  try {
    using set = createNamespaces('install', ['switch']);
    const own = join(folder, 'machine');
    mkdirSync(own);
    const place = { name: 'machine', disk, folder: own, set, namespace: set.get('switch') };
    using machine = createMachine({ ...place, links: [] });
    await machine.boot();
    await install(machine, deb);
    await machine.powerOff();
    const written = join(CACHE, `making-${process.pid}`);
    copySparse(machine.written, written);
    renameSync(written, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const old of readdirSync(CACHE))
    if (old.startsWith('installed-') && join(CACHE, old) !== path) rmSync(join(CACHE, old), { force: true });
  return path;
}

/** As a person does it. */
export async function install(machine: Machine, deb: string): Promise<void> {
  const file = await machine.send(deb);
  await machine.run(`apt-get install -y ${file} && rm ${file}`, { timeout_ms: INSTALL_MS });
}

/** Holes stay holes: most of what a machine has written is none. */
export function copySparse(from: string, to: string): void {
  execFileSync('cp', ['--sparse=always', '--', from, to]);
}
