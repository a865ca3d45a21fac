// What every user-mode-linux guest needs of this machine, and what keeps one from outliving its owner. Debian's kernel of
// that kind (6.1) runs as a group of ordinary processes.
import { existsSync, statfsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const KERNEL = 'linux.uml';
export const KERNEL_PATH = `${process.env.PATH ?? ''}:/usr/bin:/bin`;
export const HINT = 'apt-get install --no-install-recommends user-mode-linux busybox-static';

/** Why this machine cannot run a guest, or undefined when it can. */
export function whyNoGuest(): string | undefined {
  if (process.arch !== 'x64') return `user-mode-linux exists for x86_64 only, this is ${process.arch}`;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  if (!folders.some((folder) => existsSync(join(folder, KERNEL)))) return `${KERNEL} is missing (${HINT})`;
  if (!existsSync('/usr/bin/busybox')) return `/usr/bin/busybox is missing (${HINT})`;
  return undefined;
}

/** Where the guest's memory lies as a file: in memory, unless (as in many containers) /dev/shm is too small for it. */
export function memoryFolder(memory_mb: number): string | undefined {
  if (!existsSync('/dev/shm')) return undefined;
  const room = statfsSync('/dev/shm');
  return (room.bavail * room.bsize) / 2 ** 20 > memory_mb ? '/dev/shm' : undefined;
}

export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // gone already
  }
}

/** Calls `clean` if this process ends, by itself or by a signal, before the returned guard is disposed of. */
export function onEndOfProcess(clean: () => void): Disposable {
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const onSignal = (signal: NodeJS.Signals): void => {
    clean();
    guard[Symbol.dispose]();
    // Nobody else wants to handle it: end as if it had not been caught.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const guard = {
    [Symbol.dispose]: () => {
      process.off('exit', clean);
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
  process.on('exit', clean);
  for (const signal of signals) process.on(signal, onSignal);
  return guard;
}
