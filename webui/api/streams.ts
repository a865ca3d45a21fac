// Server-sent events on their way through: every event at once, nothing kept for clients that do not take it, so many streams
// for each who asks. A stream ends when whoever opened it may no longer see it.
import type http from 'node:http';
import type express from 'express';
import { FairleadError } from '../../director/model/error.ts';

/** What the director keeps for a follower, too. */
const BEHIND_MAX_BYTES = 256 * 1024;
/** The director sends a comment every 15 s. */
const SILENCE_MAX_MS = 60_000;
const COMMENT = ':\n\n';

export interface StreamLimits {
  readonly perIdentity: number;
  /** Of the 64 that the director has; the rest is for the command line and the console itself. */
  readonly total: number;
}

export class Streams {
  readonly #limits: StreamLimits;
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** A place, until the response is closed. */
  enter(who: string, response: express.Response): void {
    const own = this.#open.get(who) ?? 0;
    if (own >= this.#limits.perIdentity)
      throw tooMany(`At most ${this.#limits.perIdentity} streams for each who is logged in.`);
    if (this.#total >= this.#limits.total)
      throw tooMany(`At most ${this.#limits.total} may follow at a time.`);
    this.#open.set(who, own + 1);
    this.#total += 1;
    response.once('close', () => {
      this.#total -= 1;
      const left = (this.#open.get(who) ?? 1) - 1;
      if (left === 0) this.#open.delete(who);
      else this.#open.set(who, left);
    });
  }
}

function tooMany(sentence: string): FairleadError {
  return new FairleadError('too-many-followers', sentence, { remedy: 'Close one, then try again.' });
}

/** `mayGoOn`: asked with every comment of the director, which takes the place of a clock. */
export function passEvents(
  upstream: http.ClientRequest,
  reply: http.IncomingMessage,
  response: express.Response,
  mayGoOn: () => Promise<boolean>,
): void {
  upstream.setTimeout(SILENCE_MAX_MS, () => response.destroy());
  response.setTimeout(0);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // Proxies such as nginx would otherwise collect them.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  reply.on('data', (chunk: Buffer) => {
    response.write(chunk);
    if (response.writableLength > BEHIND_MAX_BYTES) response.destroy();
    else if (chunk.length === COMMENT.length && chunk.toString('latin1') === COMMENT)
      mayGoOn().then(
        (good) => good || response.destroy(),
        () => response.destroy(),
      );
  });
  reply.once('end', () => response.end());
  reply.once('error', () => response.destroy());
}
