// The live tail of events: one follower of the director for all browsers. Each browser gets what its filter lets through,
// drawn once; what it missed comes first, by the id that it saw last. A browser that does not keep up is let go and comes
// back by itself.
import type { Response } from 'express';
import type { ControlClient } from '../../director/control/client.ts';
import type { ApiEvent } from '../../director/control/schema.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { apiQueryOf, type EventFilter, passes } from '../events/filter.ts';

const BROWSERS_MAX = 128;
const BEHIND_MAX_BYTES = 256 * 1024;
const REPLAY_MAX = 500;
const EARLY_MAX = 1_000;
const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 2_000;
const BEAT_MS = 15_000;
const BROWSER_RETRY_MS = 1_000;
const ANEW = 'event: anew\ndata: {}\n\n';

interface Browser {
  readonly response: Response;
  readonly filter: EventFilter;
  readonly allowed: () => Promise<boolean>;
  /** While what was missed is read: what came meanwhile. */
  early: ApiEvent[] | undefined;
  last: number;
}

export interface EventHub extends AsyncDisposable {
  /** `since`: the id that the browser saw last. */
  open(
    response: Response,
    options: {
      readonly filter: EventFilter;
      readonly since: number;
      readonly allowed: () => Promise<boolean>;
    },
  ): Promise<void>;
}

export interface EventHubOptions {
  readonly client: Pick<ControlClient, 'call' | 'follow'>;
  readonly clock: Clock;
  /** Of one event, HTML. */
  readonly draw: (event: ApiEvent, now: number) => string;
}

export function createEventHub({ client, clock, draw }: EventHubOptions): EventHub {
  const browsers = new Set<Browser>();
  const ended = new AbortController();
  let lastId: number | undefined;

  const message = (event: ApiEvent): string =>
    `id: ${event.id}\ndata: ${JSON.stringify({ id: event.id, row: draw(event, clock.now()) })}\n\n`;
  const write = (browser: Browser, event: ApiEvent, text: string): void => {
    if (event.id <= browser.last) return;
    browser.last = event.id;
    browser.response.write(text);
    if (browser.response.writableLength > BEHIND_MAX_BYTES) browser.response.destroy();
  };
  const take = (event: ApiEvent): void => {
    lastId = event.id;
    let text: string | undefined;
    for (const browser of browsers) {
      if (!passes(browser.filter, event)) continue;
      if (browser.early !== undefined) {
        if (browser.early.length < EARLY_MAX) browser.early.push(event);
        continue;
      }
      text ??= message(event);
      write(browser, event, text);
    }
  };
  const newestId = async (): Promise<number> =>
    (await client.call('events', { query: { limit: 1 } })).events.at(-1)?.id ?? 0;
  /** The director counts from the beginning again, as its disk had lost or never had its events. */
  const beginAnew = (): void => {
    lastId = undefined;
    for (const { response } of browsers) response.end(ANEW);
  };
  const pause = (delay_ms: number): Promise<void> =>
    new Promise((resolve) => {
      const waiting = clock.after(delay_ms, resolve);
      ended.signal.addEventListener(
        'abort',
        () => {
          waiting[Symbol.dispose]();
          resolve();
        },
        { once: true },
      );
    });
  const run = async (): Promise<void> => {
    let retry_ms = RETRY_FIRST_MS;
    while (!ended.signal.aborted) {
      try {
        if (lastId !== undefined && (await newestId()) < lastId) beginAnew();
        for await (const event of client.follow(lastId, ended.signal)) {
          retry_ms = RETRY_FIRST_MS;
          take(event);
        }
      } catch (error) {
        // The mirror tells people that the director is away; here it only means: once more.
        if (!(error instanceof FairleadError)) throw error;
      }
      if (!ended.signal.aborted) await pause(retry_ms);
      retry_ms = Math.min(retry_ms * 2, RETRY_LAST_MS);
    }
  };
  const running = run();
  const beat = (): void => {
    timer = clock.after(BEAT_MS, beat);
    for (const { response } of browsers) response.write(':\n\n');
    void dismissStrangers();
  };
  const dismissStrangers = async (): Promise<void> => {
    for (const browser of [...browsers])
      if (!(await browser.allowed().catch(() => true))) browser.response.end('event: login\ndata: {}\n\n');
  };
  let timer = clock.after(BEAT_MS, beat);

  return {
    async open(response, { filter, since, allowed }) {
      if (browsers.size >= BROWSERS_MAX)
        throw new FairleadError(
          'too-many-followers',
          `At most ${BROWSERS_MAX} pages may follow events at a time.`,
        );
      const browser: Browser = { response, filter, allowed, early: [], last: since };
      // Followed before what was missed is read, so that nothing falls between the two.
      browsers.add(browser);
      response.once('close', () => browsers.delete(browser));
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write(`retry: ${BROWSER_RETRY_MS}\n\n`);
      try {
        if (since > (lastId ?? 0) && (await newestId()) < since) {
          response.end(ANEW);
          return;
        }
        const missed = await client.call('events', {
          query: { ...apiQueryOf(filter), since, limit: REPLAY_MAX },
        });
        for (const event of missed.events) if (passes(filter, event)) write(browser, event, message(event));
        // Should the follower never have got through yet, it is to begin here.
        lastId ??= missed.events.at(-1)?.id;
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
        response.end(); // it comes back, with the same id
        return;
      }
      for (const event of browser.early ?? []) write(browser, event, message(event));
      browser.early = undefined;
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      timer[Symbol.dispose]();
      for (const { response } of browsers) response.end();
      await running;
    },
  };
}
