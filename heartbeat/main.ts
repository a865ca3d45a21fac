// The heartbeat as a process: `node heartbeat/main.ts --runtime DIR`. Pulse starts it and it lives on without pulse.
// SIGTERM hands the VIPs over, if there is somebody to take them, and ends it; what it does not expect ends it as a crash
// would, with the VIPs up and the lease running out, since a heartbeat in an unknown state must not hold them.
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, FairleadError, tellError } from '../director/model/error.ts';
import { tryLockFile } from '../director/native/flock.ts';
import { openNotifier } from '../director/native/sd-notify.ts';
import { systemClock } from '../director/native/system-clock.ts';
import { becomeUrgent } from '../director/native/urgency.ts';
import { Heartbeat } from './heartbeat.ts';
import { leaseFolder } from './lease-folder.ts';
import { HEARTBEAT_SOCKET, SETTINGS_FILE } from './protocol.ts';
import { readSettings } from './settings.ts';

/** Above ordinary work, below what keeps the machine itself alive. */
const REAL_TIME_PRIORITY = 40;
const LOCK_FILE = 'heartbeat.lock';
const PID_FILE = 'heartbeat.pid';

function runtimeFolder(): string {
  const { values } = parseArgs({ options: { runtime: { type: 'string' } } });
  if (values.runtime !== undefined) return resolve(values.runtime);
  throw new FairleadError('usage', 'The heartbeat is started by "fairlead run".', {
    remedy: 'See "fairlead run --help".',
    exit: EXIT.usage,
  });
}

/** One per runtime folder: the lock ends with the process, however that ends. */
function lock(runtime: string): Disposable {
  const fd = openSync(join(runtime, LOCK_FILE), 'a', 0o600);
  if (tryLockFile(fd)) return { [Symbol.dispose]: () => closeSync(fd) };
  closeSync(fd);
  throw new FairleadError('already-running', `A heartbeat runs for ${runtime} already.`, {
    remedy: 'Use it, or end it first: its pid is in heartbeat.pid.',
    exit: EXIT.refused,
  });
}

function log(line: string): void {
  process.stderr.write(`heartbeat: ${line}\n`);
}

async function main(): Promise<void> {
  const runtime = runtimeFolder();
  const notifier = openNotifier(process.env);
  using _ = lock(runtime);
  const settings = readSettings(join(runtime, SETTINGS_FILE));
  let priorityMode = 'ordinary priority';
  writeFileSync(join(runtime, PID_FILE), `${process.pid}\n`);
  const ended = Promise.withResolvers<void>();
  await using heartbeat = await Heartbeat.start({
    settings,
    runtimeFolder: runtime,
    socketPath: join(runtime, HEARTBEAT_SOCKET),
    leaseFolder: leaseFolder(runtime),
    priorityMode: () => priorityMode,
    clock: systemClock,
    log,
    onStop: ended.resolve,
    onAlive: (status) => {
      notifier.status(status);
      notifier.alive();
    },
  });
  // Starting is much work and not urgent; others have to keep time meanwhile.
  priorityMode = becomeUrgent(REAL_TIME_PRIORITY);
  process.on('SIGTERM', () => void heartbeat.stop(true));
  process.on('SIGINT', () => void heartbeat.stop(true));
  process.on('SIGHUP', () => {}); // the terminal it was started from has gone
  // A log that nobody reads any more is no reason to end.
  process.stderr.on('error', () => {});
  log(`runs as ${settings.node}, ${priorityMode}`);
  notifier.ready();
  flushCompileCache(); // now, since it may be ended without a chance to
  await ended.promise;
}

try {
  await main();
} catch (error) {
  const { lines, exit } = tellError(error);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = exit;
}
