// What a set-up does to the machine beyond its files: switches forwarding on, now and at every boot, and starts the units.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import type { Configuration } from '../config/configuration.ts';
import { familyOf } from '../model/address.ts';
import { FairleadError } from '../model/error.ts';

export const SYSCTL_FILE = '/etc/sysctl.d/60-fairlead.conf';
const SYSTEMD_SIGN = '/run/systemd/system';
const TARGET = 'fairlead.target';
const START_TIMEOUT_MS = 120_000;

/** Settings of the families that services of other machines' servers have. */
export function forwardingSettings(configuration: Configuration): string[] {
  const families = new Set(
    configuration.services
      .filter((service) => service.servers.some((server) => server.method !== 'local'))
      .map((service) => familyOf(service.listen.address)),
  );
  return [...families]
    .sort()
    .map((family) => (family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'));
}

/** `file`: where it is kept for the next boot; undefined: it is not. Returns what could not be done. */
export function switchForwardingOn(settings: readonly string[], file: string | undefined): string[] {
  if (settings.length === 0) return [];
  const failures: string[] = [];
  const attempt = (what: string, action: () => void): void => {
    try {
      action();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const name of settings)
    attempt(name, () => fs.writeFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, '1\n'));
  if (file !== undefined)
    attempt(file, () =>
      fs.writeFileSync(
        file,
        `# Written by "fairlead setup": a director forwards packets.\n${settings.map((name) => `${name} = 1\n`).join('')}`,
      ),
    );
  return failures;
}

/** `absent`: no systemd, or no package. Throws FairleadError when systemd refuses. */
export function startUnits(): 'started' | 'absent' {
  if (!fs.existsSync(SYSTEMD_SIGN)) return 'absent';
  const known = systemctl('cat', TARGET);
  if (known.status !== 0) return 'absent';
  const done = systemctl('start', TARGET);
  if (done.status === 0) return 'started';
  throw new FairleadError('not-started', `systemd could not start ${TARGET}: ${done.said}`, {
    remedy: 'See: journalctl -u fairlead -u fairlead-heartbeat -n 50. The configuration is written.',
  });
}

function systemctl(...args: string[]): { readonly status: number; readonly said: string } {
  const done = spawnSync('systemctl', args, {
    encoding: 'utf8',
    timeout: START_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { status: done.status ?? -1, said: done.error?.message ?? done.stderr.trim() };
}
