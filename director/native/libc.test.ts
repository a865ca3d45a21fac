import { uptime } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import {
  AF_NETLINK,
  bootTime_ns,
  errnoName,
  getsockname,
  mmap,
  O_RDONLY,
  open,
  PROT_READ,
  recvfrom,
  SOCK_RAW,
  SystemError,
  sendto,
  setSocketTimeout,
  socket,
} from './libc.ts';
import { errnoNumber } from './system-error.ts';

const opened: Disposable[] = [];
afterEach(() => {
  for (const item of opened.splice(0)) item[Symbol.dispose]();
});

function thrown(attempt: () => unknown): SystemError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('SystemError', () => {
  it('names call, subject and errno, and offers a stable code', () => {
    const error = thrown(() => open('/does/not/exist', O_RDONLY));
    expect(error.code).toBe('errno-ENOENT');
    expect(error.message).toBe('open (/does/not/exist): no such file or directory [ENOENT]');
    expect(error.is('ENOENT')).toBe(true);
    expect(error.is('EPERM')).toBe(false);
  });

  it('says what to do about missing rights', () => {
    expect(new SystemError('bind', 1).remedy).toContain('CAP_NET_ADMIN');
  });

  it('adds what the kernel said in words', () => {
    expect(new SystemError('new address', 22, 'eth0', { detail: 'Invalid prefix length' }).message).toBe(
      'new address (eth0): invalid argument [EINVAL]; the kernel says: Invalid prefix length',
    );
  });

  it('has names for numbers of the kernel, the positive and the negative form', () => {
    expect(errnoName(-17)).toBe('EEXIST');
    expect(errnoName(95)).toBe('EOPNOTSUPP');
    expect(errnoName(524)).toBe('ENOTSUPP');
    expect(errnoName(4242)).toBe('errno 4242');
    expect(errnoNumber('EEXIST')).toBe(17);
    expect(() => errnoNumber('ENONSENSE')).toThrow(TypeError);
  });
});

describe('descriptors', () => {
  it('are closed once, and an access afterwards is an error instead of somebody else’s file', () => {
    const file = open('/proc/self/stat', O_RDONLY);
    file[Symbol.dispose]();
    file[Symbol.dispose]();
    expect(file.fd).toBe(-1);
    expect(thrown(() => getsockname(file.fd)).code).toBe('errno-EBADF');
  });
});

describe('sockets', () => {
  it('give up waiting after their timeout', () => {
    const silent = socket(AF_NETLINK, SOCK_RAW, 0);
    opened.push(silent);
    setSocketTimeout(silent.fd, 20);
    expect(recvfrom(silent.fd, new Uint8Array(16))).toBeUndefined();
  });

  it('report the errno of a refused send', () => {
    const plain = socket(AF_NETLINK, SOCK_RAW, 0);
    opened.push(plain);
    expect(thrown(() => sendto(plain.fd, new Uint8Array(4), 0, new Uint8Array(2))).is('EINVAL')).toBe(true);
  });

  it('refuse a family that does not exist', () => {
    expect(thrown(() => socket(9999, SOCK_RAW, 0)).is('EAFNOSUPPORT')).toBe(true);
  });
});

describe('bootTime_ns', () => {
  it('is the time since this machine was started, and goes on', () => {
    const before_ns = bootTime_ns();
    const uptime_ns = BigInt(Math.trunc(uptime() * 1e9));
    expect(before_ns).toBeGreaterThan(0n);
    expect(bootTime_ns()).toBeGreaterThanOrEqual(before_ns);
    expect(before_ns - uptime_ns).toBeLessThan(60_000_000_000n);
  });
});

describe('mmap', () => {
  it('shows a file’s bytes', () => {
    using file = open('/proc/self/exe', O_RDONLY);
    using mapping = mmap(file.fd, 4096, PROT_READ);
    expect([...new Uint8Array(mapping.buffer, 0, 4)]).toEqual([0x7f, 0x45, 0x4c, 0x46]); // ELF
  });

  it('throws for what cannot be mapped', () => {
    expect(thrown(() => mmap(-1, 4096, PROT_READ)).is('EBADF')).toBe(true);
  });
});
