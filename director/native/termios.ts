// Serial lines (termios(3), ioctl_tty(2)): opened raw, at any speed, for ourselves alone, and never waiting.
// Guarantees: no control character, echo or flow control changes a byte; the line needs no carrier (CLOCAL) and is not
// hung up when it is closed; speeds are given as numbers to the kernel (BOTHER), which refuses what the hardware cannot do or rounds it.
import koffi from 'koffi';
import { tryLockFile } from './flock.ts';
import { type Descriptor, open, SystemError } from './libc.ts';

const library = koffi.load('libc.so.6');
const c = {
  ioctl: library.func('int ioctl(int fd, unsigned long request, void *argument)'),
  tcflush: library.func('int tcflush(int fd, int queue)'),
};

const O_RDWR = 2;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;

// asm-generic/ioctls.h and termbits.h, which x86 and arm64 share.
const TIOCEXCL = 0x540c;
const TIOCNXCL = 0x540d;
const TIOCOUTQ = 0x5411;
const TCGETS2 = 0x802c_542a;
const TCSETS2 = 0x402c_542b;
const TCIFLUSH = 0;
const TCOFLUSH = 1;
const CS8 = 0o60;
const CREAD = 0o200;
const CLOCAL = 0o4000;
const BOTHER = 0o10000;
const IBSHIFT = 16;

/** struct termios2: four words of flags, the discipline, 19 control characters, two speeds. */
const TERMIOS2_BYTES = 44;
const AT = { input: 0, output: 4, control: 8, local: 12, characters: 17, inputSpeed: 36, outputSpeed: 40 };
const VTIME = 5;
const VMIN = 6;
const EBUSY = 16;
const NOTHING = new Uint8Array(1);

export interface OpenLine extends Disposable {
  readonly fd: number;
}

/**
 * 8 data bits, no parity, one stop bit (8N1). Reading gives what is there. Throws SystemError: ENOENT, ENOTTY for what is
 * no terminal, EBUSY where another process has it.
 */
export function openSerialLine(path: string, baud: number): OpenLine {
  const line = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  try {
    // TIOCEXCL does not keep root out, a lock keeps out only those who ask for it.
    if (!tryLockFile(line.fd)) throw new SystemError('flock', EBUSY, path);
    setRaw(line.fd, baud);
    control(line.fd, TIOCEXCL, NOTHING, 'TIOCEXCL');
    return new ExclusiveLine(line);
  } catch (error) {
    line[Symbol.dispose]();
    throw error;
  }
}

class ExclusiveLine implements OpenLine {
  readonly #descriptor: Descriptor;
  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }
  get fd(): number {
    return this.#descriptor.fd;
  }
  [Symbol.dispose](): void {
    // It would stay exclusive as long as anybody else has it open. A device that is gone does not answer.
    if (this.fd >= 0) c.ioctl(this.fd, TIOCNXCL, NOTHING);
    this.#descriptor[Symbol.dispose]();
  }
}

/** Sets the terminal and forgets what was in its queues. */
export function setRaw(fd: number, baud: number): void {
  const settings = new Uint8Array(TERMIOS2_BYTES);
  control(fd, TCGETS2, settings, 'TCGETS2');
  const view = new DataView(settings.buffer);
  for (const part of [AT.input, AT.output, AT.local]) view.setUint32(part, 0, true);
  view.setUint32(AT.control, CS8 | CREAD | CLOCAL | BOTHER | (BOTHER << IBSHIFT), true);
  settings[AT.characters + VTIME] = 0;
  settings[AT.characters + VMIN] = 1; // with O_NONBLOCK: EAGAIN when there is nothing, 0 only at the end
  view.setUint32(AT.inputSpeed, baud, true);
  view.setUint32(AT.outputSpeed, baud, true);
  control(fd, TCSETS2, settings, 'TCSETS2');
  flush(fd, TCIFLUSH);
  flush(fd, TCOFLUSH);
}

/** What was written and has not left yet, as far as the driver tells. */
export function pendingOutput_bytes(fd: number): number {
  const count = new Int32Array(1);
  control(fd, TIOCOUTQ, count, 'TIOCOUTQ');
  return count[0]!;
}

export function discardOutput(fd: number): void {
  flush(fd, TCOFLUSH);
}

function flush(fd: number, queue: number): void {
  if ((c.tcflush(fd, queue) as number) < 0) throw new SystemError('tcflush', koffi.errno());
}

function control(fd: number, request: number, argument: Uint8Array | Int32Array, name: string): void {
  if ((c.ioctl(fd, request, argument) as number) < 0) throw new SystemError(`ioctl ${name}`, koffi.errno());
}
