// The live tail in front of a director that the test plays.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../director/control/client.ts';
import type { ApiEvent } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import type { EventFilter } from '../events/filter.ts';
import { createEventHub, type EventHub } from './event-hub.ts';

const PATIENT = { timeout: 10_000, interval: 10 };

/** Its events, and whether it can be asked. */
class Director {
  readonly events: ApiEvent[] = [];
  since: (number | undefined)[] = [];
  #wake = Promise.withResolvers<void>();
  #away = false;

  tell(kind: string, id = (this.events.at(-1)?.id ?? 0) + 1): void {
    this.events.push({ id, at: 0, kind, subject: 'www', reason: kind });
    this.#turn();
  }

  away(away: boolean): void {
    this.#away = away;
    this.#turn();
  }

  #turn(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  #check(): void {
    if (this.#away) throw new FairleadError('connection-lost', 'It is away.');
  }

  get client(): Pick<ControlClient, 'call' | 'follow'> {
    const director = this;
    const call = async (_name: string, { query }: { query: { since?: number; limit: number } }) => {
      director.#check();
      return { events: director.events.filter(({ id }) => id > (query.since ?? 0)).slice(-query.limit) };
    };
    return {
      call: call as unknown as ControlClient['call'],
      async *follow(since, signal) {
        director.#check();
        director.since.push(since);
        let sent = since ?? director.events.at(-1)?.id ?? 0;
        while (!signal.aborted) {
          director.#check();
          const next = director.events.find(({ id }) => id > sent);
          if (next !== undefined) {
            sent = next.id;
            yield next;
          } else
            await Promise.race([
              director.#wake.promise,
              new Promise((resolve) => signal.addEventListener('abort', resolve)),
            ]);
        }
      },
    };
  }
}

let director: Director;
let hub: EventHub;
let server: http.Server;
const browsers: http.ClientRequest[] = [];

beforeEach(async () => {
  director = new Director();
  hub = createEventHub({
    client: director.client,
    clock: systemClock,
    draw: ({ kind }) => `<tr>${kind}</tr>`,
  });
  server = http.createServer((request, response) => {
    const { filter, since } = JSON.parse(decodeURIComponent(request.url!.slice(1))) as {
      filter: EventFilter;
      since: number;
    };
    const allowed = async (): Promise<boolean> => true;
    hub.open(response as unknown as Response, { filter, since, allowed }).catch((error: Error) => {
      response.statusCode = 503;
      response.end(error.message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const browser of browsers.splice(0)) browser.destroy();
  await hub[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Browser {
  text: string;
  status: number;
  ended: boolean;
}

function browse(since: number, filter: EventFilter = {}): Promise<Browser> {
  const { port } = server.address() as AddressInfo;
  const path = `/${encodeURIComponent(JSON.stringify({ filter, since }))}`;
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      const browser: Browser = { text: '', status: response.statusCode ?? 0, ended: false };
      response.setEncoding('utf8').on('data', (chunk: string) => {
        browser.text += chunk;
      });
      response.on('close', () => {
        browser.ended = true;
      });
      response.on('error', () => {});
      resolve(browser);
    });
    request.on('error', reject);
    browsers.push(request);
  });
}
const idsOf = ({ text }: Browser): number[] =>
  [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

describe('the live tail', () => {
  it('sends what was missed and what comes, in order, each once, and only what passes', async () => {
    for (const kind of ['one', 'server-up', 'three']) director.tell(kind);
    const all = await browse(1);
    const some = await browse(0, { group: 'servers' });
    await expect.poll(() => idsOf(all), PATIENT).toEqual([2, 3]);
    for (const kind of ['server-down', 'five']) director.tell(kind);
    await expect.poll(() => idsOf(all), PATIENT).toEqual([2, 3, 4, 5]);
    await expect.poll(() => idsOf(some), PATIENT).toEqual([2, 4]);
    expect(all.text).toContain('{"id":4,"row":"<tr>server-down</tr>"}');
    expect(director.since).toHaveLength(1);
  });

  it('goes on where it was when the director comes back', async () => {
    director.tell('one');
    const browser = await browse(0);
    director.tell('two');
    await expect.poll(() => idsOf(browser), PATIENT).toEqual([1, 2]);
    director.away(true);
    const refused = await browse(2);
    await expect.poll(() => refused.ended, PATIENT).toBe(true);
    director.events.push({ id: 3, at: 0, kind: 'three', subject: 'www', reason: '' });
    director.away(false);
    await expect.poll(() => idsOf(browser), PATIENT).toEqual([1, 2, 3]);
    expect(browser.ended).toBe(false);
  });

  it('has pages begin anew when the director counts from the beginning again', async () => {
    director.tell('one', 100);
    const browser = await browse(0);
    director.tell('two');
    await expect.poll(() => idsOf(browser), PATIENT).toEqual([100, 101]);
    director.away(true);
    const refused = await browse(101);
    await expect.poll(() => refused.ended, PATIENT).toBe(true);
    director.events.splice(0);
    director.events.push({ id: 1, at: 0, kind: 'first', subject: 'www', reason: '' });
    director.away(false);
    await expect
      .poll(() => [browser.ended, browser.text.includes('event: anew')], PATIENT)
      .toEqual([true, true]);
    const late = await browse(101);
    await expect.poll(() => late.text, PATIENT).toContain('event: anew');
    const fresh = await browse(1);
    director.tell('second');
    await expect.poll(() => idsOf(fresh), PATIENT).toEqual([2]);
  });

  it('takes no more browsers than it can serve', async () => {
    await Promise.all(Array.from({ length: 128 }, () => browse(0)));
    expect((await browse(0)).status).toBe(503);
  });
});
