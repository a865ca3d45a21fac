// The next hops of all real servers, kept fresh. Kernel events only say where to look again: what is true is always read
// from the kernel's tables, so events may be lost, doubled or late without harm.
// Guarantees: a change is told within about 10 ms; neighbours that are missing are asked for, with back-off, and ones
// that go stale are confirmed; everything is looked at again every 30 s, and at once when events were lost; a storm of
// route changes costs at most a tenth of the thread. Must be made in the network namespace that packets leave from.
import type { Address } from '../../../model/address.ts';
import type { Clock } from '../../../model/clock.ts';
import { FairleadError } from '../../../model/error.ts';
import { monitorNetwork, type NetworkEvent } from '../../../native/netlink-monitor.ts';
import { type Link, Rtnetlink } from '../../../native/rtnetlink.ts';
import { NUD } from '../../../native/rtnetlink-codec.ts';
import { SystemError } from '../../../native/system-error.ts';
import { chooseHop, neighbourToAsk, type RouteAnswer } from './choose.ts';
import { type Hop, sameHop } from './hop.ts';
import { NeighbourBook } from './neighbour-book.ts';

export const HOPS_MAX = 16_384;
const COALESCE_MS = 10;
const RESYNC_MS = 30_000;
const RETRY_MS = 1_000;
/** Between two lines in the log about refusals. */
const REFUSAL_PAUSE_MS = 60_000;
/** Addresses per turn of the event loop, some 50 us each. */
const SLICE = 64;
/** Pause after a look at all routes, in multiples of the time it took. */
const REST_FACTOR = 9;

export interface HopTableOptions {
  /** Told of each new hop (from within watch) and of each that has changed. May call get and dispose, not watch. */
  readonly onChange: (hop: Hop) => void;
  readonly log: (level: 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly clock: Clock;
}

export interface HopTable extends Disposable {
  /** The full set of real servers, each time; new ones are looked up before it returns. */
  watch(addresses: Iterable<Address>): void;
  /** Undefined for an address that is not watched. */
  get(address: Address): Hop | undefined;
  /** Looks at everything again now. */
  refresh(): void;
}

export function createHopTable(options: HopTableOptions): HopTable {
  return new KernelHopTable(options);
}

interface Entry {
  hop: Hop | undefined;
  answer: RouteAnswer;
}

class KernelHopTable implements HopTable {
  readonly #options: HopTableOptions;
  readonly #clock: Clock;
  readonly #resources = new DisposableStack();
  readonly #rtnetlink: Rtnetlink;
  readonly #neighbours: NeighbourBook;
  readonly #entries = new Map<Address, Entry>();
  #links = new Map<number, Link>();

  /** What to look at in the next turns. */
  readonly #routesDue = new Set<Address>();
  #allRoutesDue = false;
  #linksDue = false;

  #disposed = false;
  #wake: Disposable | undefined;
  #wakeAt_ms = Number.POSITIVE_INFINITY;
  #resyncAt_ms: number;
  #quietUntil_ms = 0;
  #sweepSpent_ms = 0;
  #sweepNotBefore_ms = 0;

  constructor(options: HopTableOptions) {
    this.#options = options;
    this.#clock = options.clock;
    using made = new DisposableStack();
    this.#rtnetlink = made.use(new Rtnetlink());
    // Subscribed before the first look, so that nothing falls in between.
    made.use(
      monitorNetwork({
        topics: ['link', 'address', 'route', 'neighbour'],
        onEvent: (event) => this.#noteEvent(event),
        onResync: (why) => this.#noteLoss(why),
      }),
    );
    this.#neighbours = new NeighbourBook(this.#rtnetlink, this.#clock);
    this.#readLinks();
    this.#resyncAt_ms = this.#clock.monotonic_ms() + RESYNC_MS;
    this.#wakeBy(this.#resyncAt_ms);
    this.#resources = made.move();
  }

  watch(addresses: Iterable<Address>): void {
    const wanted = new Set(addresses);
    if (wanted.size > HOPS_MAX)
      throw new FairleadError(
        'too-many-hops',
        `${wanted.size} real server addresses; at most ${HOPS_MAX} can be reached.`,
      );
    for (const address of this.#entries.keys()) if (!wanted.has(address)) this.#forget(address);
    const added = [...wanted].filter((address) => !this.#entries.has(address));
    for (const address of added) this.#entries.set(address, { hop: undefined, answer: { errno: 0 } });
    for (const address of added) this.#look(address);
    this.#kick();
  }

  get(address: Address): Hop | undefined {
    return this.#entries.get(address)?.hop;
  }

  refresh(): void {
    this.#readLinks();
    this.#linksDue = false;
    this.#allRoutesDue = false;
    this.#routesDue.clear();
    for (const address of [...this.#entries.keys()]) this.#look(address);
    this.#kick();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#wake?.[Symbol.dispose]();
    this.#entries.clear();
    this.#resources.dispose();
  }

  /** Addresses and links count as route changes: IPv4 routes that go with them go without a word. */
  #noteEvent(event: NetworkEvent): void {
    if (event.topic === 'neighbour') {
      const { interface_index, address, state } = event.neighbour;
      const news = event.gone ? 'gone' : state === NUD.FAILED ? 'failed' : 'changed';
      if (!this.#neighbours.touch(interface_index, address, news)) return;
    } else {
      if (event.topic === 'link') {
        if (!event.gone && sameLink(this.#links.get(event.link.index), event.link)) return;
        this.#linksDue = true;
      }
      this.#allRoutesDue = true;
    }
    this.#wakeBy(this.#clock.monotonic_ms() + COALESCE_MS);
  }

  #noteLoss(why: 'overflow' | 'malformed'): void {
    this.#options.log('warn', 'network events were lost; looking at all next hops again', { why });
    this.#resyncAt_ms = this.#clock.monotonic_ms();
    this.#wakeBy(this.#resyncAt_ms + COALESCE_MS);
  }

  /** Wakes at that time or before. */
  #wakeBy(at_ms: number): void {
    if (this.#disposed || this.#wakeAt_ms <= at_ms) return;
    this.#wake?.[Symbol.dispose]();
    this.#wakeAt_ms = at_ms;
    this.#wake = this.#clock.after(Math.max(0, at_ms - this.#clock.monotonic_ms()), () => this.#turn());
  }

  /** One turn: whatever is due, at most a slice of it. Nothing that the kernel answers may end the process. */
  #turn(): void {
    this.#wakeAt_ms = Number.POSITIVE_INFINITY;
    const now_ms = this.#clock.monotonic_ms();
    try {
      if (now_ms >= this.#resyncAt_ms) this.#beginResync(now_ms);
      if (this.#linksDue) this.#readLinks();
      this.#linksDue = false;
      this.#sweepSlice(now_ms);
      for (const address of this.#neighbours.readTouched(SLICE)) this.#choose(address);
      this.#kick();
    } catch (error) {
      if (this.#disposed) return; // by onChange
      this.#options.log('warn', 'the kernel could not be asked about next hops; trying again', { error });
      this.#linksDue = true;
      this.#allRoutesDue = true;
      this.#wakeBy(now_ms + RETRY_MS);
      return;
    }
    this.#wakeBy(this.#resyncAt_ms);
    if (this.#neighbours.hasTouched() || this.#routesDue.size > 0) this.#wakeBy(now_ms);
    else if (this.#allRoutesDue) this.#wakeBy(this.#sweepNotBefore_ms);
  }

  #beginResync(now_ms: number): void {
    this.#resyncAt_ms = now_ms + RESYNC_MS;
    this.#linksDue = true;
    this.#allRoutesDue = true;
  }

  /** Goes on with the look at all routes; a new one begins only after the last has ended and rested. */
  #sweepSlice(now_ms: number): void {
    if (this.#routesDue.size === 0) {
      if (!this.#allRoutesDue || now_ms < this.#sweepNotBefore_ms) return;
      this.#allRoutesDue = false;
      this.#sweepSpent_ms = 0;
      for (const address of this.#entries.keys()) this.#routesDue.add(address);
    }
    for (const address of [...this.#routesDue.values().take(SLICE)]) {
      this.#look(address);
      this.#routesDue.delete(address);
    }
    const end_ms = this.#clock.monotonic_ms();
    this.#sweepSpent_ms += end_ms - now_ms;
    if (this.#routesDue.size === 0)
      this.#sweepNotBefore_ms = end_ms + Math.max(COALESCE_MS, this.#sweepSpent_ms * REST_FACTOR);
  }

  /** Asks for the route, and for the neighbour that it leads to. */
  #look(address: Address): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.answer = this.#askRoute(address);
    this.#neighbours.assign(address, neighbourToAsk(address, entry.answer));
    this.#choose(address);
  }

  #askRoute(address: Address): RouteAnswer {
    try {
      return { route: this.#rtnetlink.routeTo(address) };
    } catch (error) {
      if (error instanceof SystemError) return { errno: error.errno };
      throw error;
    }
  }

  #choose(address: Address): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    const { answer } = entry;
    const index = 'route' in answer ? answer.route.interface_index : undefined;
    const hop = chooseHop(address, {
      answer,
      link: index === undefined ? undefined : this.#link(index),
      ...this.#neighbours.factsFor(address),
    });
    if (entry.hop !== undefined && sameHop(entry.hop, hop)) return;
    entry.hop = hop;
    this.#options.onChange(hop);
  }

  /** An interface may be newer than the last word about it. */
  #link(index: number): Link | undefined {
    const known = this.#links.get(index);
    if (known !== undefined) return known;
    const link = this.#rtnetlink.link(index);
    if (link !== undefined) this.#links.set(index, link);
    return link;
  }

  #forget(address: Address): void {
    this.#entries.delete(address);
    this.#routesDue.delete(address);
    this.#neighbours.assign(address, undefined);
  }

  /** Has the kernel ask for what is due, on interfaces that can carry the question. */
  #kick(): void {
    if (this.#disposed) return;
    const { due_ms, refused } = this.#neighbours.kick((index) => {
      const link = this.#links.get(index);
      return link?.up === true && link.carrier && !link.noArp;
    });
    if (refused !== undefined) this.#tellRefusal(refused);
    if (due_ms !== undefined) this.#wakeBy(due_ms);
  }

  /** Now and then: what is refused for one neighbour may be refused for thousands. */
  #tellRefusal(refused: SystemError): void {
    const now_ms = this.#clock.monotonic_ms();
    if (now_ms < this.#quietUntil_ms) return;
    this.#quietUntil_ms = now_ms + REFUSAL_PAUSE_MS;
    const { code, message, remedy } = refused;
    this.#options.log('warn', 'the kernel refused to ask for a neighbour', { code, reason: message, remedy });
  }

  #readLinks(): void {
    this.#links = new Map(this.#rtnetlink.links().map((link) => [link.index, link]));
  }
}

/** Whether nothing changed that a hop is made of. */
function sameLink(one: Link | undefined, other: Link): boolean {
  return (
    one !== undefined &&
    one.name === other.name &&
    one.up === other.up &&
    one.carrier === other.carrier &&
    one.noArp === other.noArp &&
    one.mtu === other.mtu &&
    Buffer.compare(one.mac ?? EMPTY, other.mac ?? EMPTY) === 0
  );
}

const EMPTY = new Uint8Array();
