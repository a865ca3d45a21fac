import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoMachine } from './disk.ts';
import { install } from './installed.ts';
import type { Machine } from './machine/machine.ts';
import { providePackage } from './package.ts';
import { openSite, type Site } from './site.ts';

const UNITS = ['fairlead.target', 'fairlead.service', 'fairlead-heartbeat.service', 'fairlead-webui.service'];
/** Of systemd-analyze security, 0 to 10: what the units had when they were written. Lower is better. */
const EXPOSURE_MOST: Readonly<Record<string, number>> = {
  'fairlead.service': 5,
  'fairlead-heartbeat.service': 5,
  'fairlead-webui.service': 2,
};
/** What dpkg, apt and the account tools keep for themselves. */
const ACCOUNTS = '/(dpkg|apt|debconf)(/|$)|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$';

describe.skipIf(whyNoMachine() !== undefined)('the package on a machine without a network', () => {
  let site: Site;
  let lb1: Machine;
  let deb: string;
  let before: string[];
  let addresses: string;

  beforeAll(async () => {
    deb = await providePackage(console.log);
    site = await openSite({ machines: ['lb1'], services: [], servers: false, progress: console.log });
    lb1 = site.machine('lb1');
    await lb1.boot();
    await lb1.run('ip link set eth0 down; ip link set eth1 down');
    before = await files(lb1);
    addresses = (await lb1.run('ip -o addr')).stdout;
    await install(lb1, deb);
  });

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  it('is inert after it was installed: no address, no port, no unit that runs or failed', async () => {
    expect((await lb1.run('ip -o addr')).stdout).toBe(addresses);
    expect(
      (await lb1.run("ss -Hlntu | grep -v -e '127.0.0' -e '\\[::1\\]'", { allowFailure: true })).stdout,
    ).toBe('');
    const active = await lb1.run(`systemctl is-active ${UNITS.join(' ')}`, { allowFailure: true });
    expect(active.stdout.trim().split('\n')).toEqual(UNITS.map(() => 'inactive'));
    expect((await lb1.run('systemctl is-enabled fairlead.target')).stdout.trim()).toBe('enabled');
    expect((await lb1.run('systemctl --failed --plain --no-legend')).stdout).toBe('');
  });

  it('stays inert when it is started unconfigured', async () => {
    await lb1.run('systemctl start fairlead.target');
    const active = await lb1.run(`systemctl is-active ${UNITS.join(' ')}`, { allowFailure: true });
    expect(active.stdout.trim().split('\n')).toEqual(UNITS.map(() => 'inactive'));
  });

  it('brings its own runtime', async () => {
    expect((await lb1.run('command -v node nodejs', { allowFailure: true })).stdout).toBe('');
    expect((await lb1.run('fairlead version')).stdout).toMatch(/\d+\.\d+/);
  });

  it('hardens its units', async () => {
    const units = Object.keys(EXPOSURE_MOST);
    const { stdout } = await lb1.run(`systemd-analyze security --no-pager ${units.join(' ')}`);
    for (const unit of units) {
      const exposure = Number(
        new RegExp(`level for ${unit.replaceAll('.', '\\.')}: ([\\d.]+)`).exec(stdout)?.[1],
      );
      console.log(`systemd-analyze security ${unit}: ${exposure}`);
      expect(exposure, unit).toBeLessThanOrEqual(EXPOSURE_MOST[unit]!);
    }
  });

  it('keeps configuration and state when it is removed', async () => {
    await lb1.write('/etc/fairlead/fairlead.yaml', '# not a configuration\n');
    await lb1.write('/var/lib/fairlead/kept', 'state\n');
    await lb1.run('apt-get remove -y fairlead', { timeout_ms: 120_000 });
    const kept = '/etc/default/fairlead /etc/fairlead/fairlead.yaml /var/lib/fairlead/kept'; // in ls's order
    expect(
      (await lb1.run(`ls ${kept}; ls -d /usr/lib/fairlead`, { allowFailure: true })).stdout
        .trim()
        .split('\n'),
    ).toEqual(kept.split(' '));
  });

  it('leaves nothing when it is purged', async () => {
    await lb1.run('apt-get purge -y fairlead', { timeout_ms: 120_000 });
    expect(await files(lb1)).toEqual(before);
    expect((await lb1.run('grep -h fairlead /etc/passwd /etc/group', { allowFailure: true })).stdout).toBe(
      '',
    );
  });
});

async function files(machine: Machine): Promise<string[]> {
  const skipped = ['/var/log', '/root', '/tmp', '/var/tmp']
    .map((path) => `-path ${path} -prune -o`)
    .join(' ');
  const { stdout } = await machine.run(`find / -xdev ${skipped} -print | grep -vE '${ACCOUNTS}' | sort`);
  return stdout.trim().split('\n');
}
