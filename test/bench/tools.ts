// Programs that a benchmark runs beside the director. Guarantee: what is missing is installed, or the error says how.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { FairleadError } from '../../director/model/error.ts';

/** Command and the Debian package that has it. */
const TOOLS = { wrk: 'wrk', iperf3: 'iperf3', nft: 'nftables' } as const;

const INSTALL_LIMIT_MS = 120_000;

export function ensureTools(say: (what: string) => void): void {
  const missing = Object.entries(TOOLS).filter(([command]) => !isThere(command));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  say(`installing ${packages.join(', ')}`);
  apt('install', '--no-install-recommends', ...packages);
  if (missing.every(([command]) => isThere(command))) return;
  apt('update');
  apt('install', '--no-install-recommends', ...packages);
  const still = missing.filter(([command]) => !isThere(command)).map(([, name]) => name);
  if (still.length > 0)
    throw new FairleadError('bench-tools-missing', `Not installed: ${still.join(', ')}.`, {
      remedy: `apt-get install ${still.join(' ')}`,
    });
}

function apt(...words: string[]): void {
  spawnSync('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=60', ...words], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'ignore',
    timeout: INSTALL_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
}

function isThere(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
