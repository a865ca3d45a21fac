// Pseudo-terminals (pty(7)): what is written to the master is read at the path of the other side, and the other way
// around, as if the two were the ends of a serial line. Guarantee: raw from the beginning, so that nothing is echoed before somebody opens it.
import koffi from 'koffi';
import { type Descriptor, open, SystemError } from './libc.ts';
import { setRaw } from './termios.ts';

const ioctl = koffi.load('libc.so.6').func('int ioctl(int fd, unsigned long request, void *argument)');

const O_RDWR = 2;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;
const TIOCGPTN = 0x8004_5430;
const TIOCSPTLCK = 0x4004_5431;
const SPEED = 38_400;

export interface PseudoTerminal extends Disposable {
  /** Never waits. */
  readonly master: Descriptor;
  /** Of the other side. */
  readonly path: string;
}

export function openPseudoTerminal(): PseudoTerminal {
  const master = open('/dev/ptmx', O_RDWR | O_NOCTTY | O_NONBLOCK);
  try {
    ask(master.fd, TIOCSPTLCK, Int32Array.of(0), 'TIOCSPTLCK');
    const number = Int32Array.of(0);
    ask(master.fd, TIOCGPTN, number, 'TIOCGPTN');
    const path = `/dev/pts/${number[0]}`;
    // Kept open: a master whose other side nobody has reads nothing but errors (EIO).
    const keeper = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    const terminal = {
      master,
      path,
      [Symbol.dispose]() {
        keeper[Symbol.dispose]();
        master[Symbol.dispose]();
      },
    };
    settle(terminal, keeper.fd);
    return terminal;
  } catch (error) {
    master[Symbol.dispose]();
    throw error;
  }
}

function settle(terminal: PseudoTerminal, fd: number): void {
  try {
    setRaw(fd, SPEED);
  } catch (error) {
    terminal[Symbol.dispose]();
    throw error;
  }
}

function ask(fd: number, request: number, argument: Int32Array, name: string): void {
  if ((ioctl(fd, request, argument) as number) < 0) throw new SystemError(`ioctl ${name}`, koffi.errno());
}
