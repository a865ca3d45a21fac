// What of systemd's units a machine does without, and the one it has more than others: put into a folder that init.sh
// copies to /run/systemd/system. The machine's disk stays plain Debian.
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const AGENT = 'machine-agent.service';

/** Slow in here, as each process costs 20 ms, and of no use to anybody in a test. */
const MASKED: Readonly<Record<string, readonly string[]>> = {
  service: [
    ...['configfs', 'dm_mod', 'drm', 'efi_pstore', 'fuse', 'loop'].map((module) => `modprobe@${module}`),
    ...['kmod-static-nodes', 'systemd-modules-load', 'systemd-update-utmp', 'systemd-update-utmp-runlevel'],
    ...['systemd-random-seed', 'systemd-pstore', 'systemd-sysusers', 'systemd-firstboot'],
    ...['systemd-machine-id-commit', 'systemd-binfmt', 'systemd-hwdb-update', 'systemd-logind'],
    ...['systemd-user-sessions', 'systemd-timesyncd', 'systemd-networkd', 'systemd-boot-update'],
    ...['console-getty', 'getty-static', 'e2scrub_reap'],
  ],
  mount: [
    ...['sys-fs-fuse-connections', 'sys-kernel-config', 'dev-hugepages', 'sys-kernel-debug'],
    ...['sys-kernel-tracing', 'dev-mqueue'],
  ],
  timer: [
    ...['apt-daily', 'apt-daily-upgrade', 'dpkg-db-backup', 'e2scrub_all', 'fstrim'],
    'systemd-tmpfiles-clean',
  ],
  automount: ['proc-sys-fs-binfmt_misc'],
  path: ['systemd-ask-password-console', 'systemd-ask-password-wall'],
  target: ['getty'],
};

export function writeUnits(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'sysinit.target.wants'), { recursive: true });
  copyFileSync(join(import.meta.dirname, AGENT), join(folder, AGENT));
  symlinkSync(join('..', AGENT), join(folder, 'sysinit.target.wants', AGENT));
  for (const [kind, names] of Object.entries(MASKED))
    for (const name of names) symlinkSync('/dev/null', join(folder, `${name}.${kind}`));
}
