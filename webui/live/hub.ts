// Live pages: each tick of the mirror becomes the cells that have changed, encoded once per service and sent to every
// browser that shows that service. A browser that does not keep up is let go and comes back by itself; it then gets all
// of its cells anew.
import type { Response } from 'express';
import type { Live } from '../../director/control/live-schema.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { type Cells, encodeCell } from '../cells/cell.ts';
import { DIRECTOR, directorCells } from '../cells/director.ts';
import { HA, haCells } from '../cells/ha.ts';
import { serverCells, serviceCells } from '../cells/service.ts';
import type { Mirror, Picture } from '../mirror/mirror.ts';

const BROWSERS_MAX = 256;
const BEHIND_MAX_BYTES = 512 * 1024;
const TICK_MS = 1_000;
const RETRY_MS = 1_000;

interface Browser {
  readonly response: Response;
  /** Services that it shows, the pair if it does, and the strip. */
  readonly topics: readonly string[];
  /** Asked now and then: whether it may still look. */
  readonly allowed: () => Promise<boolean>;
}

export interface LiveHub extends Disposable {
  open(response: Response, services: readonly string[], allowed: () => Promise<boolean>): void;
  count(): number;
}

export function createLiveHub({ mirror, clock }: { mirror: Mirror; clock: Clock }): LiveHub {
  const browsers = new Set<Browser>();
  /** Topic -> key -> what was sent last. */
  let sent = new Map<string, Map<string, string>>();
  let shape = '';
  let round = 0;

  const write = (browser: Browser, text: string): void => {
    browser.response.write(text);
    if (browser.response.writableLength > BEHIND_MAX_BYTES) browser.response.destroy();
  };
  const tick = (changed: ReadonlyMap<string, string>): void => {
    for (const browser of browsers) {
      const parts = browser.topics.flatMap((topic) => changed.get(topic) ?? []);
      write(browser, messageOf(clock.now(), parts));
    }
  };
  const take = (live: Live): void => {
    const picture = mirror.picture();
    if (browsers.size === 0 || picture === undefined) {
      sent = new Map();
      return;
    }
    if (live.kind === 'full') {
      const now = shapeOf(picture);
      if (shape !== '' && now !== shape)
        for (const browser of browsers) write(browser, 'event: shape\ndata: {}\n\n');
      shape = now;
    }
    tick(update(sent, picture));
  };
  const following = mirror.follow(take);
  /** Says that it is there even when the director is not, and why not. */
  const beat = (): void => {
    timer = clock.after(TICK_MS, beat);
    const trouble = mirror.trouble();
    if (trouble !== undefined)
      for (const browser of browsers) write(browser, `event: trouble\ndata: ${JSON.stringify(trouble)}\n\n`);
    if (++round % 30 === 0) void dismissStrangers();
  };
  const dismissStrangers = async (): Promise<void> => {
    for (const browser of [...browsers])
      if (!(await browser.allowed().catch(() => true))) browser.response.end('event: login\ndata: {}\n\n');
  };
  let timer = clock.after(TICK_MS, beat);

  return {
    open(response, services, allowed) {
      if (browsers.size >= BROWSERS_MAX)
        throw new FairleadError('too-many-followers', `At most ${BROWSERS_MAX} pages may be live at a time.`);
      const browser: Browser = { response, topics: [DIRECTOR, ...services], allowed };
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write(`retry: ${RETRY_MS}\n\n`);
      const picture = mirror.picture();
      if (picture !== undefined) {
        update(sent, picture);
        shape ||= shapeOf(picture);
        const parts = browser.topics.flatMap((topic) => allOf(sent.get(topic)));
        write(browser, messageOf(clock.now(), parts));
      }
      browsers.add(browser);
      response.once('close', () => browsers.delete(browser));
    },
    count: () => browsers.size,
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      timer[Symbol.dispose]();
      for (const { response } of browsers) response.end();
    },
  };
}

function messageOf(at: number, parts: readonly string[]): string {
  return `data: {"at":${at},"cells":{${parts.join(',')}}}\n\n`;
}

/** Which rows there are. */
function shapeOf({ services, status }: Picture): string {
  const rows = services.map(
    ({ name, servers }) => `${name}:${servers.map((server) => server.name).join(',')}`,
  );
  const { virtual_ips, ha } = status;
  const vips = virtual_ips.map(({ address }) => address);
  return [...rows, vips.join(), (ha?.links ?? []).map(({ name }) => name).join()].join(';');
}

/** Takes the picture in; returns, by topic, what has changed as members of a JSON object. */
function update(sent: Map<string, Map<string, string>>, picture: Picture): Map<string, string> {
  const changed = new Map<string, string>();
  const compare = (topic: string, subject: string, cells: Cells, into: string[]): void => {
    const known = sent.get(topic) ?? new Map<string, string>();
    sent.set(topic, known);
    for (const [key, cell] of Object.entries(cells)) {
      const name = `${subject}.${key}`;
      const text = encodeCell(cell);
      if (known.get(name) === text) continue;
      known.set(name, text);
      into.push(`${JSON.stringify(name)}:${text}`);
    }
  };
  const collect = (topic: string, fill: (into: string[]) => void): void => {
    const parts: string[] = [];
    fill(parts);
    if (parts.length > 0) changed.set(topic, parts.join(','));
  };
  collect(DIRECTOR, (into) =>
    compare(DIRECTOR, DIRECTOR, directorCells(picture.status, picture.services), into),
  );
  collect(HA, (into) => compare(HA, HA, haCells(picture.status), into));
  for (const service of picture.services)
    collect(service.name, (into) => {
      compare(service.name, service.name, serviceCells(service), into);
      for (const server of service.servers)
        compare(service.name, `${service.name}/${server.name}`, serverCells(server), into);
    });
  const names = new Set(picture.services.map((service) => service.name));
  for (const topic of sent.keys())
    if (topic !== DIRECTOR && topic !== HA && !names.has(topic)) sent.delete(topic);
  return changed;
}

function allOf(known: ReadonlyMap<string, string> | undefined): string[] {
  return known === undefined ? [] : [...known].map(([name, text]) => `${JSON.stringify(name)}:${text}`);
}
