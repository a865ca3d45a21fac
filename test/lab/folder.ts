// A lab's folder: configuration, keys, and what its directors keep. Its name tells its namespaces, so that what a lab
// left behind that was killed can be told from what belongs to a living one.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Namespaces, sweepLeftovers } from '../support/netns.ts';
import { unmountBelow } from './bpffs.ts';

const NAMESPACE_FOLDER = '/run/netns';
const FOLDER_PATTERN = /^fl-\d+-\d+-[0-9a-f]{6}-lab$/;

/** Made after its namespaces and removed after them. */
export function labFolder(set: Namespaces): string {
  return join(tmpdir(), set.get('client').name.replace(/-client$/, ''));
}

export function makeFolder(folder: string): void {
  mkdirSync(folder, { mode: 0o711 }); // keys and state in it are for root alone; consoles must get through
}

/** Where it is after its lab, when it is to stay: under another name, as the next lab sweeps what looks left over. */
export function keptFolder(folder: string): string {
  return `${folder}-kept`;
}

export function removeFolder(folder: string, keep: boolean): void {
  unmountBelow(folder);
  if (keep && existsSync(folder)) renameSync(folder, keptFolder(folder));
  else rmSync(folder, { recursive: true, force: true });
}

/** What labs left that ended without cleaning up: namespaces with the programs in them, and then folders without. */
export function removeLeftovers(): void {
  sweepLeftovers();
  const namespaces = listFolder(NAMESPACE_FOLDER);
  for (const name of listFolder(tmpdir()))
    if (FOLDER_PATTERN.test(name) && !namespaces.some((namespace) => namespace.startsWith(name)))
      removeFolder(join(tmpdir(), name), false);
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // no namespace was ever made on this machine
  }
}
