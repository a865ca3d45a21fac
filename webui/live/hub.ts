// Live pages: each tick of the mirror becomes the cells that have changed, encoded once per service and sent to every
// browser that shows that service; services that nobody shows cost nothing. A browser that does not keep up is let go and
// comes back by itself; it then gets all of its cells anew.
import type { Response } from 'express';
import { type Live, liveKeys } from '../../director/control/live-schema.ts';
import type { ServiceStatus } from '../../director/control/schema.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { type Cell, type Cells, encodeCell, isSameCell } from '../cells/cell.ts';
import { DIRECTOR, directorCells } from '../cells/director.ts';
import { HA, haCells } from '../cells/ha.ts';
import { serverCells, serviceCells } from '../cells/service.ts';
import type { Mirror, Picture, Trouble } from '../mirror/mirror.ts';

const BROWSERS_MAX = 256;
const BEHIND_MAX_BYTES = 512 * 1024;
const TICK_MS = 1_000;
const RETRY_MS = 1_000;
/** The topic that stands for every service. */
const ALL = '*';

interface SentTopic {
  /** As it was when it was compared last: pictures are never changed in place, so the same object needs no second look. */
  service: ServiceStatus | undefined;
  /** `subject.key` -> what was sent last. */
  readonly cells: Map<string, Cell>;
}
type Sent = Map<string, SentTopic>;

interface Browser {
  readonly response: Response;
  /** Services that it shows, or `*`, and the pair if it does; the strip comes with any. */
  readonly topics: readonly string[];
  readonly all: boolean;
  /** The topics in one word. */
  readonly shows: string;
  /** Asked now and then: whether it may still look. */
  readonly allowed: () => Promise<boolean>;
}

export interface LiveHub extends Disposable {
  open(response: Response, services: readonly string[], allowed: () => Promise<boolean>): void;
  count(): number;
}

export function createLiveHub({ mirror, clock }: { mirror: Mirror; clock: Clock }): LiveHub {
  const browsers = new Set<Browser>();
  let sent: Sent = new Map();
  let shape = '';
  let round = 0;

  const write = (browser: Browser, text: string): void => {
    // What is still there from the time before; one message alone may be larger.
    if (browser.response.writableLength > BEHIND_MAX_BYTES) browser.response.destroy();
    else browser.response.write(text);
  };
  const tick = (changed: ReadonlyMap<string, string>): void => {
    const at = clock.now();
    // Most browsers show the same few pages.
    const messages = new Map<string, string>();
    for (const browser of browsers) {
      let message = messages.get(browser.shows);
      if (message === undefined) {
        const parts = browser.all
          ? [...changed.values()]
          : browser.topics.flatMap((topic) => changed.get(topic) ?? []);
        message = messageOf(at, parts);
        messages.set(browser.shows, message);
      }
      write(browser, message);
    }
  };
  /** What at least one browser shows; undefined: everything. */
  const wanted = (): ReadonlySet<string> | undefined => {
    const topics = new Set<string>();
    for (const browser of browsers) {
      if (browser.all) return undefined;
      for (const topic of browser.topics) topics.add(topic);
    }
    return topics;
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
    tick(update(sent, picture, wanted()));
  };
  const following = mirror.follow(take);
  /** Says that it is there even when the director is not, and why not. */
  const beat = (): void => {
    timer = clock.after(TICK_MS, beat);
    const trouble = mirror.trouble();
    if (trouble !== undefined) for (const browser of browsers) write(browser, troubleMessage(trouble));
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
      const browser: Browser = {
        response,
        topics: [DIRECTOR, ...services],
        all: services.includes(ALL),
        shows: services.includes(ALL) ? ALL : services.join(','),
        allowed,
      };
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write(`retry: ${RETRY_MS}\n\n`);
      const picture = mirror.picture();
      if (picture !== undefined) {
        // The others first: what is remembered as sent has to be what the new one is told too.
        const changed = update(sent, picture, wanted());
        if (changed.size > 0) tick(changed);
        const own: Sent = new Map();
        update(own, picture, browser.all ? undefined : new Set(browser.topics));
        shape ||= shapeOf(picture);
        write(browser, messageOf(clock.now(), [...own.values()].flatMap(allOf)));
        for (const [topic, cells] of own) if (!sent.has(topic)) sent.set(topic, cells);
      }
      const trouble = mirror.trouble();
      if (trouble !== undefined) write(browser, troubleMessage(trouble));
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

function troubleMessage(trouble: Trouble): string {
  return `event: trouble\ndata: ${JSON.stringify(trouble)}\n\n`;
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

/**
 * Takes the picture in, as far as it is wanted; returns, by topic, what has changed as members of a JSON object. What is not
 * wanted any more is forgotten.
 */
function update(sent: Sent, picture: Picture, wanted: ReadonlySet<string> | undefined): Map<string, string> {
  const changed = new Map<string, string>();
  const topicOf = (name: string): SentTopic => {
    const topic = sent.get(name) ?? { service: undefined, cells: new Map<string, Cell>() };
    sent.set(name, topic);
    return topic;
  };
  const tell = (name: string, parts: readonly string[]): void => {
    if (parts.length > 0) changed.set(name, parts.join(','));
  };
  const strip: string[] = [];
  compare(topicOf(DIRECTOR), DIRECTOR, directorCells(picture.status, picture.services), strip);
  tell(DIRECTOR, strip);
  const names = new Set([DIRECTOR]);
  if (wanted === undefined || wanted.has(HA)) {
    const pair: string[] = [];
    compare(topicOf(HA), HA, haCells(picture.status), pair);
    tell(HA, pair);
    names.add(HA);
  }
  for (const service of picture.services) {
    if (wanted?.has(service.name) === false) continue;
    names.add(service.name);
    const parts: string[] = [];
    compareService(topicOf(service.name), service, parts);
    tell(service.name, parts);
  }
  for (const name of sent.keys()) if (!names.has(name)) sent.delete(name);
  return changed;
}

function compareService(topic: SentTopic, service: ServiceStatus, into: string[]): void {
  const before = topic.service;
  if (before === service) return;
  topic.service = service;
  compare(topic, service.name, serviceCells(service), into);
  const subjects = liveKeys(service);
  for (const [index, server] of service.servers.entries())
    if (before?.servers[index] !== server) compare(topic, subjects[index]!, serverCells(server), into);
}

function compare({ cells: known }: SentTopic, subject: string, cells: Cells, into: string[]): void {
  for (const key in cells) {
    const name = `${subject}.${key}`;
    const cell = cells[key]!;
    const before = known.get(name);
    if (before !== undefined && isSameCell(before, cell)) continue;
    known.set(name, cell);
    into.push(memberOf(name, cell));
  }
}

function memberOf(name: string, cell: Cell): string {
  return `${JSON.stringify(name)}:${encodeCell(cell)}`;
}

function allOf({ cells }: SentTopic): string[] {
  return [...cells].map(([name, cell]) => memberOf(name, cell));
}
