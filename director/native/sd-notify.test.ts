import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AF_UNIX, bind, type Descriptor, MSG_DONTWAIT, recvfrom, socket } from './libc.ts';
import { openNotifier } from './sd-notify.ts';

const SOCK_DGRAM = 2;
let folder: string;
let listener: Descriptor;
let path: string;

/** What systemd would have heard. */
function heard(): string[] {
  const words: string[] = [];
  const buffer = Buffer.alloc(4_096);
  for (;;) {
    const length = recvfrom(listener.fd, buffer, MSG_DONTWAIT);
    if (length === undefined) return words;
    words.push(buffer.toString('utf8', 0, length));
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-notify-'));
  path = join(folder, 'notify');
  listener = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind(listener.fd, Buffer.concat([Uint8Array.of(AF_UNIX, 0), Buffer.from(`${path}\0`)]));
});

afterEach(() => {
  listener[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

it('says what is to be said, the same status only once, in one line', () => {
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7', OTHER: 'x' };
  const notifier = openNotifier(env, 7);
  notifier.ready();
  notifier.status('active:\nall is well');
  notifier.status('active:\nall is well');
  notifier.alive();
  notifier.stopping();
  expect(heard()).toEqual(['READY=1', 'STATUS=active: all is well', 'WATCHDOG=1', 'STOPPING=1']);
  expect(env).toEqual({ OTHER: 'x' });
});

it('is not alive for a process that another was meant to be', () => {
  openNotifier({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '10000000', WATCHDOG_PID: '8' }, 7).alive();
  openNotifier({ NOTIFY_SOCKET: path }, 7).alive();
  expect(heard()).toEqual([]);
});

it('knows the abstract namespace', () => {
  const name = `fairlead-notify-${process.pid}`;
  using abstract = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind(abstract.fd, Buffer.concat([Uint8Array.of(AF_UNIX, 0), Buffer.from(`\0${name}`)]));
  openNotifier({ NOTIFY_SOCKET: `@${name}` }).ready();
  const buffer = Buffer.alloc(64);
  const length = recvfrom(abstract.fd, buffer, MSG_DONTWAIT) ?? 0;
  expect(buffer.toString('utf8', 0, length)).toBe('READY=1');
});

it.each([undefined, '', 'relative', '/no/such/socket', `/${'x'.repeat(200)}`])(
  'does nothing where nobody listens: %s',
  (socketPath) => {
    const notifier = openNotifier(socketPath === undefined ? {} : { NOTIFY_SOCKET: socketPath });
    notifier.ready();
    notifier.alive();
    expect(heard()).toEqual([]);
  },
);
