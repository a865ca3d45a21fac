// Telling the neighbours that the VIPs are here now, so that their caches do not lead to the other director.
// Guarantees: never waits and never throws for what a network can do; each failure is reported with its VIP and reason;
// frames per announcement are bounded. Sockets stay open between announcements. Works in the network namespace that the
// calling thread is in at its first announcement on an interface.
import type { Address } from '../../director/model/address.ts';
import { familyOf } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { openPacketSocket, type PacketSocket } from '../../director/native/packet-socket.ts';
import type { Link, Rtnetlink } from '../../director/native/rtnetlink.ts';
import { NUD } from '../../director/native/rtnetlink-codec.ts';
import { gratuitousArp, unsolicitedAdvertisement } from './announce-frames.ts';
import type { Vip } from './vip.ts';

/** Milliseconds after a takeover; frames get lost, and switches may still be learning when the first ones pass. */
const ANNOUNCE_AT_MS = [0, 50, 200, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** And then on and on: caches of hours were seen to keep a wrong answer otherwise. */
const ANNOUNCE_EVERY_MS = 30_000;
/** Neighbours that are told one by one, per VIP and announcement. */
const NEIGHBOURS_MAX = 256;
const SETTLED = NUD.REACHABLE | NUD.STALE | NUD.DELAY | NUD.PROBE | NUD.PERMANENT;

export interface AnnounceReport {
  /** Frames that were handed to interfaces. */
  readonly sent: number;
  readonly failures: readonly { readonly address: Address; readonly reason: string }[];
}

export class Announcer implements Disposable {
  readonly #rtnetlink: Rtnetlink;
  readonly #sockets = new Map<number, PacketSocket>();

  /** The connection to rtnetlink stays the caller's. */
  constructor(rtnetlink: Rtnetlink) {
    this.#rtnetlink = rtnetlink;
  }

  /** Says it once: to everybody in both ARP forms, or by an advertisement; and to each known neighbour. */
  announce(vips: readonly Vip[]): AnnounceReport {
    const failures: { address: Address; reason: string }[] = [];
    let sent = 0;
    for (const vip of vips) {
      try {
        sent += this.#announceOne(vip);
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
        failures.push({ address: vip.address, reason: error.message });
      }
    }
    return { sent, failures };
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) socket[Symbol.dispose]();
    this.#sockets.clear();
  }

  #announceOne(vip: Vip): number {
    const link = this.#rtnetlink.link(vip.interface);
    if (link === undefined)
      throw new FairleadError('announce-interface-missing', `There is no interface ${vip.interface}.`);
    if (link.loopback || link.noArp || link.mac === undefined) return 0; // no neighbours who could be misled
    const socket = this.#socketOn(link);
    let sent = 0;
    for (const frame of this.#framesFor(vip, link, link.mac)) {
      if (!socket.send(frame))
        throw new FairleadError('announce-queue-full', `The queue of ${link.name} is full.`);
      sent++;
    }
    return sent;
  }

  #framesFor(vip: Vip, link: Link, mac: Uint8Array): Uint8Array[] {
    const family = familyOf(vip.address);
    const neighbours = this.#rtnetlink
      .neighbours({ family, interface_index: link.index })
      .filter((one) => (one.state & SETTLED) !== 0 && one.mac !== undefined && one.address !== vip.address)
      .slice(0, NEIGHBOURS_MAX);
    const macs = new Map(neighbours.map(({ mac: to }) => [String(to), to!]));
    const targets = [undefined, ...macs.values()];
    if (family === 6) {
      const router = this.#rtnetlink.isForwarding(6, link.index);
      return targets.map((to) =>
        unsolicitedAdvertisement(vip.address, mac, to === undefined ? { router } : { router, to }),
      );
    }
    return targets.flatMap((to) => [
      gratuitousArp(vip.address, mac, 'request', to),
      gratuitousArp(vip.address, mac, 'reply', to),
    ]);
  }

  /** Interfaces come and go; a number is used once. */
  #socketOn(link: Link): PacketSocket {
    const present = this.#sockets.get(link.index);
    if (present !== undefined) return present;
    for (const [index, socket] of this.#sockets) {
      if (this.#rtnetlink.link(index) !== undefined) continue;
      socket[Symbol.dispose]();
      this.#sockets.delete(index);
    }
    const socket = openPacketSocket(link.index);
    this.#sockets.set(link.index, socket);
    return socket;
  }
}

/** Announces at once and again by the timetable above, until disposed. Each announcement is reported. */
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
  const next = () => {
    const report = announcer.announce(vips);
    round++;
    const now_ms = clock.monotonic_ms();
    timer = clock.after(Math.max(0, start_ms + announceAt(round) - now_ms), next);
    options.onReport?.(report);
  };
  next();
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
