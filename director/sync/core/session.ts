// The conversation of two sync processes: who talks to whom (session numbers, see datagram.ts), is the peer there, batches out
// and in. One state machine: `step(input, now)` gives effects in the order in which they are to be carried out; time and
// random numbers are arguments. What the batches say is replica.ts' business.
import {
  DATAGRAM_KIND,
  type DatagramFault,
  emptyHeader,
  FLAG,
  HEADER_BYTES,
  type Header,
  MAC_BYTES,
  readHeader,
  writeHeader,
} from './datagram.ts';
import { type Arrived, Inbound } from './inbound.ts';
import { type Acknowledged, type Batch, Outbound } from './outbound.ts';

const KEEPALIVE_MS = 100;
const SILENT_MS = 1_000;
const ACK_DELAY_MS = 2;
const ANSWER_LEAST_MS = 20;

export interface SessionSettings {
  readonly cluster: number;
  readonly node: number;
  readonly peer: number;
  /** An integer from 1 to 2^53 - 1 by chance. */
  readonly random: () => number;
  readonly acknowledged: Acknowledged;
}

export type SessionInput =
  /** Authentic; `bytes` belong to the session from now on. `length` with MAC. */
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly length: number }
  | { readonly kind: 'role'; readonly active: boolean; readonly epoch: number }
  /** This director has the peer's whole table, or not any more. */
  | { readonly kind: 'has-theirs'; readonly has: boolean }
  /** What has been written into the outbound batch goes out. */
  | { readonly kind: 'seal' }
  /** The peer is known to be gone: what waits for something missing is to be used. */
  | { readonly kind: 'take-over' }
  | { readonly kind: 'tick' };

export type SessionEffect =
  /** `length` bytes, behind which the MAC goes. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly length: number; readonly batch: boolean }
  | { readonly kind: 'deliver'; readonly bytes: Uint8Array; readonly records: number }
  /** A new session: both begin anew. */
  | { readonly kind: 'up' }
  /** Nothing was heard for SILENT_MS. */
  | { readonly kind: 'silent' }
  /** The same session goes on. */
  | { readonly kind: 'back' }
  /** So many batches of the peer are lost for good. */
  | { readonly kind: 'gap'; readonly lost: number }
  | {
      readonly kind: 'peer-role';
      readonly active: boolean;
      readonly epoch: number;
      readonly hasOurs: boolean;
    };

export type Rejection =
  | DatagramFault
  | 'other-cluster'
  | 'not-the-peer'
  | 'other-session'
  | 'replayed'
  | 'beyond-window';

export class Session {
  readonly outbound = new Outbound();
  readonly #settings: SessionSettings;
  readonly #inbound = new Inbound();
  readonly #header = emptyHeader();
  readonly #out = emptyHeader();
  readonly #note = new Uint8Array(HEADER_BYTES + MAC_BYTES);
  #mine: number;
  #theirs = 0;
  /** What a peer that begins anew is offered. */
  #candidate: number;
  #alive = false;
  #serial = 0;
  #active = false;
  #epoch = 0;
  #hasTheirs = false;
  #peerActive = false;
  #peerEpoch = 0;
  #hasOurs = false;
  #heard_at = Number.NEGATIVE_INFINITY;
  #sent_at = Number.NEGATIVE_INFINITY;
  #noted_at = Number.NEGATIVE_INFINITY;
  #answered_at = Number.NEGATIVE_INFINITY;
  #renewed_at = Number.NEGATIVE_INFINITY;
  #owesAck = false;
  #owesNote = false;
  readonly rejected: Partial<Record<Rejection, number>> = {};
  readonly counts = { sent: 0, sent_bytes: 0, received: 0, received_bytes: 0, missed: 0, duplicates: 0 };

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#mine = settings.random();
    this.#candidate = settings.random();
  }

  get isUp(): boolean {
    return this.#alive;
  }
  get peerActive(): boolean {
    return this.#peerActive;
  }
  get peerEpoch(): number {
    return this.#peerEpoch;
  }
  /** The peer says that it has our whole table. */
  get hasOurs(): boolean {
    return this.#hasOurs;
  }
  /** Active before standby, then the higher epoch, then the name: both directors come to the same answer. */
  get isAuthority(): boolean {
    if (this.#active !== this.#peerActive) return this.#active;
    if (this.#epoch !== this.#peerEpoch) return this.#epoch > this.#peerEpoch;
    return this.#settings.node < this.#settings.peer;
  }
  /** When to call `step` with a tick at the latest. */
  wakeAt(now: number): number {
    if (this.#owesAck) return this.#noted_at + ACK_DELAY_MS;
    return this.outbound.underWay > 0 || this.outbound.waiting > 0 ? now + 5 : now + KEEPALIVE_MS / 4;
  }

  step(input: SessionInput, now: number): SessionEffect[] {
    const effects: SessionEffect[] = [];
    switch (input.kind) {
      case 'datagram':
        this.#receive(input.bytes, input.length, now, effects);
        break;
      case 'role':
        this.#active = input.active;
        this.#epoch = input.epoch;
        this.#sendNote(DATAGRAM_KIND.note, now, effects);
        break;
      case 'has-theirs':
        this.#hasTheirs = input.has;
        this.#sendNote(DATAGRAM_KIND.note, now, effects);
        break;
      case 'seal':
        this.outbound.seal();
        this.#transmit(now, effects);
        break;
      case 'take-over':
        this.#passAll(effects);
        break;
      case 'tick':
        this.#tick(now, effects);
        break;
    }
    return effects;
  }

  #tick(now: number, effects: SessionEffect[]): void {
    if (this.#alive && now - this.#heard_at > SILENT_MS) {
      this.#alive = false;
      this.#passAll(effects);
      this.outbound.abandon();
      effects.push({ kind: 'silent' });
    }
    this.#transmit(now, effects);
    if (this.#owesAck && now >= this.#noted_at + ACK_DELAY_MS)
      this.#sendNote(DATAGRAM_KIND.note, now, effects);
    else if (now - this.#sent_at >= KEEPALIVE_MS)
      this.#sendNote(this.#alive ? DATAGRAM_KIND.note : DATAGRAM_KIND.hello, now, effects);
  }

  #receive(bytes: Uint8Array, length: number, now: number, effects: SessionEffect[]): void {
    const header = this.#header;
    const view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.byteLength));
    const fault = readHeader(view, length, header);
    if (fault) this.#reject(fault);
    else if (header.cluster !== this.#settings.cluster) this.#reject('other-cluster');
    else if (header.sender !== this.#settings.peer) this.#reject('not-the-peer');
    else if (!this.#belongs(header, now, effects)) return;
    else if (!this.#inbound.isFresh(header.serial)) this.#reject('replayed');
    else this.#accept(header, bytes, length, now, effects);
  }

  #accept(header: Header, bytes: Uint8Array, length: number, now: number, effects: SessionEffect[]): void {
    this.counts.received++;
    this.counts.received_bytes += length;
    this.#heard_at = now;
    if (this.#inbound.isLatest(header.serial)) this.#learn(header, effects);
    if (!this.#alive) {
      this.#alive = true;
      effects.push({ kind: 'back' });
    }
    this.outbound.acknowledge(header.expected, header.ahead, now, this.#settings.acknowledged);
    if (header.kind === DATAGRAM_KIND.batch) this.#takeBatch(header, bytes, effects);
    else if (header.kind === DATAGRAM_KIND.note) this.#passTo(header.oldest, effects);
    // The peer may have begun by our word, and needs one in this session to know that it has.
    if (this.#owesNote) this.#sendNote(DATAGRAM_KIND.note, now, effects);
    this.#owesNote = false;
    this.#transmit(now, effects);
  }

  /** Whether a datagram is of the present session; begins one, or answers who wants to. */
  #belongs(header: Header, now: number, effects: SessionEffect[]): boolean {
    if (header.to === this.#mine && this.#theirs === header.from) return true;
    if (header.to === this.#mine && this.#theirs === 0) {
      this.#begin(this.#mine, header.from, effects);
      return true;
    }
    if (header.to === this.#candidate) {
      this.#begin(this.#candidate, header.from, effects);
      return true;
    }
    if (header.kind === DATAGRAM_KIND.hello && header.to === 0) {
      if (now - this.#answered_at >= ANSWER_LEAST_MS) {
        this.#answered_at = now;
        const known = this.#theirs === header.from || this.#theirs === 0;
        this.#sendHello(known ? this.#mine : this.#candidate, header.from, now, effects);
      }
      return false;
    }
    this.#reject('other-session');
    // Two that talk past each other find together again by new numbers.
    if (!this.#alive && now - this.#renewed_at > SILENT_MS) {
      this.#renewed_at = now;
      this.#mine = this.#settings.random();
      this.#theirs = 0;
    }
    return false;
  }

  #begin(mine: number, theirs: number, effects: SessionEffect[]): void {
    this.#mine = mine;
    this.#theirs = theirs;
    this.#candidate = this.#settings.random();
    this.#inbound.reset();
    this.outbound.reset();
    this.#alive = true;
    this.#hasOurs = false;
    this.#owesAck = false;
    this.#owesNote = true;
    effects.push({ kind: 'up' });
  }

  #learn(header: Header, effects: SessionEffect[]): void {
    const active = (header.flags & FLAG.active) !== 0;
    const hasOurs = (header.flags & FLAG.has_theirs) !== 0;
    if (active === this.#peerActive && header.epoch === this.#peerEpoch && hasOurs === this.#hasOurs) return;
    this.#peerActive = active;
    this.#peerEpoch = header.epoch;
    this.#hasOurs = hasOurs;
    effects.push({ kind: 'peer-role', active, epoch: header.epoch, hasOurs });
  }

  #takeBatch(header: Header, bytes: Uint8Array, effects: SessionEffect[]): void {
    this.#passTo(header.oldest, effects);
    const arrived = {
      bytes: bytes.subarray(HEADER_BYTES, HEADER_BYTES + header.length),
      records: header.records,
    };
    const arrival = this.#inbound.take(header.sequence, arrived, (each) => deliver(each, effects));
    if (arrival === 'early') this.counts.missed++;
    if (arrival === 'duplicate') this.counts.duplicates++;
    if (arrival === 'beyond-window') this.#reject('beyond-window');
    this.#owesAck = true;
  }

  #passTo(oldest: number, effects: SessionEffect[]): void {
    const lost = this.#inbound.passTo(oldest, (each) => deliver(each, effects));
    if (lost > 0) effects.push({ kind: 'gap', lost });
  }

  #passAll(effects: SessionEffect[]): void {
    const lost = this.#inbound.passAll((each) => deliver(each, effects));
    if (lost > 0) effects.push({ kind: 'gap', lost });
  }

  #transmit(now: number, effects: SessionEffect[]): void {
    if (!this.#alive) return;
    this.outbound.transmit(now, (batch) => this.#sendBatch(batch, now, effects));
  }

  #sendBatch(batch: Batch, now: number, effects: SessionEffect[]): void {
    this.#fill(DATAGRAM_KIND.batch, this.#mine, this.#theirs);
    this.#out.records = batch.records;
    this.#out.sequence = batch.sequence;
    this.#out.length = batch.end - HEADER_BYTES;
    writeHeader(batch.view, this.#out);
    this.#count(batch.end, now);
    this.#owesAck = false;
    effects.push({ kind: 'send', bytes: batch.bytes, length: batch.end, batch: true });
  }

  #sendNote(kind: number, now: number, effects: SessionEffect[]): void {
    if (kind === DATAGRAM_KIND.note && !this.#alive) return;
    this.#send(kind, this.#mine, kind === DATAGRAM_KIND.hello ? 0 : this.#theirs, now, effects);
    if (kind !== DATAGRAM_KIND.note) return;
    this.#owesAck = false;
    this.#noted_at = now;
  }

  #sendHello(mine: number, theirs: number, now: number, effects: SessionEffect[]): void {
    this.#send(DATAGRAM_KIND.hello, mine, theirs, now, effects);
  }

  #send(kind: number, mine: number, theirs: number, now: number, effects: SessionEffect[]): void {
    this.#fill(kind, mine, theirs);
    const bytes = this.#note.slice();
    writeHeader(new DataView(bytes.buffer), this.#out);
    this.#count(HEADER_BYTES, now);
    effects.push({ kind: 'send', bytes, length: HEADER_BYTES, batch: false });
  }

  #fill(kind: number, mine: number, theirs: number): void {
    const out = this.#out;
    out.kind = kind;
    out.cluster = this.#settings.cluster;
    out.sender = this.#settings.node;
    out.from = mine;
    out.to = theirs;
    out.serial = ++this.#serial;
    out.epoch = this.#epoch;
    out.flags = (this.#active ? FLAG.active : 0) | (this.#hasTheirs ? FLAG.has_theirs : 0);
    out.records = out.sequence = out.length = 0;
    out.oldest = this.outbound.oldest;
    // what one side's earlier session has taken means nothing in the session that a hello is about
    const present = mine === this.#mine && kind !== DATAGRAM_KIND.hello;
    out.expected = present ? this.#inbound.expected : 1;
    out.ahead = present ? this.#inbound.ahead : 0;
  }

  #count(length: number, now: number): void {
    this.counts.sent++;
    this.counts.sent_bytes += length + MAC_BYTES;
    this.#sent_at = now;
  }

  #reject(why: Rejection): void {
    this.rejected[why] = (this.rejected[why] ?? 0) + 1;
  }
}

function deliver(arrived: Arrived, effects: SessionEffect[]): void {
  effects.push({ kind: 'deliver', bytes: arrived.bytes, records: arrived.records });
}
