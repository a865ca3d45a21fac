// One supervisor per runtime folder: a lock file that the kernel lets go of when the process ends, with the holder's
// pid inside for people. Whoever holds it may remove a control socket that was left behind.
import fs from 'node:fs';
import path from 'node:path';
import { FairleadError } from '../model/error.ts';
import { tryLockFile } from '../native/flock.ts';

const PID_MAX_BYTES = 32;

export function lockInstance(runtimeFolder: string): Disposable {
  const file = path.join(runtimeFolder, 'pulse.lock');
  let fd: number;
  try {
    fs.mkdirSync(runtimeFolder, { recursive: true, mode: 0o755 });
    fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW, 0o644);
  } catch (cause) {
    throw new FairleadError(
      'runtime-folder',
      `The runtime folder ${runtimeFolder} cannot be used: ${(cause as Error).message}`,
      { remedy: 'Run as root, or give a folder of your own with --runtime.', cause },
    );
  }
  if (!tryLockFile(fd)) {
    const bytes = Buffer.alloc(PID_MAX_BYTES);
    const pid = bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, PID_MAX_BYTES, 0)).trim();
    fs.closeSync(fd);
    throw new FairleadError(
      'already-running',
      `fairlead is already running in ${runtimeFolder}, pid ${pid}.`,
      {
        remedy: 'Stop it first, or give this one another folder with --runtime.',
      },
    );
  }
  fs.ftruncateSync(fd, 0);
  fs.writeSync(fd, `${process.pid}\n`, 0);
  return {
    [Symbol.dispose]() {
      // The file stays: removing it would let a third process lock a new file beside one that is held.
      fs.ftruncateSync(fd, 0);
      fs.closeSync(fd);
    },
  };
}
