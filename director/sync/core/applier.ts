// Delivered batches into the table: each record is read, judged by who has authority, and put. Guarantees: a record that is
// none ends its batch with a counted reason; a director without authority closes nothing and leads nothing elsewhere.
import { type ControlRecord, emptyDigests, readControl } from './control-record.ts';
import type { TablePort } from './port.ts';
import { OPERATION, type RecordNote, readRecord } from './record.ts';
import { SLOT_WORDS } from './slot.ts';

/**
 * What the authority's entries live longer here than there, so that the end of a connection comes as its word and not from
 * two clocks and two sweeps that differ.
 */
export const SLACK_MS = 5_000;

/**
 * A packet that a director without authority has just seen, as one that yields does, is news to a copy of SLACK_MS ahead,
 * too. Its scans are not: what they say must never prolong a life.
 */
function isNews(operation: number, authoritative: boolean): boolean {
  return authoritative || operation === OPERATION.created || operation === OPERATION.state;
}

export interface Listener {
  /** An entry that the peer says it has; at word 0. */
  upserted(words: Uint32Array): void;
  /** A word about tables, its digests in `digests`. What came before it has been installed. */
  control(record: ControlRecord): void;
}

export class Applier {
  readonly digests = emptyDigests();
  readonly counts = { records: 0, bulk: 0 };
  readonly rejected: Record<string, number> = {};
  readonly #port: TablePort;
  readonly #listener: Listener;
  readonly #words = new Uint32Array(SLOT_WORDS);
  readonly #note: RecordNote = {
    operation: 0,
    controlled: false,
    expired: false,
    lifetime_ms: 0,
    fault: undefined,
  };
  readonly #put = { close: false, expired: false, authoritative: false, controlled: false, left_ms: 0 };
  readonly #control: ControlRecord = { what: 0, number: 0, ranges: new Uint8Array() };

  constructor(port: TablePort, listener: Listener) {
    this.#port = port;
    this.#listener = listener;
  }

  /** `authoritative`: the sender has authority. */
  apply(bytes: Uint8Array, records: number, authoritative: boolean): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    let count = 0;
    while (at < bytes.byteLength) {
      at =
        (view.getUint8(at) & 7) === OPERATION.control
          ? this.#applyControl(view, at)
          : this.#applyEntry(view, at, authoritative);
      if (at < 0) return;
      count++;
    }
    if (count !== records) this.#reject('record-count');
  }

  #applyControl(view: DataView, at: number): number {
    const end = readControl(view, at, view.byteLength, this.#control, this.digests);
    if (end < 0) {
      this.#reject('record-control');
      return -1;
    }
    this.#port.install();
    this.#listener.control(this.#control);
    return end;
  }

  #applyEntry(view: DataView, at: number, authoritative: boolean): number {
    const note = this.#note;
    const end = readRecord(view, at, view.byteLength, this.#words, 0, note);
    if (end < 0) {
      this.#reject(`record-${note.fault}`);
      return -1;
    }
    this.counts.records++;
    if (note.operation === OPERATION.bulk) this.counts.bulk++;
    const close = note.operation === OPERATION.closed;
    if (close && !authoritative && !note.expired) {
      this.#reject('not-authority');
      return end;
    }
    const put = this.#put;
    put.close = close;
    put.expired = note.expired;
    put.authoritative = authoritative;
    put.controlled = note.controlled;
    put.left_ms = note.lifetime_ms + (close || !isNews(note.operation, authoritative) ? 0 : SLACK_MS);
    if (!this.#port.put(this.#words, 0, put)) {
      this.#port.install();
      this.#port.put(this.#words, 0, put);
    }
    if (!close) this.#listener.upserted(this.#words);
    return end;
  }

  #reject(why: string): void {
    this.rejected[why] = (this.rejected[why] ?? 0) + 1;
  }
}
