// Records that are not entries but words about tables, in order with the entries around them.
//   u8 7  u8 what  then by what:
//   digests:  u16 first range  u16 count  count x (u32 entries, u32 sum, u32 sum)
//   request, begin, end, offered, ask:  u32 number  128 bytes: which ranges
// Guarantee: as for entries; reading ends with a record in its bounds or with -1.
import { RANGES } from './hash.ts';
import { OPERATION } from './record.ts';

export const WHAT = {
  /** Part of the digests of the authority's table as of this position. */
  digests: 0,
  /** Send me these ranges; none: begin anew, with digests or what you have made. */
  request: 1,
  /** These ranges follow, as asked for under this number ... */
  begin: 2,
  /** ... and were told completely: what was not mentioned is not there. */
  end: 3,
  /** What I have made by myself has been told. */
  offered: 4,
  /** My word about these ranges was not complete: ask for them. */
  ask: 5,
} as const;

const RANGE_SET_BYTES = RANGES / 8;
export const CONTROL_BYTES = 6 + RANGE_SET_BYTES;
/** Ranges in one record of digests, so that it fits into any batch. */
export const DIGESTS_PER_RECORD = 64;
export const DIGESTS_BYTES = 6 + DIGESTS_PER_RECORD * 12;

export interface Digests {
  readonly entries: Uint32Array;
  readonly keys: Uint32Array;
  readonly wholes: Uint32Array;
}

export function emptyDigests(): Digests {
  return {
    entries: new Uint32Array(RANGES),
    keys: new Uint32Array(RANGES),
    wholes: new Uint32Array(RANGES),
  };
}

/** A set of ranges, one bit each. */
export class RangeSet {
  readonly bytes = new Uint8Array(RANGE_SET_BYTES);

  has(range: number): boolean {
    return (this.bytes[range >>> 3]! & (1 << (range & 7))) !== 0;
  }
  add(range: number): void {
    this.bytes[range >>> 3]! |= 1 << (range & 7);
  }
  remove(range: number): void {
    this.bytes[range >>> 3]! &= ~(1 << (range & 7));
  }
  addAll(other: Uint8Array): void {
    for (let index = 0; index < RANGE_SET_BYTES; index++) this.bytes[index]! |= other[index]!;
  }
  clear(): void {
    this.bytes.fill(0);
  }
  fill(): void {
    this.bytes.fill(0xff);
  }
  get size(): number {
    let size = 0;
    for (let range = 0; range < RANGES; range++) if (this.has(range)) size++;
    return size;
  }
}

/** Returns where it ends. */
export function writeControl(
  view: DataView,
  at: number,
  what: number,
  number: number,
  ranges: Uint8Array,
): number {
  view.setUint8(at, OPERATION.control);
  view.setUint8(at + 1, what);
  view.setUint32(at + 2, number);
  new Uint8Array(view.buffer, view.byteOffset + at + 6, RANGE_SET_BYTES).set(ranges);
  return at + CONTROL_BYTES;
}

export function writeDigests(view: DataView, at: number, digests: Digests, first: number): number {
  view.setUint8(at, OPERATION.control);
  view.setUint8(at + 1, WHAT.digests);
  view.setUint16(at + 2, first);
  view.setUint16(at + 4, DIGESTS_PER_RECORD);
  let place = at + 6;
  for (let range = first; range < first + DIGESTS_PER_RECORD; range++, place += 12) {
    view.setUint32(place, digests.entries[range]!);
    view.setUint32(place + 4, digests.keys[range]!);
    view.setUint32(place + 8, digests.wholes[range]!);
  }
  return at + DIGESTS_BYTES;
}

export interface ControlRecord {
  what: number;
  /** First range of digests, or the number of a request. */
  number: number;
  ranges: Uint8Array;
}

/** Reads into `record`, digests into `digests`. Returns where the record ends, -1 when it is none. */
export function readControl(
  view: DataView,
  at: number,
  end: number,
  record: ControlRecord,
  digests: Digests,
): number {
  if (at + 6 > end || view.getUint8(at) !== OPERATION.control) return -1;
  record.what = view.getUint8(at + 1);
  if (record.what > WHAT.ask) return -1;
  if (record.what !== WHAT.digests) {
    if (at + CONTROL_BYTES > end) return -1;
    record.number = view.getUint32(at + 2);
    record.ranges = new Uint8Array(view.buffer, view.byteOffset + at + 6, RANGE_SET_BYTES);
    return at + CONTROL_BYTES;
  }
  const first = view.getUint16(at + 2);
  if (view.getUint16(at + 4) !== DIGESTS_PER_RECORD || first % DIGESTS_PER_RECORD !== 0) return -1;
  if (first >= RANGES || at + DIGESTS_BYTES > end) return -1;
  record.number = first;
  for (let index = 0, place = at + 6; index < DIGESTS_PER_RECORD; index++, place += 12) {
    digests.entries[first + index] = view.getUint32(place);
    digests.keys[first + index] = view.getUint32(place + 4);
    digests.wholes[first + index] = view.getUint32(place + 8);
  }
  return at + DIGESTS_BYTES;
}
