// The one-time password of the first run, in a file that only its owner may read. It stays the same as long as the
// runtime folder does, so that a restart does not make what somebody has just read worthless; with the first account it goes.
import fs from 'node:fs';
import path from 'node:path';
import { isOneTimePassword, newOneTimePassword } from '../accounts/secret.ts';

const FILE_MAX_BYTES = 512;
const HEADING =
  '# One-time password for the first login to the Fairlead console, as user admin; it ends with the first account.';

export interface ConsolePassword {
  readonly file: string;
  readonly password: string;
  /** Made just now, not found. */
  readonly isNew: boolean;
  /** Why it could not be written down. */
  readonly problem?: string;
  end(): void;
}

function fileIn(runtimeFolder: string): string {
  return path.join(runtimeFolder, 'console-password');
}

/** Without it or with it, the password opens nothing once there is an account; so a disk that refuses stops nobody. */
export function removeConsolePassword(runtimeFolder: string): void {
  try {
    fs.rmSync(fileIn(runtimeFolder), { force: true });
  } catch {
    // Stays until the next start, and says of itself what it was.
  }
}

export function openConsolePassword(runtimeFolder: string): ConsolePassword {
  const file = fileIn(runtimeFolder);
  const end = (): void => removeConsolePassword(runtimeFolder);
  const found = read(file);
  if (found !== undefined) return { file, password: found, isNew: false, end };
  const password = newOneTimePassword();
  try {
    write(file, `${HEADING}\n${password}\n`);
    return { file, password, isNew: true, end };
  } catch (error) {
    return { file, password, isNew: true, problem: (error as Error).message, end };
  }
}

/** Only a plain file of ours that nobody else could read or write: what others have put there is no secret. */
function read(file: string): string | undefined {
  let fd: number | undefined;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const { mode, uid, size } = fs.fstatSync(fd);
    const isOurs =
      (mode & fs.constants.S_IFMT) === fs.constants.S_IFREG &&
      (mode & 0o077) === 0 &&
      uid === process.geteuid?.();
    if (!isOurs || size > FILE_MAX_BYTES) return undefined;
    const bytes = Buffer.alloc(FILE_MAX_BYTES);
    const lines = bytes.toString('utf8', 0, fs.readSync(fd, bytes, 0, FILE_MAX_BYTES, 0)).split('\n');
    return lines.find(isOneTimePassword);
  } catch {
    return undefined; // None yet, or none that can be used: a new one takes its place.
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function write(file: string, text: string): void {
  const draft = `${file}.new`;
  fs.rmSync(draft, { force: true });
  fs.rmSync(file, { force: true, recursive: true });
  const fd = fs.openSync(draft, 'wx', 0o600);
  try {
    fs.writeSync(fd, text);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(draft, file);
}
