// The words that a service says to systemd: that it is ready, what it does, that it is alive (sd_notify(3)). Guarantees: without
// systemd it does nothing; it never throws and never blocks; children do not inherit the socket and cannot speak for us.
import { AF_UNIX, MSG_DONTWAIT, sendto, socket } from './libc.ts';

const SOCK_DGRAM = 2;
const SUN_PATH_MAX_BYTES = 108;

export interface Notifier {
  ready(): void;
  /** A line for `systemctl status`; the same one again is not sent. */
  status(line: string): void;
  /** For the watchdog, if this process is watched: the caller's loop has just done its work. */
  alive(): void;
  stopping(): void;
}

/** Takes what it needs out of the environment. */
export function openNotifier(env: NodeJS.ProcessEnv, pid = process.pid): Notifier {
  const { NOTIFY_SOCKET: path, WATCHDOG_USEC: period_us, WATCHDOG_PID: watched } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  const address = path === undefined ? undefined : unixAddress(path);
  const isWatched = Number(period_us) > 0 && (watched === undefined || Number(watched) === pid);
  let said = '';
  const say = (text: string): void => {
    if (address !== undefined) send(address, text);
  };
  return {
    ready: () => say('READY=1'),
    status: (line) => {
      const clean = line.replaceAll('\n', ' ');
      if (clean === said) return;
      said = clean;
      say(`STATUS=${clean}`);
    },
    alive: () => {
      if (isWatched) say('WATCHDOG=1');
    },
    stopping: () => say('STOPPING=1'),
  };
}

/** struct sockaddr_un; `@` stands for the abstract namespace. Undefined: no such address. */
function unixAddress(path: string): Uint8Array | undefined {
  const name = Buffer.from(path);
  if ((path[0] !== '/' && path[0] !== '@') || name.length >= SUN_PATH_MAX_BYTES) return undefined;
  if (path[0] === '@') name[0] = 0;
  const address = new Uint8Array(2 + name.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}

function send(address: Uint8Array, text: string): void {
  try {
    using descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
    sendto(descriptor.fd, Buffer.from(text), MSG_DONTWAIT, address);
  } catch {
    // Nobody to tell it to.
  }
}
