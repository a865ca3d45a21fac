// A beat as bytes, and back: big endian, one layout, authenticated by the 16 bytes at its end. Pure.
// Guarantees: what is decoded was complete and within the limits; the same beat always gives the same bytes; nothing
// here says whether a frame is authentic or fresh (guard.ts).
import { createHash } from 'node:crypto';
import { type Beat, HEALTHS, type Heard, ROLES } from '../core/types.ts';

const MAGIC = 0xf1;
const VERSION = 1;
export const LINKS_MAX = 8;
export const MAC_BYTES = 16;
const HEARD_BYTES = 6;
const FIXED_BYTES = 43;
export const FRAME_MIN_BYTES = FIXED_BYTES + MAC_BYTES;
export const FRAME_MAX_BYTES = FIXED_BYTES + LINKS_MAX * HEARD_BYTES + MAC_BYTES;

/** Where the parts begin. */
const AT = {
  magic: 0,
  version: 1,
  cluster: 2,
  sender: 6,
  keyId: 10,
  /** The sender's link in the upper half, the number of heard entries in the lower. */
  link: 11,
  bootId: 12,
  echo: 16,
  sequence: 20,
  epoch: 24,
  state: 28,
  priority: 30,
  revision: 31,
  revisionHash: 35,
  syncPosition: 39,
  heard: FIXED_BYTES,
} as const;

/** The state's bits: role in the lowest two, health in the next two, then these. Others are ignored: they may come to mean something. */
const FLAG = { hold: 0x10, complete: 0x20, handover: 0x40, asks: 0x80 } as const;

const AGE_NEVER = 0xffff;
const AGE_MAX_MS = 0xfffe;

/** What a frame says beside the beat. */
export interface Envelope {
  /** Hashes of names, by `nameHash`. */
  readonly cluster: number;
  readonly sender: number;
  readonly keyId: number;
  /** The sender's link, by its place in the configuration. */
  readonly link: number;
  /** The receiver's boot that the sender knows of; 0: none. */
  readonly echo: number;
}

/** The parts that tell whether the rest is to be looked at. */
export interface Head extends Envelope {
  readonly bootId: number;
  readonly sequence: number;
}

export type Unreadable = 'truncated' | 'oversized' | 'bad-magic' | 'other-version' | 'malformed';

/** The first 4 bytes of a name's SHA-256. */
export function nameHash(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0);
}

/** Whole but for the last MAC_BYTES, which are the signature of all before them. */
export function encodeFrame(envelope: Envelope, beat: Beat): Uint8Array {
  const { heard } = beat;
  if (!(envelope.link >= 0 && envelope.link < LINKS_MAX) || heard.length > LINKS_MAX)
    throw new RangeError(`a frame speaks of at most ${LINKS_MAX} links`);
  const bytes = new Uint8Array(FRAME_MIN_BYTES + heard.length * HEARD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[AT.magic] = MAGIC;
  bytes[AT.version] = VERSION;
  view.setUint32(AT.cluster, envelope.cluster);
  view.setUint32(AT.sender, envelope.sender);
  bytes[AT.keyId] = envelope.keyId;
  bytes[AT.link] = (envelope.link << 4) | heard.length;
  view.setUint32(AT.bootId, beat.bootId);
  view.setUint32(AT.echo, envelope.echo);
  view.setUint32(AT.sequence, beat.sequence);
  view.setUint32(AT.epoch, beat.epoch);
  view.setUint16(AT.state, stateBits(beat));
  bytes[AT.priority] = beat.priority;
  view.setUint32(AT.revision, beat.revision);
  view.setUint32(AT.revisionHash, beat.revisionHash);
  view.setUint32(AT.syncPosition, beat.syncPosition);
  for (const [link, entry] of heard.entries()) {
    const at = AT.heard + link * HEARD_BYTES;
    view.setUint32(at, entry?.sequence ?? 0);
    view.setUint16(at + 4, entry === undefined ? AGE_NEVER : saturatedAge(entry.age_ms));
  }
  return bytes;
}

/** Everything but the signature. */
export function signedPart(frame: Uint8Array): Uint8Array {
  return frame.subarray(0, frame.length - MAC_BYTES);
}

export function signatureOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(frame.length - MAC_BYTES);
}

export function decodeHead(frame: Uint8Array): Head | Unreadable {
  if (frame.length < FRAME_MIN_BYTES) return 'truncated';
  if (frame.length > FRAME_MAX_BYTES) return 'oversized';
  if (frame[AT.magic] !== MAGIC) return 'bad-magic';
  if (frame[AT.version] !== VERSION) return 'other-version';
  const link = frame[AT.link]! >>> 4;
  const entries = frame[AT.link]! & 0xf;
  if (link >= LINKS_MAX || entries > LINKS_MAX) return 'malformed';
  const expected = FRAME_MIN_BYTES + entries * HEARD_BYTES;
  if (frame.length !== expected) return frame.length < expected ? 'truncated' : 'oversized';
  const view = viewOf(frame);
  return {
    cluster: view.getUint32(AT.cluster),
    sender: view.getUint32(AT.sender),
    keyId: frame[AT.keyId]!,
    link,
    echo: view.getUint32(AT.echo),
    bootId: view.getUint32(AT.bootId),
    sequence: view.getUint32(AT.sequence),
  };
}

/** Of a frame whose head was read. Undefined: it says what no beat says. */
export function decodeBeat(frame: Uint8Array, director: string): Beat | undefined {
  const view = viewOf(frame);
  const state = view.getUint16(AT.state);
  const role = ROLES[state & 3];
  const health = HEALTHS[(state >>> 2) & 3];
  const bootId = view.getUint32(AT.bootId);
  const priority = frame[AT.priority]!;
  if (role === undefined || health === undefined || bootId === 0 || priority === 0) return undefined;
  return {
    director,
    bootId,
    sequence: view.getUint32(AT.sequence),
    epoch: view.getUint32(AT.epoch),
    role,
    health,
    hold: (state & FLAG.hold) !== 0,
    complete: (state & FLAG.complete) !== 0,
    handover: (state & FLAG.handover) !== 0,
    asks: (state & FLAG.asks) !== 0,
    priority,
    revision: view.getUint32(AT.revision),
    revisionHash: view.getUint32(AT.revisionHash),
    syncPosition: view.getUint32(AT.syncPosition),
    heard: Array.from({ length: frame[AT.link]! & 0xf }, (_, link) => heardAt(view, link)),
  };
}

function heardAt(view: DataView, link: number): Heard | undefined {
  const at = AT.heard + link * HEARD_BYTES;
  const age_ms = view.getUint16(at + 4);
  return age_ms === AGE_NEVER ? undefined : { sequence: view.getUint32(at), age_ms };
}

function stateBits(beat: Beat): number {
  return (
    ROLES.indexOf(beat.role) |
    (HEALTHS.indexOf(beat.health) << 2) |
    (beat.hold ? FLAG.hold : 0) |
    (beat.complete ? FLAG.complete : 0) |
    (beat.handover ? FLAG.handover : 0) |
    (beat.asks ? FLAG.asks : 0)
  );
}

function saturatedAge(age_ms: number): number {
  return Math.min(AGE_MAX_MS, Math.max(0, Math.round(age_ms)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
