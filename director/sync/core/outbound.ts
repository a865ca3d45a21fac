// Batches on their way to the peer: filled, numbered, kept until acknowledged, sent again when they seem lost. Guarantees:
// what is kept is bounded in number (and so in bytes); when it overflows, or the peer is away, all of it is given up at
// once and `oldest` tells the peer that there is a gap; the window bounds what is under way without an answer.
import { DATAGRAM_BYTES_MAX, HEADER_BYTES, RECORDS_END } from './datagram.ts';
import { RECORD_BYTES_MAX } from './record.ts';

const HISTORY_MAX = 4_096;
const WINDOW_MIN = 16;
const WINDOW_START = 96;
const WINDOW_MAX = 192;
const TIMEOUT_MIN_MS = 15;
const TIMEOUT_MAX_MS = 400;
const BURST_MAX = 64;
const SPARE_MAX = 512;

export interface Batch {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  sequence: number;
  records: number;
  /** Where the records end. */
  end: number;
  sent_at: number;
  sends: number;
  taken: boolean;
  /** When the first event in it happened, and how many there are: for the lag. 0 events: none to measure. */
  event_at: number;
  events: number;
}

export type Acknowledged = (event_at: number, events: number) => void;

export class Outbound {
  readonly #ring: (Batch | undefined)[] = new Array<Batch | undefined>(HISTORY_MAX);
  readonly #spare: Batch[] = [];
  #open: Batch | undefined;
  #first = 1;
  #unsent = 1;
  #next = 1;
  #underWay = 0;
  #window = WINDOW_START;
  #trip_ms = 5;
  repaired = 0;
  /** Records given up because there was no room for them, or no peer. */
  overflowed = 0;
  /** How often everything was given up. */
  abandoned = 0;

  /** The lowest sequence that can be sent again; the next one when there is none. */
  get oldest(): number {
    return this.#first;
  }
  /** Batches numbered so far, this session. */
  get position(): number {
    return this.#next - 1;
  }
  get underWay(): number {
    return this.#underWay;
  }
  /** Numbered or being filled, not yet sent. */
  get waiting(): number {
    return this.#next - this.#unsent;
  }
  get hasOpen(): boolean {
    return this.#open !== undefined;
  }
  get roundTrip_ms(): number {
    return this.#trip_ms;
  }
  get kept(): number {
    return this.#next - this.#first;
  }

  /** A new session: nothing of the earlier one is known to the peer. */
  reset(): void {
    this.#giveUp();
    this.#first = this.#unsent = this.#next = 1;
    this.#window = WINDOW_START;
  }

  /** Gives up everything that is not acknowledged; the peer finds the gap by `oldest`. */
  abandon(): void {
    this.#giveUp();
    this.abandoned++;
    this.#next++;
    this.#first = this.#unsent = this.#next;
    this.#window = WINDOW_START;
  }

  /** The batch to write the next record of up to `bytes` into, at its `end`. */
  room(bytes = RECORD_BYTES_MAX): Batch {
    if (this.#open && this.#open.end + bytes > RECORDS_END) this.seal();
    this.#open ??= this.#make();
    return this.#open;
  }

  /** What has been written by `room` ends here; `event_at` 0: it tells of no event. */
  wrote(batch: Batch, end: number, event_at: number): void {
    batch.end = end;
    batch.records++;
    if (event_at === 0) return;
    if (batch.events++ === 0) batch.event_at = event_at;
  }

  /** Numbers the batch that is being filled. False: there was no room, and everything was given up. */
  seal(): boolean {
    const batch = this.#open;
    this.#open = undefined;
    if (!batch) return true;
    if (batch.records === 0) {
      this.#recycle(batch);
      return true;
    }
    if (this.kept >= HISTORY_MAX) {
      this.overflowed += batch.records;
      this.#recycle(batch);
      this.abandon();
      return false;
    }
    batch.sequence = this.#next++;
    this.#ring[batch.sequence % HISTORY_MAX] = batch;
    return true;
  }

  /** Takes in what the peer says it has, and marks as due what it does not have though later ones came. */
  acknowledge(expected: number, ahead: number, now: number, tell: Acknowledged): void {
    if (expected > this.#unsent) return; // of what was never sent: nonsense
    const began = this.#first;
    while (this.#first < expected) this.#drop(this.#first++, now, tell);
    let grown = this.#first - began;
    for (let bits = ahead, sequence = expected + 1; bits !== 0; bits >>>= 1, sequence++) {
      if ((bits & 1) === 0 || sequence < this.#first || sequence >= this.#unsent) continue;
      const batch = this.#ring[sequence % HISTORY_MAX];
      if (!batch || batch.sequence !== sequence || batch.taken) continue;
      batch.taken = true;
      this.#underWay--;
      this.#measure(batch, now, tell);
      grown++;
    }
    if (grown > 0) this.#window = Math.min(WINDOW_MAX, this.#window + grown / 4);
    if (ahead !== 0) this.#hurry(expected, expected + 32 - Math.clz32(ahead), now);
  }

  /** Hands over what is to be sent now: what seems lost, then new batches as the window allows. */
  transmit(now: number, send: (batch: Batch) => void): void {
    let burst = BURST_MAX;
    if (this.#underWay > 0) {
      let timedOut = false;
      for (let sequence = this.#first; sequence < this.#unsent && burst > 0; sequence++) {
        const batch = this.#ring[sequence % HISTORY_MAX]!;
        if (batch.taken || now < batch.sent_at + this.#patience(batch.sends)) continue;
        timedOut ||= batch.sent_at >= 0;
        batch.sends++;
        batch.sent_at = now;
        this.repaired++;
        burst--;
        send(batch);
      }
      if (timedOut) this.#window = Math.max(WINDOW_MIN, this.#window * 0.7);
    }
    while (this.#unsent < this.#next && this.#underWay < this.#window && burst-- > 0) {
      const batch = this.#ring[this.#unsent++ % HISTORY_MAX]!;
      batch.sends = 1;
      batch.sent_at = now;
      this.#underWay++;
      send(batch);
    }
  }

  #patience(sends: number): number {
    const base = Math.max(TIMEOUT_MIN_MS, this.#trip_ms * 4);
    return Math.min(TIMEOUT_MAX_MS, base * 2 ** Math.min(sends - 1, 5));
  }

  /** Three later ones have come: it is lost, not late (as in RFC 5681, 3.2). */
  #hurry(from: number, highest: number, now: number): void {
    const patience = Math.max(2, this.#trip_ms * 1.5);
    for (let sequence = from; sequence <= highest - 3; sequence++) {
      const batch = this.#ring[sequence % HISTORY_MAX];
      if (!batch || batch.sequence !== sequence || batch.taken) continue;
      if (now >= batch.sent_at + patience * batch.sends) batch.sent_at = -1e9;
    }
  }

  #drop(sequence: number, now: number, tell: Acknowledged): void {
    const place = sequence % HISTORY_MAX;
    const batch = this.#ring[place];
    this.#ring[place] = undefined;
    if (!batch) return;
    if (!batch.taken) {
      this.#underWay--;
      this.#measure(batch, now, tell);
    }
    this.#recycle(batch);
  }

  #measure(batch: Batch, now: number, tell: Acknowledged): void {
    // of what was sent twice nobody knows which one was answered (Karn)
    if (batch.sends === 1) this.#trip_ms += (now - batch.sent_at - this.#trip_ms) / 8;
    if (batch.events > 0) tell(batch.event_at, batch.events);
  }

  #giveUp(): void {
    for (let sequence = this.#first; sequence < this.#next; sequence++) {
      const batch = this.#ring[sequence % HISTORY_MAX];
      this.#ring[sequence % HISTORY_MAX] = undefined;
      if (!batch) continue;
      if (!batch.taken) this.overflowed += batch.records;
      this.#recycle(batch);
    }
    if (this.#open) this.#recycle(this.#open);
    this.#open = undefined;
    this.#underWay = 0;
  }

  #recycle(batch: Batch): void {
    if (this.#spare.length < SPARE_MAX) this.#spare.push(batch);
  }

  #make(): Batch {
    const batch = this.#spare.pop() ?? newBatch();
    batch.records = batch.sends = batch.events = batch.event_at = 0;
    batch.taken = false;
    batch.end = HEADER_BYTES;
    return batch;
  }
}

function newBatch(): Batch {
  const bytes = new Uint8Array(DATAGRAM_BYTES_MAX);
  return {
    bytes,
    view: new DataView(bytes.buffer),
    sequence: 0,
    records: 0,
    end: HEADER_BYTES,
    sent_at: 0,
    sends: 0,
    taken: false,
    event_at: 0,
    events: 0,
  };
}
