// The table of this director and that of its peer, kept the same: puts together the session, the events of the ring, what goes
// out beside them and what comes in. Pure: it is given the table as a port, datagrams, time and chance, and gives datagrams.
import { Applier } from './applier.ts';
import { type ControlRecord, DIGESTS_PER_RECORD, RangeSet, WHAT } from './control-record.ts';
import { EventFeed } from './event-feed.ts';
import { type Flushed, Flushes } from './flushes.ts';
import { RANGES } from './hash.ts';
import { Incoming } from './incoming.ts';
import { Lag } from './lag.ts';
import { Mirror } from './mirror.ts';
import { Outgoing } from './outgoing.ts';
import type { TablePort } from './port.ts';
import { Session, type SessionEffect, type SessionInput } from './session.ts';

const DIGESTS_MS = 2_000;
const PLEASE_MS = 3_000;
const TURN_MS = 10_000;
const DRAIN_SLICE = 4_096;
const SEAL_MS = 1;
/** Number of an offer that nobody pleaded for. */
const UNASKED = 0xffff_ffff;

export interface ReplicaSettings {
  readonly cluster: number;
  readonly node: number;
  readonly peer: number;
  readonly random: () => number;
  /** `length` bytes, behind which the MAC goes. */
  readonly send: (bytes: Uint8Array, length: number, batch: boolean) => void;
  readonly record: (event: string, reason: string, evidence: Record<string, unknown>) => void;
}

export class Replica {
  readonly session: Session;
  readonly mirror: Mirror;
  readonly feed: EventFeed;
  readonly outgoing: Outgoing;
  readonly incoming: Incoming;
  readonly applier: Applier;
  readonly lag = new Lag();
  eventsLost = 0;
  readonly #settings: ReplicaSettings;
  readonly #port: TablePort;
  #now = 0;
  #lostBefore: number;
  #digests_at = 0;
  #please_at = 0;
  /** What the peer is asked to begin anew for; its answer to an earlier one has gaps. */
  #plea = 0;
  #turned_at = 0;
  #sealed_at = 0;
  #toldHas = false;
  #digestsDue = false;
  #askDue = false;
  /** A request that waits until what was made here has been told. */
  #request: { number: number; ranges: RangeSet } | undefined;
  readonly #flushes: Flushes;

  constructor(settings: ReplicaSettings, port: TablePort) {
    this.#settings = settings;
    this.#port = port;
    this.#lostBefore = port.lost();
    this.session = new Session({
      ...settings,
      acknowledged: (event_at, events) => this.lag.add(Math.max(0, this.#now - event_at), events),
    });
    this.#flushes = new Flushes(this.session);
    this.mirror = new Mirror(port.slotsLimit);
    this.feed = new EventFeed(port, this.mirror, this.session.outbound);
    this.outgoing = new Outgoing(port, this.mirror, this.feed, this.session.outbound);
    this.incoming = new Incoming(port, this.mirror);
    this.applier = new Applier(port, {
      upserted: (words) => this.incoming.upserted(words, this.#now),
      control: (record) => this.#control(record),
    });
    port.installed = (slot, left_ms) => this.mirror.tell(slot, this.#now + left_ms);
  }

  get isComplete(): boolean {
    return this.session.isUp && this.incoming.has && this.session.hasOurs;
  }

  /** An authentic datagram; its bytes are kept. */
  receive(bytes: Uint8Array, length: number, now: number): void {
    this.#step({ kind: 'datagram', bytes, length }, now);
  }

  setRole(active: boolean, epoch: number, now: number): void {
    if (active) this.#step({ kind: 'take-over' }, now);
    this.#port.install();
    // The peer may know newer states than an incomplete table; from now on this one is what counts, and it is told so.
    if (active && !this.outgoing.isActive && !this.isComplete) this.#askDue = true;
    this.outgoing.isActive = active;
    this.#step({ kind: 'role', active, epoch }, now);
  }

  /** Something that found no place here may find one now: compared at once. */
  recheck(now: number): void {
    this.#now = now;
    if (!this.session.isUp || this.session.isAuthority) return;
    this.incoming.suspect();
    this.outgoing.say(WHAT.request, this.#plea, new RangeSet().bytes);
    this.#seal(now);
  }

  /** Takes events off the ring. Returns how many; what was written goes out at once unless it just did. */
  drain(now: number, limit = DRAIN_SLICE): number {
    this.#now = now;
    const drained = this.feed.drain(limit);
    this.#sealWhenDue(now);
    return drained;
  }

  /** Everything that came in during this turn of the loop is installed; the rest that time brings. */
  tick(now: number): void {
    this.#now = now;
    this.#port.install();
    this.#checkLost();
    this.#scheduleDigests(now);
    if (now - this.#turned_at >= TURN_MS) {
      this.#turned_at = now;
      this.lag.turn();
    }
    if (this.outgoing.isBuilt) this.#step({ kind: 'tick' }, now);
    this.#sealWhenDue(now);
    this.#flushes.settle(now);
  }

  /** A slice of background work. True: there is more. */
  work(now: number): boolean {
    this.#now = now;
    const out = this.outgoing.work(now);
    if (this.session.outbound.hasOpen && this.outgoing.isScanning) this.#seal(now);
    if (this.#request && !this.outgoing.isOffering) this.#sendRequest();
    const within = this.incoming.work(now, !this.session.isAuthority);
    this.feed.protect = this.incoming.mentioned;
    this.#tellHas(now);
    return out || within;
  }

  /** When to call `tick` again at the latest. */
  wakeAt(now: number): number {
    const session = this.session.wakeAt(now);
    return this.session.outbound.hasOpen ? Math.min(session, this.#sealed_at + SEAL_MS) : session;
  }

  /** Everything until now to the peer; `done` when it has acknowledged it. */
  flush(now: number, within_ms: number, done: Flushed): void {
    this.#now = now;
    const sent = this.feed.counts.sent;
    while (this.feed.drain(DRAIN_SLICE) === DRAIN_SLICE);
    this.#seal(now);
    this.#flushes.add(now, within_ms, this.feed.counts.sent - sent, done);
  }

  #step(input: SessionInput, now: number): void {
    this.#now = now;
    const effects = this.session.step(input, now);
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#settings.send(effect.bytes, effect.length, effect.batch);
        break;
      case 'deliver':
        this.applier.apply(effect.bytes, effect.records, !this.session.isAuthority);
        break;
      case 'up':
        this.#begin();
        this.#settings.record('sync-up', 'The peer answers; the tables are compared.', {});
        break;
      case 'back':
        this.feed.on = true;
        break;
      case 'silent':
        this.#end();
        this.#settings.record('sync-silent', 'Nothing has been heard from the peer for a second.', {});
        break;
      case 'gap':
        // What is lost shows in the digests, or is told again.
        this.incoming.has = false;
        this.incoming.stop();
        this.#request = undefined;
        this.#please_at = 0;
        this.#plea = (this.#plea + 1) >>> 0;
        this.#settings.record('sync-gap', 'Batches of the peer are lost; the tables are compared.', {
          lost: effect.lost,
        });
        break;
      case 'peer-role':
        break;
    }
  }

  #begin(): void {
    this.#end();
    this.incoming.has = false;
    this.feed.on = true;
    this.#askDue = false;
    this.#plea = 0;
    this.#please_at = this.#now + PLEASE_MS;
    if (this.session.isAuthority) this.#digestsDue = true;
    else this.outgoing.offerOwn(0);
  }

  /** Nobody listens: what was under way is void. */
  #end(): void {
    this.feed.on = false;
    this.outgoing.stop();
    this.incoming.stop();
    this.#request = undefined;
    this.#digestsDue = false;
  }

  #control(record: ControlRecord): void {
    const peerRules = !this.session.isAuthority;
    switch (record.what) {
      case WHAT.digests:
        if (peerRules && this.outgoing.isBuilt) this.#compare(record.number);
        break;
      case WHAT.request:
        if (record.ranges.some((byte) => byte !== 0)) this.outgoing.tellRanges(record.number, record.ranges);
        else if (peerRules) this.outgoing.offerOwn(record.number);
        else this.#digestsDue = true;
        break;
      case WHAT.end:
        this.#drainAll();
        this.incoming.told(record);
        break;
      case WHAT.offered:
        if (!peerRules && record.number === this.#plea) this.incoming.has = true;
        break;
      case WHAT.ask:
        if (peerRules) this.#askFor(record.ranges);
        break;
    }
  }

  #compare(first: number): void {
    if (first === 0) {
      this.#drainAll();
      this.incoming.freeze();
    }
    if (first !== RANGES - DIGESTS_PER_RECORD) return;
    const request = this.incoming.compare(this.applier.digests, this.#now);
    if (request) this.#request = request;
    this.feed.protect = this.incoming.mentioned;
  }

  #askFor(ranges: Uint8Array): void {
    const wanted = new RangeSet();
    wanted.addAll(ranges);
    this.incoming.stop();
    // What was made here goes first: the request ends with the removal of what the peer did not mention.
    this.outgoing.offerOwn(UNASKED);
    this.#request = this.incoming.request(wanted, this.mirror.entries, this.#now);
    this.feed.protect = this.incoming.mentioned;
  }

  #sendRequest(): void {
    const { number, ranges } = this.#request!;
    this.#request = undefined;
    this.outgoing.say(WHAT.request, number, ranges.bytes);
    this.#seal(this.#now);
  }

  #scheduleDigests(now: number): void {
    if (!this.session.isUp || !this.outgoing.isBuilt) return;
    if (!this.incoming.has && !this.incoming.isRepairing && now >= this.#please_at) {
      this.#please_at = now + PLEASE_MS;
      this.outgoing.say(WHAT.request, this.#plea, new RangeSet().bytes);
    }
    if (!this.session.isAuthority) return;
    if (this.#askDue) {
      this.#askDue = false;
      const all = new RangeSet();
      all.fill();
      this.outgoing.say(WHAT.ask, 0, all.bytes);
    }
    if (this.outgoing.isScanning || (!this.#digestsDue && now - this.#digests_at < DIGESTS_MS)) return;
    if (this.session.outbound.waiting > 0) return;
    this.#digestsDue = false;
    this.#digests_at = now;
    this.#drainAll();
    this.outgoing.tellDigests();
    this.#seal(now);
  }

  #drainAll(): void {
    while (this.feed.drain(DRAIN_SLICE) === DRAIN_SLICE);
  }

  #checkLost(): void {
    const lost = this.#port.lost();
    if (lost !== this.#lostBefore) {
      const missing = (lost - this.#lostBefore) >>> 0;
      this.eventsLost += missing;
      this.#lostBefore = lost;
      this.outgoing.rebuild();
      this.#askDue = true;
      if (!this.session.isAuthority) this.outgoing.offerOwn(0);
      this.#settings.record('sync-events-lost', 'The ring of events was full; the table is told anew.', {
        lost: missing,
      });
    }
  }

  #sealWhenDue(now: number): void {
    const { outbound } = this.session;
    if (outbound.waiting === 0 && (!outbound.hasOpen || now < this.#sealed_at + SEAL_MS)) return;
    this.#seal(now);
  }

  #seal(now: number): void {
    this.#sealed_at = now;
    this.#step({ kind: 'seal' }, now);
  }

  #tellHas(now: number): void {
    const has = this.incoming.has;
    if (has === this.#toldHas) return;
    this.#toldHas = has;
    this.#step({ kind: 'has-theirs', has }, now);
  }
}
