// What a system call's errno means to people: its name, its text, and what to do about the common ones.
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { FairleadError } from '../model/error.ts';

/** Numbers of Linux (asm-generic/errno.h) that Node's table lacks; 524 leaks out of the kernel's own range. */
const MORE_NAMES: readonly (readonly [number, string])[] = [
  [64, 'ENONET'],
  [108, 'ESHUTDOWN'],
  [112, 'EHOSTDOWN'],
  [117, 'EUCLEAN'],
  [121, 'EREMOTEIO'],
  [125, 'ECANCELED'],
  [524, 'ENOTSUPP'],
];
const NAMES: ReadonlyMap<number, string> = new Map([
  ...MORE_NAMES,
  ...Object.entries(constants.errno)
    .map(([name, number]) => [number, name] as const)
    .filter(([, name]) => name !== 'EWOULDBLOCK' && name !== 'ENOTSUP'), // second names of EAGAIN, EOPNOTSUPP
]);

const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: 'Run as root, or give the process the capabilities CAP_NET_ADMIN and CAP_NET_RAW.',
  EACCES: 'Run as root, or give the process the capabilities CAP_NET_ADMIN and CAP_NET_RAW.',
  EMFILE: 'Raise the limit of open files of the process (LimitNOFILE in the systemd unit).',
  ENFILE: 'Raise fs.file-max.',
  ENOBUFS: 'Raise net.core.rmem_max, or let fewer changes happen at once.',
  EAFNOSUPPORT: 'Use a kernel that has this address family (IPv6 may be switched off).',
};

/** `EPERM` for 1; `errno 4242` for a number that has no name. Takes the kernel's negative form too. */
export function errnoName(errno: number): string {
  return NAMES.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}

/** The number of a name: errnoNumber('EEXIST') is 17. Throws for a name that does not exist. */
export function errnoNumber(name: string): number {
  for (const [number, candidate] of NAMES) if (candidate === name) return number;
  throw new TypeError(`no such errno: ${name}`);
}

/** A system call, or a request to the kernel, that failed. Its code is `errno-EPERM` and the like. */
export class SystemError extends FairleadError {
  readonly call: string;
  readonly errno: number;

  constructor(
    call: string,
    errno: number,
    subject?: string,
    options: { detail?: string; remedy?: string } = {},
  ) {
    const number = Math.abs(errno);
    const name = errnoName(number);
    const about = subject === undefined ? '' : ` (${subject})`;
    const detail = options.detail === undefined ? '' : `; the kernel says: ${options.detail}`;
    const remedy = options.remedy ?? REMEDIES[name];
    super(`errno-${name.replace(' ', '-')}`, `${call}${about}: ${describe(number)} [${name}]${detail}`, {
      ...(remedy === undefined ? {} : { remedy }),
    });
    this.name = 'SystemError';
    this.call = call;
    this.errno = number;
  }

  /** `error.is('EEXIST')`: a test by number, not by text. */
  is(name: string): boolean {
    return this.errno === errnoNumber(name);
  }
}

function describe(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? 'the call failed';
}
