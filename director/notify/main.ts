// The notifying process: begins with what pulse tells it over the IPC channel. It has no life of its own: when the channel
// closes, pulse is gone and so is this process, with every delivery and child that it had under way; its successor goes on.
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { systemClock } from '../native/system-clock.ts';
import { Notifier } from './notifier.ts';
import { type FromNotify, toNotifySchema } from './protocol.ts';

const STATUS_INTERVAL_MS = 500;

function main(): void {
  if (process.send === undefined) {
    process.stderr.write('notify: is started by fairlead run, not by hand\n');
    process.exit(2);
  }
  let notifier: Notifier | undefined;
  process.on('message', (value) => {
    const read = toNotifySchema.safeParse(value);
    if (!read.success) {
      process.stderr.write(`notify: message refused: ${read.error.issues[0]?.message}\n`);
      return;
    }
    const message = read.data;
    if (message.kind === 'begin') {
      notifier?.[Symbol.dispose]();
      notifier = new Notifier({ begin: message, clock: systemClock, complain });
    } else {
      const { id, target } = message;
      void notifier?.test(target).then(({ tests }) => send({ kind: 'tested', id, tests }));
    }
  });
  const leave = (): never => {
    notifier?.[Symbol.dispose]();
    process.exit(0);
  };
  process.on('disconnect', leave);
  process.on('SIGTERM', leave);
  // The terminal's Ctrl-C reaches the whole process group; pulse decides when this process goes.
  process.on('SIGINT', () => {});
  setInterval(() => {
    if (notifier !== undefined) send({ kind: 'status', status: notifier.status() });
  }, STATUS_INTERVAL_MS).unref();
}

function complain(text: string): void {
  process.stderr.write(`notify: ${text}\n`);
}

function send(message: FromNotify): void {
  // The callback takes the error of a channel that closes under the message; 'disconnect' follows and ends the process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

main();
flushCompileCache();
