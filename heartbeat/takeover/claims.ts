// Listening to who else claims a VIP, and asking whether somebody holds it. Guarantees: frames that claim no VIP never
// wake this process (the kernel filters them); one claimant is reported ten times a second at most; a flood of claims is read
// only up to a limit per second, and counted. Sockets belong to the network namespace of the calling thread.
import type { Address } from '../../director/model/address.ts';
import { familyOf } from '../../director/model/address.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { ETHERTYPE, openPacketSocket, type PacketSocket } from '../../director/native/packet-socket.ts';
import type { Link } from '../../director/native/rtnetlink.ts';
import { arpProbe, unspecifiedSolicitation } from './announce-frames.ts';
import { type Claim, claimFilter, macText, readClaim } from './claim-frames.ts';
import type { Vip } from './vip.ts';

const REPORT_EVERY_MS = 100;
/** A flood of claims is read for a while in each of these. */
const FLOOD_MS = 1_000;
/** Claimants that are remembered for that. */
const CLAIMANTS_MAX = 256;
/** Frames that are read per second and socket; beyond, the kernel's buffer overflows and the rest is lost. */
const FRAMES_MAX = 1_000;
const PROBES = 3;
/** Answers that are remembered, over all addresses. */
const HOLDERS_MAX = 8_192;

export interface ClaimCounters {
  /** Frames of others that claim a VIP. */
  readonly heard: number;
  readonly reported: number;
  /** Times that listening paused because there were too many. */
  readonly paused: number;
}

export interface ClaimWatch extends Disposable {
  /** Interfaces that cannot be listened to. */
  readonly failures: readonly { readonly interface: string; readonly reason: string }[];
  counters(): ClaimCounters;
}

export interface WatchOptions {
  /** This host's interfaces: where to listen, and which link addresses are not somebody else's. */
  readonly links: readonly Link[];
  readonly vips: readonly Vip[];
  readonly clock: Clock;
  readonly onClaim: (vip: Address, mac: string) => void;
}

export function watchClaims(options: WatchOptions): ClaimWatch {
  const { links, vips, clock, onClaim } = options;
  const own = ownMacs(links);
  const counters = { heard: 0, reported: 0, paused: 0 };
  const reported = new Map<string, number>();
  const hear = (claim: Claim) => {
    if (own.has(claim.mac)) return;
    counters.heard++;
    const now_ms = clock.monotonic_ms();
    const name = `${claim.address} ${claim.mac}`;
    const last_ms = reported.get(name);
    if (last_ms !== undefined && now_ms - last_ms < REPORT_EVERY_MS) return;
    if (reported.size >= CLAIMANTS_MAX) reported.clear();
    reported.set(name, now_ms);
    counters.reported++;
    onClaim(claim.address, claim.mac);
  };
  const onPause = () => counters.paused++;
  const { ears, failures } = openEars(links, vips, (ear) => listen(ear, clock, hear, onPause));
  return {
    failures,
    counters: () => ({ ...counters }),
    [Symbol.dispose]() {
      for (const ear of ears) ear[Symbol.dispose]();
    },
  };
}

type ProbeOptions = Pick<WatchOptions, 'links' | 'vips' | 'clock'> & { readonly timeout_ms: number };

/**
 * Asks for each VIP whether somebody on its link holds it, by ARP probes and solicitations that change nobody's cache.
 * Ends as soon as all are answered for, at the latest after the timeout. A question that cannot be asked has no answer.
 */
export function probeVips(options: ProbeOptions): Promise<readonly Claim[]> {
  const wanted = new Set(options.vips.map((vip) => vip.address)).size;
  return probe(options, (holders) => new Set(holders.map((claim) => claim.address)).size === wanted);
}

/** The same to the end of the time: everybody who answers, also where several do. */
export function collectClaims(options: ProbeOptions): Promise<readonly Claim[]> {
  return probe(options, () => false);
}

function probe(
  { links, vips, clock, timeout_ms }: ProbeOptions,
  isEnough: (holders: readonly Claim[]) => boolean,
): Promise<readonly Claim[]> {
  const own = ownMacs(links);
  const holders = new Map<string, Claim>();
  const answered = new Set<Address>();
  const done = Promise.withResolvers<readonly Claim[]>();
  const open: Disposable[] = [];
  const finish = () => {
    for (const item of open.splice(0)) item[Symbol.dispose]();
    done.resolve([...holders.values()]);
  };
  const hear = (claim: Claim) => {
    if (own.has(claim.mac) || holders.size >= HOLDERS_MAX) return;
    holders.set(`${claim.address} ${claim.mac}`, claim);
    answered.add(claim.address);
    if (isEnough([...holders.values()])) finish();
  };
  const { ears } = openEars(links, vips, (ear) => listen(ear, clock, hear, () => {}));
  open.push(...ears);
  const ask = () => {
    for (const ear of ears)
      for (const address of ear.addresses) if (!answered.has(address)) sendQuietly(ear, address);
  };
  ask();
  for (let turn = 1; turn < PROBES; turn++) open.push(clock.after((timeout_ms / PROBES) * turn, ask));
  open.push(clock.after(timeout_ms, finish));
  return done.promise;
}

/** One socket, for the VIPs of one family on one interface. */
interface Ear extends Disposable {
  readonly socket: PacketSocket;
  readonly addresses: ReadonlySet<Address>;
  readonly mac: Uint8Array;
}

function openEars(
  links: readonly Link[],
  vips: readonly Vip[],
  start: (ear: Ear) => Disposable,
): { ears: Ear[]; failures: { interface: string; reason: string }[] } {
  const ears: Ear[] = [];
  const failures: { interface: string; reason: string }[] = [];
  for (const link of links) {
    const { mac } = link;
    if (link.loopback || link.noArp || mac === undefined) continue;
    for (const family of [4, 6] as const) {
      const addresses = vips
        .filter((vip) => vip.interface === link.name && familyOf(vip.address) === family)
        .map((vip) => vip.address);
      if (addresses.length === 0) continue;
      try {
        const ethertype = family === 4 ? ETHERTYPE.arp : ETHERTYPE.ipv6;
        const socket = openPacketSocket(link.index, ethertype, claimFilter(family, addresses));
        let listening: Disposable | undefined;
        const ear: Ear = {
          socket,
          addresses: new Set(addresses),
          mac,
          [Symbol.dispose]() {
            listening?.[Symbol.dispose]();
            socket[Symbol.dispose]();
          },
        };
        listening = start(ear);
        ears.push(ear);
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
        failures.push({ interface: link.name, reason: error.message });
      }
    }
  }
  return { ears, failures };
}

/** Reads until there were too many within a second; goes on after another one. */
function listen(ear: Ear, clock: Clock, hear: (claim: Claim) => void, onPause: () => void): Disposable {
  let listening: Disposable | undefined;
  let pause: Disposable | undefined;
  let began_ms = clock.monotonic_ms();
  let frames = 0;
  const start = () => {
    began_ms = clock.monotonic_ms();
    frames = 0;
    listening = ear.socket.onFrame((frame) => {
      const claim = readClaim(frame);
      if (claim !== undefined && ear.addresses.has(claim.address)) hear(claim);
      if (++frames < FRAMES_MAX) return;
      const now_ms = clock.monotonic_ms();
      frames = 0;
      if (now_ms - began_ms < FLOOD_MS) {
        onPause();
        listening?.[Symbol.dispose]();
        pause = clock.after(FLOOD_MS, start);
      }
      began_ms = now_ms;
    });
  };
  start();
  return {
    [Symbol.dispose]() {
      pause?.[Symbol.dispose]();
      listening?.[Symbol.dispose]();
    },
  };
}

/** An interface that is down now may be up for the next question. */
function sendQuietly(ear: Ear, address: Address): void {
  const ask = familyOf(address) === 4 ? arpProbe : unspecifiedSolicitation;
  try {
    ear.socket.send(ask(address, ear.mac));
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
  }
}

function ownMacs(links: readonly Link[]): ReadonlySet<string> {
  return new Set(links.flatMap(({ mac }) => (mac === undefined ? [] : [macText(mac)])));
}
