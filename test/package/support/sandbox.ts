// A machine to install on, without a machine: this one's root under an overlay that is forgotten afterwards, in which neither
// the checkout nor any Node of the system can be seen. No systemd runs in it, as in a container.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// The overlay's upper side is a tmpfs: it must not lie below what it covers.
const PREPARE = `
set -eu
mount -t tmpfs tmpfs "$STAGE"
mkdir "$STAGE/upper" "$STAGE/work" "$STAGE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$STAGE/upper,workdir=$STAGE/work" "$STAGE/root"
mount -t proc proc "$STAGE/root/proc"
mount --rbind /dev "$STAGE/root/dev"
mount -t tmpfs tmpfs "$STAGE/root/run"
mount -t tmpfs tmpfs "$STAGE/root/tmp"
mkdir "$STAGE/root/run/packages"
cp "$PACKAGES"/*.deb "$STAGE/root/run/packages/"
if [ -d "$STAGE/root$CHECKOUT" ]; then mount -t tmpfs tmpfs "$STAGE/root$CHECKOUT"; fi
for folder in bin usr/bin usr/local/bin opt/node/bin; do
  rm -f "$STAGE/root/$folder/node" "$STAGE/root/$folder/nodejs"
done
rm -f "$STAGE/root/var/lib/man-db/auto-update" # indexing all manual pages at every step takes longer than the rest
exec chroot "$STAGE/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 sh -euc "$SCRIPT"
`;

export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script in such a machine; the packages are in /run/packages there. */
export function inSandbox(packages: string, checkout: string, script: string): Outcome {
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'fairlead-sandbox-'));
  try {
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', '--net', '--propagation', 'private', 'sh', '-c', PREPARE],
      {
        encoding: 'utf8',
        maxBuffer: 16 * 2 ** 20,
        env: {
          PATH: process.env.PATH,
          STAGE: stage,
          PACKAGES: packages,
          CHECKOUT: checkout,
          SCRIPT: script,
        },
      },
    );
    return { status, out: stdout, err: stderr };
  } finally {
    fs.rmdirSync(stage); // the mounts went with their namespace
  }
}

/** The parts of a script's output by the headings that it printed: `echo "== name"`. */
export function parts(out: string): Readonly<Record<string, string>> {
  const [, ...pieces] = out.split(/^== (.*)$/m);
  return Object.fromEntries(
    Array.from({ length: pieces.length / 2 }, (_, index) => [
      pieces[2 * index]!,
      pieces[2 * index + 1]!.trim(),
    ]),
  );
}
