// Events, and the live picture, as server-sent events (HTML Living Standard 9.2). Each follower may fall behind by a bounded amount; one that
// falls further is let go and comes back with Last-Event-ID, so that a sleeping browser costs nothing.
import type http from 'node:http';
import type { Clock } from '../model/clock.ts';
import { FairleadError } from '../model/error.ts';
import type { ControlBackend } from './backend.ts';
import type { ApiEvent } from './schema.ts';

const FOLLOWERS_MAX = 64;
const BEHIND_MAX_BYTES = 256 * 1024;
/** Beside the largest that was sent: the first picture of a large site is many times what follows. */
const LIVE_BEHIND_MAX_BYTES = 8 * 1024 * 1024;
const REPLAY_MAX = 1_000;
/** Shows both ends that the other is still there. */
const COMMENT_INTERVAL_MS = 15_000;
const RETRY_MS = 1_000;

type EventSource = Pick<ControlBackend, 'eventsAfter' | 'follow' | 'followLive'>;

export class EventStreams implements Disposable {
  readonly #backend: EventSource;
  readonly #clock: Clock;
  readonly #open = new Set<http.ServerResponse>();

  constructor(backend: EventSource, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  /** `since`: replay what came after this id first; undefined: only what comes from now on. */
  async open(response: http.ServerResponse, since: number | undefined): Promise<void> {
    this.#admit();
    // Followed before the replay is read, so that nothing falls between the two.
    let early: ApiEvent[] | undefined = [];
    let lastSent = since ?? 0;
    const write = (event: ApiEvent): void => {
      if (event.id <= lastSent && since !== undefined) return;
      lastSent = event.id;
      send(response, format(event), BEHIND_MAX_BYTES);
    };
    const followed = this.#backend.follow((event) => {
      if (early === undefined) write(event);
      else if (early.length < REPLAY_MAX) early.push(event);
    });
    this.#begin(response, followed);
    if (since !== undefined)
      for (const event of await this.#backend.eventsAfter(since, REPLAY_MAX)) write(event);
    for (const event of early) write(event);
    early = undefined;
  }

  openLive(response: http.ServerResponse): void {
    this.#admit();
    const held = new DisposableStack();
    let largest_bytes = 0;
    this.#begin(response, held, () => largest_bytes + LIVE_BEHIND_MAX_BYTES);
    held.use(
      this.#backend.followLive((encoded) => {
        largest_bytes = Math.max(largest_bytes, encoded.length);
        // The bytes are every follower's: they are neither copied nor put together for this one.
        response.cork();
        response.write('data: ');
        response.write(encoded);
        send(response, '\n\n', largest_bytes + LIVE_BEHIND_MAX_BYTES);
        response.uncork();
      }),
    );
  }

  #admit(): void {
    if (this.#open.size >= FOLLOWERS_MAX)
      throw new FairleadError('too-many-followers', `At most ${FOLLOWERS_MAX} may follow at a time.`);
  }

  #begin(
    response: http.ServerResponse,
    followed: Disposable,
    behindMax_bytes: () => number = () => BEHIND_MAX_BYTES,
  ): void {
    this.#open.add(response);
    const timer = this.#keepAlive(response, behindMax_bytes);
    response.once('close', () => {
      this.#open.delete(response);
      followed[Symbol.dispose]();
      timer[Symbol.dispose]();
    });
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'keep-alive',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
  }

  #keepAlive(response: http.ServerResponse, behindMax_bytes: () => number): Disposable {
    let timer = this.#clock.after(COMMENT_INTERVAL_MS, beat);
    const clock = this.#clock;
    function beat(): void {
      if (!response.writable) return;
      response.write(':\n\n');
      if (response.writableLength > behindMax_bytes()) response.destroy();
      timer = clock.after(COMMENT_INTERVAL_MS, beat);
    }
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  [Symbol.dispose](): void {
    for (const response of this.#open) response.end();
  }
}

function send(response: http.ServerResponse, text: string, behind_max_bytes: number): void {
  response.write(text);
  if (response.writableLength > behind_max_bytes) response.destroy();
}

function format(event: ApiEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
