// A BPF file system per lab: what its directors pin is theirs alone, outlives their processes, and is gone with the
// lab. Directors see it at /sys/fs/bpf, in mount namespaces of their own that also show the sysfs of their network.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MNT_DETACH, mount, SystemError, umount } from '../../director/native/libc.ts';

const NAME = 'bpf';

/** Returns its path, `folder`/bpf. */
export function mountBpffs(folder: string): string {
  const path = join(folder, NAME);
  mkdirSync(path, { mode: 0o700 });
  mount('bpf', path, 'bpf', 0, 'mode=0700');
  return path;
}

/** Whatever is mounted below a lab's folder; nothing is fine. */
export function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  for (const line of mounts) {
    const path = line.split(' ')[1];
    if (path?.startsWith(`${folder}/`)) unmount(path);
  }
}

/** Another lab that sweeps may be quicker. */
function unmount(path: string): void {
  try {
    umount(path, MNT_DETACH);
  } catch (error) {
    if (!(error instanceof SystemError && (error.is('EINVAL') || error.is('ENOENT')))) throw error;
  }
}

/**
 * Command that runs what follows it with `path` at /sys/fs/bpf and this network namespace's sysfs around it. With `serial`
 * its end of the line appears at the path that both directors' configuration names.
 */
export function withBpffs(path: string, serial?: { readonly end: string; readonly path: string }): string[] {
  const line = serial ? ` && mount --bind ${serial.end} ${serial.path}` : '';
  const script = `mount -t sysfs sysfs /sys && mount --bind "$0" /sys/fs/bpf${line} && exec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, path];
}
