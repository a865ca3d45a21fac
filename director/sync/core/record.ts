// One entry on the wire, from and to the words of an engine's slot: 23 bytes for a connection of IPv4, no object made.
//   u8  operation (3 bits), IPv6 client and virtual end, IPv6 destination, udp, ftp deltas, closed as its time was over
//   u8  state (4 bits), method (2 bits), template, controlled by a template
//   client address (4 or 16), virtual address, destination; ports of client, virtual end and server (2 each, network order)
//   u24 remaining lifetime: milliseconds, or with the highest bit set seconds
//   [template] u24 its timeout; [ftp] u32 where the delta begins, i16 delta, i16 delta before
// The receiver finds service and server by address, port, protocol and method: no number of one director means anything to
// the other. Guarantee: whatever bytes there are, reading ends with a record within its bounds or with a reason.
import { isMapped, KIND, kindOf, MAPPED, SLOT_WORDS, stateOf, TCP, UDP, WORD } from './slot.ts';

/** touch: lives on, nothing else has changed. bulk: from a scan of the table. */
export const OPERATION = { created: 0, state: 1, closed: 2, touch: 3, bulk: 4, control: 7 } as const;
export const RECORD_BYTES_MAX = 2 + 3 * 16 + 6 + 3 + 3 + 8;

const IPV6_ENDS = 1 << 3;
const IPV6_DESTINATION = 1 << 4;
const IS_UDP = 1 << 5;
const FTP = 1 << 6;
const EXPIRED = 1 << 7;
const TEMPLATE = 1 << 6;
const CONTROLLED = 1 << 7;
const SECONDS = 0x80_0000;
/** Milliseconds are kept in 32 bits by the engine; some are left for SLACK_MS. */
const SECONDS_MAX = 4_294_960;
const STATE_CLOSE = 6;
const STATE_UDP = 11;
const STATE_TEMPLATE = 12;

export type RecordFault = 'cut-off' | 'operation' | 'state' | 'spare-bits';

/** What a record says beside the words of the slot; filled by `readRecord`. */
export interface RecordNote {
  operation: number;
  controlled: boolean;
  expired: boolean;
  lifetime_ms: number;
  fault: RecordFault | undefined;
}

/** Of `writeRecord`, beside the operation. */
export const RECORD_FLAG = { controlled: CONTROLLED, expired: EXPIRED << 8 } as const;

/** The word of an entry that has ended: its slot has forgotten what it was. */
export function endedWord(words: Uint32Array, from: number, template: boolean): number {
  if (template) return STATE_TEMPLATE | (KIND.template << 8);
  const protocol = (words[from + WORD.server_end]! >>> 16) & 0xff;
  return (protocol === UDP ? STATE_UDP : STATE_CLOSE) | (KIND.connection << 8);
}

/** Writes the entry whose slot begins at word `from`; there must be RECORD_BYTES_MAX of room. Returns where it ends. */
export function writeRecord(
  out: DataView,
  start: number,
  words: Uint32Array,
  from: number,
  word: number,
  operation: number,
  flags: number,
  lifetime_ms: number,
): number {
  const ends = words[from + WORD.server_end]!;
  const template = kindOf(word) === KIND.template;
  const v4 = isMapped(words, from + WORD.client) && isMapped(words, from + WORD.virtual);
  const v4Destination = isMapped(words, from + WORD.destination);
  const ftp = !template && words[from + WORD.sequence_delta] !== 0;
  const shape =
    operation |
    (v4 ? 0 : IPV6_ENDS) |
    (v4Destination ? 0 : IPV6_DESTINATION) |
    (((ends >>> 16) & 0xff) === UDP ? IS_UDP : 0) |
    (ftp ? FTP : 0) |
    (flags >>> 8);
  const second = stateOf(word) | (((ends >>> 24) & 3) << 4) | (template ? TEMPLATE : flags & CONTROLLED);
  out.setUint16(start, shape | (second << 8), true);
  let at = start + 2;
  at = writeAddress(out, at, words, from + WORD.client, v4);
  at = writeAddress(out, at, words, from + WORD.virtual, v4);
  at = writeAddress(out, at, words, from + WORD.destination, v4Destination);
  out.setUint32(at, words[from + WORD.ports]!, true);
  out.setUint16(at + 4, ends & 0xffff, true);
  at = writeDuration(out, at + 6, lifetime_ms);
  if (template) at = writeDuration(out, at, words[from + WORD.timeout_ms]!);
  if (ftp) {
    out.setUint32(at, words[from + WORD.sequence_base]!);
    out.setUint32(at + 4, words[from + WORD.sequence_delta]!, true);
    at += 8;
  }
  return at;
}

/**
 * Reads the record at `start` into the words from `to` on, as a slot would have them (service and server left 0).
 * Returns where it ends, or -1 with the reason in `note.fault`.
 */
export function readRecord(
  input: DataView,
  start: number,
  end: number,
  words: Uint32Array,
  to: number,
  note: RecordNote,
): number {
  if (start + 2 > end) return refuse(note, 'cut-off');
  const shape = input.getUint8(start);
  const second = input.getUint8(start + 1);
  const operation = shape & 7;
  const template = (second & TEMPLATE) !== 0;
  const state = second & 0xf;
  if (operation > OPERATION.bulk) return refuse(note, 'operation');
  const expired = (shape & EXPIRED) !== 0;
  if ((expired && operation !== OPERATION.closed) || (template && (second & CONTROLLED || shape & FTP)))
    return refuse(note, 'spare-bits');
  const udp = (shape & IS_UDP) !== 0;
  if (template ? state !== STATE_TEMPLATE : udp ? state !== STATE_UDP : state >= STATE_UDP)
    return refuse(note, 'state');
  const v4 = (shape & IPV6_ENDS) === 0;
  const v4Destination = (shape & IPV6_DESTINATION) === 0;
  if (start + lengthOf(v4, v4Destination, template, (shape & FTP) !== 0) > end)
    return refuse(note, 'cut-off');
  let at = start + 2;
  words.fill(0, to, to + SLOT_WORDS);
  at = readAddress(input, at, words, to + WORD.client, v4);
  at = readAddress(input, at, words, to + WORD.virtual, v4);
  at = readAddress(input, at, words, to + WORD.destination, v4Destination);
  words[to] = state | ((template ? KIND.template : KIND.connection) << 8);
  words[to + WORD.ports] = input.getUint32(at, true);
  words[to + WORD.server_end] =
    input.getUint16(at + 4, true) | ((udp ? UDP : TCP) << 16) | (((second >>> 4) & 3) << 24);
  note.operation = operation;
  note.controlled = (second & CONTROLLED) !== 0;
  note.expired = expired;
  note.lifetime_ms = readDuration(input, at + 6);
  note.fault = undefined;
  at += 9;
  if (template) {
    words[to + WORD.timeout_ms] = readDuration(input, at);
    at += 3;
  }
  if ((shape & FTP) !== 0) {
    words[to + WORD.sequence_base] = input.getUint32(at);
    words[to + WORD.sequence_delta] = input.getUint32(at + 4, true);
    if (words[to + WORD.sequence_delta] === 0) return refuse(note, 'spare-bits');
    at += 8;
  }
  return at;
}

function refuse(note: RecordNote, fault: RecordFault): -1 {
  note.fault = fault;
  return -1;
}

function lengthOf(v4: boolean, v4Destination: boolean, template: boolean, ftp: boolean): number {
  return 11 + (v4 ? 8 : 32) + (v4Destination ? 4 : 16) + (template ? 3 : 0) + (ftp ? 8 : 0);
}

function writeAddress(out: DataView, at: number, words: Uint32Array, from: number, v4: boolean): number {
  if (v4) {
    out.setUint32(at, words[from + 3]!, true);
    return at + 4;
  }
  for (let index = 0; index < 4; index++) out.setUint32(at + index * 4, words[from + index]!, true);
  return at + 16;
}

function readAddress(input: DataView, at: number, words: Uint32Array, to: number, v4: boolean): number {
  if (v4) {
    words[to + 2] = MAPPED;
    words[to + 3] = input.getUint32(at, true);
    return at + 4;
  }
  for (let index = 0; index < 4; index++) words[to + index] = input.getUint32(at + index * 4, true);
  return at + 16;
}

/** To the millisecond up to 2.3 hours, to the second up to 49 days; more is less. */
function writeDuration(out: DataView, at: number, duration_ms: number): number {
  const whole = duration_ms > 0 ? Math.ceil(duration_ms) : 0;
  const value = whole < SECONDS ? whole : SECONDS | Math.min(Math.ceil(whole / 1000), SECONDS_MAX);
  out.setUint16(at, value >>> 8);
  out.setUint8(at + 2, value & 0xff);
  return at + 3;
}

function readDuration(input: DataView, at: number): number {
  const value = (input.getUint16(at) << 8) | input.getUint8(at + 2);
  return value < SECONDS ? value : Math.min(value - SECONDS, SECONDS_MAX) * 1000;
}
