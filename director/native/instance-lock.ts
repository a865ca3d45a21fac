// One supervisor per runtime folder, and one per store: lock files that the kernel lets go of when the process ends,
// with the holder's pid inside for people. Whoever holds the runtime folder may remove a socket that was left behind.
import fs from 'node:fs';
import path from 'node:path';
import { FairleadError } from '../model/error.ts';
import { tryLockFile } from './flock.ts';

const PID_MAX_BYTES = 32;

/** Throws FairleadError: runtime-folder, already-running. */
export function lockRuntime(folder: string): Disposable {
  try {
    return lock(folder, 'pulse.lock');
  } catch (cause) {
    if (cause instanceof FairleadError) throw cause;
    throw new FairleadError(
      'runtime-folder',
      `The runtime folder ${folder} cannot be used: ${(cause as Error).message}`,
      { remedy: 'Run as root, or give a folder of your own with --runtime.', cause },
    );
  }
}

/** A state folder that cannot be written needs no lock: then the store lives in memory. */
export function lockState(folder: string): Disposable {
  try {
    return lock(folder, 'store.lock');
  } catch (error) {
    if (error instanceof FairleadError) throw error;
    return { [Symbol.dispose]() {} };
  }
}

function lock(folder: string, name: string): Disposable {
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
  const fd = fs.openSync(path.join(folder, name), O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
  if (!tryLockFile(fd)) {
    const bytes = Buffer.alloc(PID_MAX_BYTES);
    const pid = bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, PID_MAX_BYTES, 0)).trim();
    fs.closeSync(fd);
    throw new FairleadError('already-running', `fairlead is already running in ${folder}, pid ${pid}.`, {
      remedy: 'Stop it first, or give this one folders of its own with --runtime and --state.',
    });
  }
  try {
    fs.ftruncateSync(fd, 0);
    fs.writeSync(fd, `${process.pid}\n`, 0);
  } catch {
    // A full disk: the lock holds all the same, only nobody can read who has it.
  }
  // The file stays: removing it would let a third process lock a new file beside one that is held.
  return { [Symbol.dispose]: () => fs.closeSync(fd) };
}
