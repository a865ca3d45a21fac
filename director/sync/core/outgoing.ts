// What goes out of the table beside its events, in slices: ranges that the peer asked for, what this director has made by
// itself, digests, and entries whose life has gone on without an event. Guarantees: an entry that changes while it is read is
// not told (its event comes); nothing but signs of life is added while the peer is behind, so that events go first.
import { SLACK_MS } from './applier.ts';
import {
  CONTROL_BYTES,
  DIGESTS_BYTES,
  DIGESTS_PER_RECORD,
  RangeSet,
  WHAT,
  writeControl,
  writeDigests,
} from './control-record.ts';
import type { EventFeed } from './event-feed.ts';
import { RANGES, rangeOf } from './hash.ts';
import type { Mirror } from './mirror.ts';
import type { Outbound } from './outbound.ts';
import type { TablePort } from './port.ts';
import { OPERATION, RECORD_FLAG, writeRecord } from './record.ts';
import { KIND, kindOf, msAt, SLOT_WORDS, WORD } from './slot.ts';

/** Batches of scans under way; events have the rest of the window. */
const UNDER_WAY_MAX = 64;
const WAITING_MAX = 8;
const SLICE = 16_384;
const LOOK_SLICE = 65_536;
/** The whole table is looked at in this time. */
const ROUND_MS = 10_000;
/** A standby's copy lives SLACK_MS longer than the original; that must never come back as a sign of life. */
const TOUCH_LEAST_MS = 2 * SLACK_MS;

interface Scan {
  readonly kind: 'ranges' | 'own';
  readonly number: number;
  readonly ranges: RangeSet;
  cursor: number;
  readonly end: number;
}

export class Outgoing {
  readonly counts = { bulk: 0, touched: 0 };
  /** What an active director finds in its table is its own to tell, should it yield before its peer has all of it. */
  isActive = false;
  readonly #port: TablePort;
  readonly #mirror: Mirror;
  readonly #feed: EventFeed;
  readonly #outbound: Outbound;
  #scan: Scan | undefined;
  #next: Scan | undefined;
  #looked = 0;
  #looked_at: number | undefined;
  /** Where the building of the mirror has come to; undefined: it is complete. */
  #building: number | undefined = 0;

  constructor(port: TablePort, mirror: Mirror, feed: EventFeed, outbound: Outbound) {
    this.#port = port;
    this.#mirror = mirror;
    this.#feed = feed;
    this.#outbound = outbound;
  }

  /** The mirror says what the table says. */
  get isBuilt(): boolean {
    return this.#building === undefined;
  }
  get isScanning(): boolean {
    return this.#scan !== undefined;
  }
  get isOffering(): boolean {
    return this.#scan?.kind === 'own' || this.#next?.kind === 'own';
  }
  /** Of the scan under way, 0 to 1. */
  get progress(): number | undefined {
    return this.#scan ? this.#scan.cursor / Math.max(1, this.#scan.end) : undefined;
  }

  /** Events were lost: look at the whole table. */
  rebuild(): void {
    this.#building = 0;
  }

  stop(): void {
    this.#scan = this.#next = undefined;
  }

  /** Tells all of these ranges. A request while another is answered waits for its turn; of two, the later. */
  tellRanges(number: number, ranges: Uint8Array): void {
    const wanted = new RangeSet();
    wanted.addAll(ranges);
    this.#queue('ranges', number, wanted);
  }

  /** Tells what this director has made and the peer may not know. Asked again under the same number, it goes on. */
  offerOwn(number: number): void {
    if (this.#scan?.kind === 'own' && this.#scan.number === number) return;
    this.#queue('own', number, new RangeSet());
  }

  say(what: number, number: number, ranges: Uint8Array): void {
    const batch = this.#outbound.room(CONTROL_BYTES);
    this.#outbound.wrote(batch, writeControl(batch.view, batch.end, what, number, ranges), 0);
  }

  /** The digests of this moment; whoever calls has drained the ring. */
  tellDigests(): void {
    for (let first = 0; first < RANGES; first += DIGESTS_PER_RECORD) {
      const batch = this.#outbound.room(DIGESTS_BYTES);
      this.#outbound.wrote(batch, writeDigests(batch.view, batch.end, this.#mirror.digests, first), 0);
    }
  }

  /** One slice of what there is to do. True: there is more, and room for it. */
  work(now: number): boolean {
    if (this.#building !== undefined) return this.#build();
    if (this.#feed.on) this.#lookRound(now);
    if (!this.#scan) return false;
    let slots = SLICE;
    while (slots > 0 && this.#hasRoom) {
      const scan = this.#scan;
      const to = Math.min(scan.end, scan.cursor + 256, scan.cursor + slots);
      slots -= to - scan.cursor;
      for (; scan.cursor < to; scan.cursor++)
        if (this.#isWanted(scan)) this.#tell(scan.cursor, OPERATION.bulk, now);
      if (scan.cursor >= scan.end) {
        this.#finish(scan);
        if (!this.#scan) return false;
      }
    }
    return this.#hasRoom;
  }

  get #hasRoom(): boolean {
    return this.#outbound.waiting < WAITING_MAX && this.#outbound.underWay < UNDER_WAY_MAX;
  }

  #queue(kind: Scan['kind'], number: number, ranges: RangeSet): void {
    const scan = { kind, number, ranges, cursor: 0, end: this.#port.slotsInUse };
    if (this.#scan && this.#scan.kind !== kind) {
      this.#next = scan;
      return;
    }
    this.#scan = scan;
    if (kind === 'ranges') this.say(WHAT.begin, number, ranges.bytes);
  }

  #isWanted({ kind, cursor, ranges }: Scan): boolean {
    if (!this.#mirror.holds(cursor)) return false;
    return kind === 'own' ? this.#mirror.isOwn(cursor) : ranges.has(rangeOf(this.#mirror.keys[cursor]!));
  }

  #finish(scan: Scan): void {
    // What was made meanwhile goes before the word that this was all.
    this.#feed.drain(Number.MAX_SAFE_INTEGER);
    this.say(scan.kind === 'own' ? WHAT.offered : WHAT.end, scan.number, scan.ranges.bytes);
    const next = this.#next;
    this.#scan = this.#next = undefined;
    if (next) this.#queue(next.kind, next.number, next.ranges);
  }

  #tell(slot: number, operation: number, now: number): boolean {
    const { slots } = this.#port;
    const at = slot * SLOT_WORDS;
    const word = slots[at]!;
    const generation = slots[at + WORD.generation];
    const kind = kindOf(word);
    if (kind !== KIND.connection && kind !== KIND.template) return false;
    const until_ms = msAt(slots, at + WORD.seen_ns) + this.#feed.lifetime_ms(slots, at);
    const controlled = kind === KIND.connection && this.#port.isControlled(slot) ? RECORD_FLAG.controlled : 0;
    const batch = this.#outbound.room();
    const end = writeRecord(batch.view, batch.end, slots, at, word, operation, controlled, until_ms - now);
    if (slots[at + WORD.generation] !== generation || kindOf(slots[at]!) !== kind) return false;
    this.#outbound.wrote(batch, end, 0);
    this.#mirror.tell(slot, until_ms);
    if (operation === OPERATION.bulk) this.counts.bulk++;
    else this.counts.touched++;
    return true;
  }

  #build(): boolean {
    const from = this.#building!;
    const to = Math.min(from + LOOK_SLICE, this.#port.slotsInUse);
    for (let slot = from; slot < to; slot++) this.#mirror.look(slot, this.#port.slots, this.isActive);
    this.#building = to < this.#port.slotsInUse ? to : undefined;
    return true;
  }

  /** The next part of the table, as much as is due by now. */
  #lookRound(now: number): void {
    const passed_ms = Math.min(1_000, now - (this.#looked_at ?? now));
    this.#looked_at ??= now;
    const { slotsInUse } = this.#port;
    const due = Math.floor((slotsInUse * passed_ms) / ROUND_MS);
    if (due < 1 || this.#outbound.waiting > WAITING_MAX) return;
    this.#looked_at = now;
    for (let count = 0; count < due; count++) {
      if (this.#looked >= slotsInUse) this.#looked = 0;
      this.#lookAt(this.#looked++, now);
    }
  }

  #lookAt(slot: number, now: number): void {
    const { slots } = this.#port;
    this.#mirror.look(slot, slots, false);
    if (!this.#mirror.holds(slot)) return;
    const at = slot * SLOT_WORDS;
    const lifetime_ms = this.#feed.lifetime_ms(slots, at);
    const told_ms = this.#mirror.told_ms(slot);
    if (told_ms === 0) {
      // Nobody knows what the peer was told, by an earlier process maybe: all are told again, but not at once.
      const share = (this.#mirror.wholes[slot]! & 0xff) / 512;
      this.#mirror.tell(slot, now + lifetime_ms * (0.5 + share));
      return;
    }
    if (told_ms - now >= lifetime_ms / 2) return;
    const until_ms = msAt(slots, at + WORD.seen_ns) + lifetime_ms;
    if (until_ms - told_ms >= Math.max(TOUCH_LEAST_MS, lifetime_ms / 10))
      this.#tell(slot, OPERATION.touch, now);
  }
}
