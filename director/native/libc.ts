// The C library's system calls that Node does not offer: sockets of any family, memory maps, mounts, namespaces.
// Guarantees: a failed call throws SystemError with the call's name and errno; descriptors are close-on-exec, so no
// child inherits them; buffers are used in place (never copied) and never beyond their length. Sizes are bytes.
import koffi from 'koffi';
import { errnoName, SystemError } from './system-error.ts';

const library = koffi.load('libc.so.6');
const c = {
  open: library.func('int open(const char *path, int flags, unsigned int mode)'),
  close: library.func('int close(int fd)'),
  socket: library.func('int socket(int domain, int type, int protocol)'),
  bind: library.func('int bind(int fd, void *address, unsigned int length)'),
  getsockname: library.func('int getsockname(int fd, void *address, void *length)'),
  setsockopt: library.func('int setsockopt(int fd, int level, int name, void *value, unsigned int length)'),
  sendto: library.func(
    'long sendto(int fd, void *data, unsigned long length, int flags, void *address, unsigned int addressLength)',
  ),
  recvfrom: library.func(
    'long recvfrom(int fd, void *data, unsigned long length, int flags, void *address, void *addressLength)',
  ),
  mmap: library.func(
    'void *mmap(void *at, unsigned long length, int protection, int flags, int fd, long offset)',
  ),
  munmap: library.func('int munmap(void *at, unsigned long length)'),
  mount: library.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  ),
  umount2: library.func('int umount2(const char *target, int flags)'),
  setns: library.func('int setns(int fd, int kind)'),
  clock_gettime: library.func('int clock_gettime(int clock, void *time)'),
};

export const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_ATTACH_FILTER = 26;
export const SO_RCVBUF = 8;
export const SO_RCVBUFFORCE = 33;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const CLONE_NEWNET = 0x4000_0000;
export const MNT_DETACH = 2;

const EAGAIN = 11;
const EINTR = 4;
const INTERRUPTIONS_MAX = 100;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const SOCKADDR_MAX_BYTES = 128;

/** A file descriptor of ours, closed once. */
export class Descriptor implements Disposable {
  #fd: number;
  constructor(fd: number) {
    this.#fd = fd;
  }
  /** -1 after it was closed. */
  get fd(): number {
    return this.#fd;
  }
  /** For another owner, who closes it. */
  release(): number {
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    c.close(this.release()); // its errors say nothing that could be acted on, and the descriptor is gone either way
  }
}

/** Opens close-on-exec; `mode` matters only with O_CREAT. */
export function open(path: string, flags: number, mode = 0): Descriptor {
  return new Descriptor(check('open', c.open(path, flags | O_CLOEXEC, mode), path));
}

/** For descriptors that another library handed out as numbers. */
export function close(fd: number): void {
  check('close', c.close(fd));
}

export function socket(domain: number, type: number, protocol: number): Descriptor {
  return new Descriptor(check('socket', c.socket(domain, type | SOCK_CLOEXEC, protocol)));
}

export function bind(fd: number, address: Uint8Array): void {
  check('bind', c.bind(fd, address, address.length));
}

/** The socket's own address, as many bytes as the kernel filled in. */
export function getsockname(fd: number): Uint8Array {
  const address = new Uint8Array(SOCKADDR_MAX_BYTES);
  const length = Uint32Array.of(address.length);
  check('getsockname', c.getsockname(fd, address, length));
  return address.subarray(0, Math.min(length[0]!, address.length));
}

export function setsockopt(fd: number, level: number, name: number, value: Uint8Array): void {
  check('setsockopt', c.setsockopt(fd, level, name, value, value.length));
}

export function setsockoptInt(fd: number, level: number, name: number, value: number): void {
  setsockopt(fd, level, name, new Uint8Array(Int32Array.of(value).buffer));
}

/** Has the kernel pass on only what a classic BPF program (8 bytes an instruction) accepts: struct sock_fprog. */
export function attachFilter(fd: number, program: Uint8Array): void {
  const value = new Uint8Array(16);
  const view = new DataView(value.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, BigInt(koffi.address(program)), true);
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, value);
}

/** Bounds every later send and receive that would otherwise wait for ever. */
export function setSocketTimeout(fd: number, timeout_ms: number): void {
  const seconds = Math.floor(timeout_ms / 1000);
  const timeval = BigInt64Array.of(BigInt(seconds), BigInt(Math.ceil((timeout_ms - seconds * 1000) * 1000)));
  for (const name of [SO_RCVTIMEO, SO_SNDTIMEO])
    setsockopt(fd, SOL_SOCKET, name, new Uint8Array(timeval.buffer));
}

/** Returns the bytes sent, or undefined when the socket cannot take them now. */
export function sendto(fd: number, data: Uint8Array, flags = 0, address?: Uint8Array): number | undefined {
  return transfer('sendto', () =>
    c.sendto(fd, data, data.length, flags, address ?? null, address?.length ?? 0),
  );
}

/**
 * Returns the message's length, or undefined when there was none (at once, or within the socket's timeout).
 * With MSG_TRUNC the length may exceed the buffer: then the rest is lost. `sender` is filled with the sender's address.
 */
export function recvfrom(fd: number, buffer: Uint8Array, flags = 0, sender?: Uint8Array): number | undefined {
  const length = sender === undefined ? null : Uint32Array.of(sender.length);
  return transfer('recvfrom', () => c.recvfrom(fd, buffer, buffer.length, flags, sender ?? null, length));
}

/** Memory shared with the kernel. After disposal the buffer must not be touched: the pages are gone. */
export class Mapping implements Disposable {
  readonly buffer: ArrayBuffer;
  readonly address: bigint;
  #mapped = true;
  constructor(address: bigint, length: number) {
    this.address = address;
    this.buffer = koffi.view(address, length);
  }
  [Symbol.dispose](): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    c.munmap(this.address, this.buffer.byteLength);
  }
}

export function mmap(
  fd: number,
  length: number,
  protection: number,
  flags = MAP_SHARED,
  offset = 0,
): Mapping {
  const address: unknown = c.mmap(null, length, protection, flags, fd, offset);
  if (typeof address !== 'bigint' || address === MAP_FAILED) throw new SystemError('mmap', koffi.errno());
  return new Mapping(address, length);
}

export function mount(
  source: string,
  target: string,
  type: string,
  flags = 0,
  data: string | null = null,
): void {
  check('mount', c.mount(source, target, type, flags, data), target);
}

export function umount(target: string, flags = 0): void {
  check('umount2', c.umount2(target, flags), target);
}

/** Moves the calling thread, and only it, into a namespace. See netns.ts for the way back. */
export function setns(fd: number, kind: number): void {
  check('setns', c.setns(fd, kind));
}

const CLOCK_BOOTTIME = 7;
const timespec = new BigInt64Array(2);

/** Nanoseconds since this machine was started, time that it slept among them (CLOCK_BOOTTIME). Cannot fail. */
export function bootTime_ns(): bigint {
  c.clock_gettime(CLOCK_BOOTTIME, timespec);
  return timespec[0]! * 1_000_000_000n + timespec[1]!;
}

function check(call: string, result: number, subject?: string): number {
  if (result < 0) throw new SystemError(call, koffi.errno(), subject);
  return result;
}

/** Repeats what a signal interrupted; a bound keeps a signal storm from holding the thread. */
function transfer(call: string, attempt: () => number): number | undefined {
  for (let turn = 0; turn < INTERRUPTIONS_MAX; turn++) {
    const result = attempt();
    if (result >= 0) return result;
    const errno = koffi.errno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) throw new SystemError(call, errno);
  }
  throw new SystemError(call, EINTR);
}

export { errnoName, SystemError };
