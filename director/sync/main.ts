// The sync process: connection sync with the peer, as pulse orders over the IPC channel. It has no life of its own: when the
// channel closes, pulse is gone and so is this process; the tables stay as they are.
import { randomInt } from 'node:crypto';
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { type Keyring, readKeyFile } from '../../heartbeat/link/keys.ts';
import type { Clock } from '../model/clock.ts';
import { tellError } from '../model/error.ts';
import { type FromSync, type SyncSettings, toSyncSchema } from './protocol.ts';
import { SyncProcess } from './sync-process.ts';

const KEY_RETRY_MS = 1_000;
const RANDOM_HALF = 2 ** 26;

const clock: Clock = {
  now: () => Date.now(),
  monotonic_ms: () => performance.now(),
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

function main(): void {
  if (process.send === undefined) {
    process.stderr.write('sync: is started by fairlead run, not by hand\n');
    process.exit(2);
  }
  let present: SyncProcess | undefined;
  let retry: Disposable | undefined;
  let role = { active: false, epoch: 0 };

  const begin = (settings: SyncSettings): void => {
    retry?.[Symbol.dispose]();
    present?.[Symbol.dispose]();
    present = undefined;
    const keyring = readKey(settings.keyFile);
    if (!keyring) {
      retry = clock.after(KEY_RETRY_MS, () => begin(settings));
      return;
    }
    present = new SyncProcess({ settings, keyring, clock, random, say });
    present.take({ kind: 'role', ...role });
  };
  const leave = (): never => {
    present?.[Symbol.dispose]();
    process.exit(0);
  };
  process.on('message', (value) => {
    const read = toSyncSchema.safeParse(value);
    if (!read.success) process.stderr.write(`sync: message refused: ${read.error.message}\n`);
    else if (read.data.kind === 'settings') begin(read.data.settings);
    else {
      if (read.data.kind === 'role') role = { active: read.data.active, epoch: read.data.epoch };
      if (present) present.take(read.data);
      else if (read.data.kind === 'flush') say(notYet(read.data.id));
    }
  });
  process.on('disconnect', leave);
  process.on('SIGTERM', leave);
  // The terminal's Ctrl-C reaches the whole process group; pulse decides when this process goes.
  process.on('SIGINT', () => {});
}

let complaint = '';

function readKey(path: string): Keyring | undefined {
  try {
    const keyring = readKeyFile(path).forPurpose('sync');
    complaint = '';
    return keyring;
  } catch (error) {
    const reason = tellError(error).lines.join(' ');
    if (reason !== complaint) say({ kind: 'event', event: 'sync-key', reason, evidence: {} });
    complaint = reason;
    return undefined;
  }
}

function notYet(id: number): FromSync {
  return { kind: 'flushed', id, ok: false, reason: 'There are no settings yet.', took_ms: 0, events: 0 };
}

/** An integer from 1 to 2^53 - 1. */
function random(): number {
  return randomInt(1, RANDOM_HALF) * RANDOM_HALF * 2 + randomInt(RANDOM_HALF * 2);
}

function say(message: FromSync): void {
  // The callback takes the error of a channel that closes under the message; 'disconnect' follows and ends the process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

main();
flushCompileCache();
