// Two ways to start a heartbeat: as a process of a session of its own, or as a service that systemd keeps. Either way it is no
// child that ends with this process; what is returned here only tells that it could not be started, or ended.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const LOG_FILE = 'heartbeat.log';
const LOG_MAX_BYTES = 1 << 20;
/** Compiled code is kept there, which halves the time that a heartbeat takes to start. */
const CODE_FOLDER = 'code';
const SAID_MAX = 500;

export interface HeartbeatStart {
  /** Whose end is the heartbeat's; undefined for a service, which systemd looks after. */
  readonly pid: number | undefined;
}

export interface HeartbeatStarter {
  /** `over` is called once: it has ended, or did not start, and why; undefined: this start is done with, and all is well. */
  start(over: (because: string | undefined) => void): HeartbeatStart;
  /** Why the last one did not come up, in its own words. */
  lastWords(): string;
  /** Whether the heartbeat is to end with us: undefined where that is ours to decide. */
  isEnding(): Promise<boolean> | undefined;
}

export function spawnedHeartbeat(main: string, runtimeFolder: string): HeartbeatStarter {
  return {
    start(over) {
      const file = openLog(runtimeFolder);
      const child = spawn(process.execPath, [main, '--runtime', runtimeFolder], {
        detached: true,
        stdio: ['ignore', file, file],
        env: { ...process.env, NODE_COMPILE_CACHE: path.join(runtimeFolder, CODE_FOLDER) },
      });
      fs.closeSync(file);
      child.unref();
      child.once('error', (error) => over(error.message));
      child.once('exit', (status, signal) => over(signal ?? `status ${status}`));
      return { pid: child.pid };
    },
    lastWords: () => lastLine(path.join(runtimeFolder, LOG_FILE)),
    isEnding: () => undefined,
  };
}

/** `systemctl start` waits until the service is ready, so that its end tells whether it is. */
export function serviceHeartbeat(unit: string): HeartbeatStarter {
  let said = '';
  return {
    start(over) {
      const child = spawn('systemctl', ['start', '--', unit], { stdio: ['ignore', 'ignore', 'pipe'] });
      said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-SAID_MAX);
      });
      child.once('error', (error) => over(error.message));
      child.once('close', (status, signal) =>
        over(status === 0 ? undefined : (signal ?? `status ${status} of systemctl`)),
      );
      return { pid: undefined };
    },
    lastWords: () => `${said.trim().replaceAll(/\s+/g, ' ')} (journalctl -u ${unit})`.trim(),
    isEnding: () => isStopping(unit),
  };
}

/** A job to stop it waits for ours to end, or the machine goes down. */
async function isStopping(unit: string): Promise<boolean> {
  const child = spawn('systemctl', ['list-jobs', '--plain', '--no-legend', '--', unit], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const ended = Promise.withResolvers<void>();
  child.once('error', () => ended.resolve());
  child.once('close', () => ended.resolve());
  await ended.promise;
  return text.split('\n').some((line) => line.trim().split(/\s+/)[2] === 'stop');
}

/** What it says goes to a file: standard error may be a pipe that ends with us. */
function openLog(runtimeFolder: string): number {
  const file = path.join(runtimeFolder, LOG_FILE);
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_MAX_BYTES) fs.renameSync(file, `${file}.1`);
  return fs.openSync(file, 'a', 0o600);
}

function lastLine(file: string): string {
  try {
    const text = fs.readFileSync(file, 'utf8').slice(-4_096).trimEnd();
    const errors = text.split('\n').filter((line) => line.startsWith('error: '));
    return (errors.at(-1) ?? text.split('\n').at(-1) ?? '').slice(0, SAID_MAX);
  } catch {
    return 'it said nothing';
  }
}
