// Telling the neighbours that the VIPs are here now, so that their caches do not lead to the other director.
// Guarantees: never waits and never throws for what a network can do; each failure is reported with its VIP and reason;
// frames per announcement are bounded. Sockets stay open between announcements. Works in the network namespace that the
// calling thread is in at its first announcement on an interface.
import { type Address, address, type Family, familyOf } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { openPacketSocket, type PacketSocket } from '../../director/native/packet-socket.ts';
import type { Link, Route, Rtnetlink } from '../../director/native/rtnetlink.ts';
import { NUD } from '../../director/native/rtnetlink-codec.ts';
import { gratuitousArp, unsolicitedAdvertisement } from './announce-frames.ts';
import type { Vip } from './vip.ts';

/** Milliseconds after a takeover; frames get lost, and switches may still be learning when the first ones pass. */
const ANNOUNCE_AT_MS = [0, 50, 200, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** And then on and on: caches of hours were seen to keep a wrong answer otherwise. */
const ANNOUNCE_EVERY_MS = 30_000;
/** Neighbours of an interface that are told one by one, per announcement. */
const NEIGHBOURS_MAX = 256;
/** Frames to single neighbours in one announcement, all VIPs together. */
const UNICASTS_MAX = 4_096;
/** So many of them at a time, so that beats do not wait for long. */
const SLICE_FRAMES = 64;
const SLICE_EVERY_MS = 1;
const SETTLED = NUD.REACHABLE | NUD.STALE | NUD.DELAY | NUD.PROBE | NUD.PERMANENT;
/** Addresses far away, for documentation only (RFC 5737, RFC 3849): the way there is the default route. */
const FAR_AWAY = { 4: address('198.51.100.1'), 6: address('2001:db8::1') } as const;

export interface AnnounceFailure {
  readonly address: Address;
  /** As FairleadError has it: `errno-EPERM` where packet sockets are refused. */
  readonly code: string;
  readonly reason: string;
}

export interface AnnounceReport {
  /** Frames that were handed to interfaces. */
  readonly sent: number;
  readonly failures: readonly AnnounceFailure[];
}

interface Place {
  readonly link: Link;
  readonly mac: Uint8Array;
  readonly socket: PacketSocket;
}

/** One announcement: first to everybody, at once, then to each known neighbour, the gateways first, bit by bit. */
export class Announcement {
  readonly #announcer: Announcer;
  readonly #vips: readonly Vip[];
  readonly #failures = new Map<Vip, AnnounceFailure>();
  #unicasts: Iterator<void> | undefined;
  #sent = 0;

  constructor(announcer: Announcer, vips: readonly Vip[]) {
    this.#announcer = announcer;
    this.#vips = vips;
  }

  get report(): AnnounceReport {
    return { sent: this.#sent, failures: [...this.#failures.values()] };
  }

  broadcast(): void {
    for (const vip of this.#vips) this.#attempt(vip, () => this.#send(vip, undefined));
  }

  /** Returns whether there is more to do. */
  goOn(frames_max = SLICE_FRAMES): boolean {
    this.#unicasts ??= this.#tellNeighbours();
    const end = this.#sent + frames_max;
    while (this.#sent < end) if (this.#unicasts.next().done) return false;
    return true;
  }

  *#tellNeighbours(): Generator<void> {
    const most = this.#sent + UNICASTS_MAX;
    const told = this.#vips.filter((vip) => !this.#failures.has(vip));
    const ways = new Map(told.map((vip) => [`${vip.interface} ${familyOf(vip.address)}`, vip]));
    for (const { interface: name, address } of ways.values()) {
      const family = familyOf(address);
      const here = told.filter((vip) => vip.interface === name && familyOf(vip.address) === family);
      for (const to of this.#announcer.neighbours(name, family))
        for (const vip of here) {
          if (this.#sent >= most) return;
          this.#attempt(vip, () => this.#send(vip, to));
          yield;
        }
    }
  }

  #send(vip: Vip, to: Uint8Array | undefined): void {
    const place = this.#announcer.place(vip.interface);
    if (place === undefined) return; // no neighbours who could be misled
    for (const frame of this.#announcer.framesFor(vip, place, to)) {
      if (!place.socket.send(frame))
        throw new FairleadError('announce-queue-full', `The queue of ${place.link.name} is full.`);
      this.#sent++;
    }
  }

  #attempt(vip: Vip, action: () => void): void {
    if (this.#failures.has(vip)) return;
    try {
      action();
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      this.#failures.set(vip, {
        address: vip.address,
        code: error.code,
        reason: error.message,
      });
    }
  }
}

export class Announcer implements Disposable {
  readonly #rtnetlink: Rtnetlink;
  readonly #sockets = new Map<number, PacketSocket>();
  /** Of the announcement that is under way. */
  #links = new Map<string, Link>();
  readonly #routers = new Map<number, boolean>();

  /** The connection to rtnetlink stays the caller's. */
  constructor(rtnetlink: Rtnetlink) {
    this.#rtnetlink = rtnetlink;
  }

  /** Says it once: to everybody in both ARP forms, or by an advertisement; and to each known neighbour. */
  announce(vips: readonly Vip[]): AnnounceReport {
    const announcement = this.begin(vips);
    announcement.broadcast();
    while (announcement.goOn());
    return announcement.report;
  }

  /** Looks at the interfaces anew; the caller then broadcasts and goes on. One announcement at a time. */
  begin(vips: readonly Vip[]): Announcement {
    try {
      this.#links = new Map(this.#rtnetlink.links().map((link) => [link.name, link]));
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error; // those of the last time will do
    }
    this.#routers.clear();
    return new Announcement(this, vips);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) socket[Symbol.dispose]();
    this.#sockets.clear();
  }

  /** Undefined for an interface that has no neighbours. */
  place(name: string): Place | undefined {
    const link = this.#links.get(name);
    if (link === undefined)
      throw new FairleadError('announce-interface-missing', `There is no interface ${name}.`);
    if (link.loopback || link.noArp || link.mac === undefined) return undefined;
    return { link, mac: link.mac, socket: this.#socketOn(link) };
  }

  framesFor(vip: Vip, { link, mac }: Place, to: Uint8Array | undefined): Uint8Array[] {
    if (familyOf(vip.address) === 4)
      return [gratuitousArp(vip.address, mac, 'request', to), gratuitousArp(vip.address, mac, 'reply', to)];
    let router = this.#routers.get(link.index);
    if (router === undefined) {
      router = this.#rtnetlink.isForwarding(6, link.index);
      this.#routers.set(link.index, router);
    }
    return [unsolicitedAdvertisement(vip.address, mac, to === undefined ? { router } : { router, to })];
  }

  /** Link addresses of the known ones, the gateway's first. */
  neighbours(name: string, family: Family): Uint8Array[] {
    const link = this.#links.get(name);
    if (link === undefined) return [];
    const gateway = this.#defaultRoute(family)?.gateway;
    const known = this.#rtnetlink
      .neighbours({ family, interface_index: link.index })
      .filter((one) => (one.state & SETTLED) !== 0 && one.mac !== undefined);
    const sorted = [
      ...known.filter((one) => one.address === gateway),
      ...known.filter((one) => one.address !== gateway),
    ];
    return [...new Map(sorted.map(({ mac }) => [String(mac), mac!])).values()].slice(0, NEIGHBOURS_MAX);
  }

  /** Has the kernel find the gateways out, so that their link addresses are known when they are to be told. */
  findGateways(families: Iterable<Family>): void {
    for (const family of families) {
      const way = this.#defaultRoute(family);
      if (way?.gateway === undefined || way.interface_index === undefined) continue;
      try {
        if (this.#rtnetlink.neighbour(way.interface_index, way.gateway)?.mac === undefined)
          this.#rtnetlink.useNeighbour(way.interface_index, way.gateway);
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error; // its interface is down: nobody to be told
      }
    }
  }

  #defaultRoute(family: Family): Route | undefined {
    try {
      return this.#rtnetlink.routeTo(FAR_AWAY[family]);
    } catch (error) {
      if (error instanceof FairleadError) return undefined; // there is none
      throw error;
    }
  }

  /** Interfaces come and go; a number is used once. */
  #socketOn(link: Link): PacketSocket {
    const present = this.#sockets.get(link.index);
    if (present !== undefined) return present;
    const indexes = new Set([...this.#links.values()].map((one) => one.index));
    for (const [index, socket] of this.#sockets) {
      if (indexes.has(index)) continue;
      socket[Symbol.dispose]();
      this.#sockets.delete(index);
    }
    const socket = openPacketSocket(link.index);
    this.#sockets.set(link.index, socket);
    return socket;
  }
}

/** Announces at once and again by the timetable above, until disposed. Each announcement is reported when it is complete. */
export function startAnnouncing(options: {
  readonly announcer: Announcer;
  readonly vips: readonly Vip[];
  readonly clock: Clock;
  readonly onReport?: (report: AnnounceReport) => void;
}): Disposable {
  const { announcer, vips, clock } = options;
  const start_ms = clock.monotonic_ms();
  let round = 0;
  let timer: Disposable | undefined;
  const begin = () => {
    const announcement = announcer.begin(vips);
    announcement.broadcast();
    timer = clock.after(SLICE_EVERY_MS, () => goOn(announcement));
  };
  const goOn = (announcement: Announcement) => {
    if (announcement.goOn()) timer = clock.after(SLICE_EVERY_MS, () => goOn(announcement));
    else {
      round++;
      const wait_ms = start_ms + announceAt(round) - clock.monotonic_ms();
      timer = clock.after(Math.max(0, wait_ms), begin);
      options.onReport?.(announcement.report);
    }
  };
  begin();
  return {
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
    },
  };
}

/** Milliseconds from the takeover to the nth announcement. */
export function announceAt(round: number): number {
  const last = ANNOUNCE_AT_MS.length - 1;
  return ANNOUNCE_AT_MS[round] ?? ANNOUNCE_AT_MS[last]! + (round - last) * ANNOUNCE_EVERY_MS;
}
