// Advisory locks on files (flock(2)). A lock belongs to the open file: it ends with the process, however that ends,
// and children do not inherit it, since Node opens every file close-on-exec.
import koffi from 'koffi';
import { SystemError } from './system-error.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

const flock = koffi.load('libc.so.6').func('int flock(int fd, int operation)');

/** false: somebody else holds it. */
export function tryLockFile(fd: number): boolean {
  if ((flock(fd, LOCK_EX | LOCK_NB) as number) === 0) return true;
  const errno = koffi.errno();
  if (errno === EWOULDBLOCK) return false;
  throw new SystemError('flock', errno);
}
