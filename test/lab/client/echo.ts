// TCP echo traffic: connections that are held open and go on talking, and fresh ones that say a little and end.
// Whatever comes back must be what was sent, byte by byte.
import { connect, type Socket } from 'node:net';
import { fillPattern, findMismatch } from '../pattern.ts';
import { type Context, failure, steadily } from './activity.ts';
import { failureKind } from './ledger.ts';
import type { Activity, FailureKind, Target } from './traffic.ts';

const CHUNK_BYTES = 512;
const TALK_EVERY_MS = 50;
const REOPEN_MS = 250;
const NAME_BYTES_MAX = 64;

export function startEcho(target: Target, context: Context): void {
  for (let count = 0; count < target.held; count++) hold(target, context);
  steadily(target.rate, context, () => oneFresh(target, context));
}

function hold(target: Target, context: Context): void {
  let named: string | undefined;
  let talk: NodeJS.Timeout | undefined;
  const conversation = converse(target, context, 'held', {
    named(server) {
      named = server;
      context.ledger.held(target.service, server, 1);
      talk = setInterval(() => conversation.say(CHUNK_BYTES), TALK_EVERY_MS);
    },
    echoed(bytes, silence_ms) {
      context.ledger.verified(target.service, bytes);
      context.ledger.stalled(target.service, silence_ms);
    },
    ended() {
      clearInterval(talk);
      if (named !== undefined) context.ledger.held(target.service, named, -1);
      setTimeout(() => hold(target, context), REOPEN_MS);
    },
  });
}

function oneFresh(target: Target, context: Context): void {
  const began = performance.now();
  let name = '';
  let echoed = 0;
  const conversation = converse(target, context, 'fresh', {
    named(server) {
      name = server;
      conversation.say(CHUNK_BYTES);
    },
    echoed(bytes) {
      echoed += bytes;
      if (echoed < CHUNK_BYTES) return;
      context.ledger.answered(target.service, name, performance.now() - began, echoed);
      conversation.end();
    },
    ended() {},
  });
}

interface Listener {
  named(server: string): void;
  echoed(bytes: number, silence_ms: number): void;
  /** Not after end(). */
  ended(): void;
}

interface Conversation {
  /** Sends the next bytes, unless the last ones are still owed. */
  say(bytes: number): void;
  end(): void;
}

function converse(target: Target, context: Context, what: Activity, listener: Listener): Conversation {
  const seed = context.seed();
  const began = Date.now();
  let server: string | undefined;
  let greeting = Buffer.alloc(0);
  let sent = 0;
  let echoed = 0;
  let asked_at = performance.now();
  let over = false;
  const socket: Socket = connect({ host: target.address, port: target.port, noDelay: true });

  const finish = (): void => {
    over = true;
    clearTimeout(watch);
    socket.destroy();
  };
  const fail = (kind: FailureKind, detail: string): void => {
    if (over) return;
    finish();
    context.ledger.failed(failure(target, what, began, { kind, detail, server }));
    listener.ended();
  };
  const expire = (): void => fail('timeout', `silence for ${context.settings.timeout_ms} ms`);
  let watch = setTimeout(expire, context.settings.timeout_ms);

  const meet = (bytes: Buffer): void => {
    greeting = Buffer.concat([greeting, bytes]);
    const end = greeting.indexOf(10);
    if (end < 0 && greeting.length <= NAME_BYTES_MAX) return;
    if (end !== greeting.length - 1) {
      fail('corrupt', 'no name of a real server');
      return;
    }
    server = greeting.toString('latin1', 0, end);
    clearTimeout(watch);
    listener.named(server);
  };
  const hear = (bytes: Buffer): void => {
    const at = findMismatch(seed, echoed, bytes);
    if (at >= 0 || echoed + bytes.length > sent) {
      fail('corrupt', at < 0 ? 'more bytes than were sent' : `byte ${echoed + at} of the echo`);
      return;
    }
    echoed += bytes.length;
    if (echoed === sent) clearTimeout(watch);
    listener.echoed(bytes.length, performance.now() - asked_at);
  };
  socket.on('data', (bytes: Buffer) => {
    if (over) return;
    if (server === undefined) meet(bytes);
    else hear(bytes);
  });
  socket.on('error', (error) => fail(failureKind(error), error.message));
  socket.on('end', () => fail('closed', 'the real server closed'));

  return {
    say(length) {
      if (over || echoed < sent) return;
      asked_at = performance.now();
      watch = setTimeout(expire, context.settings.timeout_ms);
      socket.write(fillPattern(seed, sent, length));
      sent += length;
    },
    end: finish,
  };
}
