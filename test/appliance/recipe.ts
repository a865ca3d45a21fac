// What a machine's disk is made of: plain Debian 12, the smallest with systemd, and what the package depends on, so that
// apt installs it without a network. Nothing of the tests is in it but `init`, which fetches the rest from the host.
import { createHash } from 'node:crypto';

export const RELEASE = 'bookworm';

/** Beside debootstrap's minimal variant. */
export const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'kmod', 'procps'],
  // what fairlead depends on or recommends
  ...[
    'libatomic1',
    'libstdc++6',
    'iproute2',
    'libbpf1',
    'iputils-arping',
    'iputils-ping',
    'ethtool',
    'openssl',
  ],
  // what a person at a machine reaches for
  ...['curl', 'ca-certificates'],
];

/**
 * First process. `exchange`, a folder of the host, comes as a parameter of the kernel; the init in there does everything
 * else, so that a change of the tests needs no new disk.
 */
export const INIT = `#!/bin/sh
# First process of a machine of test/appliance: hands over to the init that its host provides.
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/exchange
mount -t hostfs -o "$exchange" none /run/exchange
exec sh /run/exchange/init
`;
export const INIT_PATH = '/sbin/machine-init';

/** Sparse: what a machine writes lies elsewhere. */
export const DISK_MB = 2_048;

/** The cache's key: another recipe is another disk. */
export function recipeHash(): string {
  const recipe = JSON.stringify([RELEASE, PACKAGES, INIT, INIT_PATH, DISK_MB]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}
