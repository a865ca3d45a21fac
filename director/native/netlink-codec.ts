// The bytes of netlink (RFC 3549, linux/netlink.h): messages, attributes, acknowledgements. Pure.
// Guarantees: whatever the bytes are, reading ends, stays inside them and either yields well-formed items or throws
// FairleadError `netlink-malformed`; padding after the last item is tolerated, an item that is cut off is not.
// Numbers are in the machine's byte order, which is little-endian on every machine that we run on.
import { FairleadError } from '../model/error.ts';

export const HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;
/** A message's length has 32 bits, but nothing that we send or ask for comes near this. */
const MESSAGE_MAX_BYTES = 1 << 20;
const ATTRIBUTE_MAX_BYTES = 0xffff;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff; // without the nested and the network-byte-order flag
const NLMSGERR_ATTR_MSG = 1;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  /** Everything after the header: a fixed part that depends on the type, then attributes. */
  readonly payload: Uint8Array;
}

export interface NetlinkAttribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

export function malformed(what: string): FairleadError {
  return new FairleadError('netlink-malformed', `The kernel's netlink answer makes no sense: ${what}.`);
}

/** The messages of one datagram, in order. */
export function* messages(bytes: Uint8Array): Generator<NetlinkMessage> {
  const view = viewOf(bytes);
  let at = 0;
  while (bytes.length - at >= HEADER_BYTES) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES) throw malformed(`a message of ${length} bytes`);
    if (length > bytes.length - at) throw malformed(`a message of ${length} bytes in ${bytes.length - at}`);
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      payload: bytes.subarray(at + HEADER_BYTES, at + length),
    };
    at += align(length);
  }
  if (bytes.length - at > 0) throw malformed(`${bytes.length - at} bytes where a message should begin`);
}

/** The attributes after a fixed part of `offset` bytes (aligned by the caller). Flags are stripped from the type. */
export function* attributes(bytes: Uint8Array, offset = 0): Generator<NetlinkAttribute> {
  if (offset > bytes.length) throw malformed(`a fixed part of ${offset} bytes in ${bytes.length}`);
  const view = viewOf(bytes);
  let at = offset;
  while (bytes.length - at >= ATTRIBUTE_HEADER_BYTES) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER_BYTES) throw malformed(`an attribute of ${length} bytes`);
    if (length > bytes.length - at)
      throw malformed(`an attribute of ${length} bytes in ${bytes.length - at}`);
    yield {
      type: view.getUint16(at + 2, true) & NLA_TYPE_MASK,
      payload: bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length),
    };
    at += align(length);
  }
}

/** Attributes by type; of a repeated one the last counts, as in the kernel's own parser. */
export function attributeMap(bytes: Uint8Array, offset = 0): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (const { type, payload } of attributes(bytes, offset)) found.set(type, payload);
  return found;
}

export function readU8(payload: Uint8Array, at = 0): number {
  return need(payload, at, 1).getUint8(at);
}
export function readU16(payload: Uint8Array, at = 0): number {
  return need(payload, at, 2).getUint16(at, true);
}
/** Ports and the like, which travel in network byte order. */
export function readU16Network(payload: Uint8Array, at = 0): number {
  return need(payload, at, 2).getUint16(at, false);
}
export function readU32(payload: Uint8Array, at = 0): number {
  return need(payload, at, 4).getUint32(at, true);
}
export function readI32(payload: Uint8Array, at = 0): number {
  return need(payload, at, 4).getInt32(at, true);
}
/** Counters; exact up to 2^53. */
/** Text up to the first zero byte, or to the end where there is none. */
export function readString(payload: Uint8Array): string {
  const end = payload.indexOf(0);
  return Buffer.from(payload.subarray(0, end < 0 ? payload.length : end)).toString('utf8');
}

export interface KernelVerdict {
  /** 0: carried out. Else the positive errno. */
  readonly errno: number;
  /** The kernel's own explanation, where it gave one. */
  readonly detail: string | undefined;
}

/** Reads an NLMSG_ERROR, or an NLMSG_DONE (whose payload may be missing or just the errno). */
export function readVerdict(message: NetlinkMessage): KernelVerdict {
  const { payload, flags } = message;
  if (message.type === NLMSG_DONE && payload.length < 4) return { errno: 0, detail: undefined };
  const errno = Math.abs(readI32(payload));
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, detail: undefined };
  let offset = 4;
  if (message.type === NLMSG_ERROR) {
    // Then comes our own message: whole, unless capped to its header.
    const quoted = (flags & NLM_F_CAPPED) !== 0 ? HEADER_BYTES : readU32(payload, 4);
    offset = 4 + align(quoted);
  }
  const text = attributeMap(payload, offset).get(NLMSGERR_ATTR_MSG);
  return { errno, detail: text === undefined ? undefined : readString(text) };
}

/** One attribute, padded. Throws RangeError for a value that an attribute cannot carry. */
export function attribute(type: number, payload: Uint8Array | number[]): Uint8Array {
  const length = ATTRIBUTE_HEADER_BYTES + payload.length;
  if (length > ATTRIBUTE_MAX_BYTES) throw new RangeError(`attribute ${type} of ${length} bytes`);
  const bytes = new Uint8Array(align(length));
  const view = viewOf(bytes);
  view.setUint16(0, length, true);
  view.setUint16(2, type, true);
  bytes.set(payload, ATTRIBUTE_HEADER_BYTES);
  return bytes;
}
export function attributeU8(type: number, value: number): Uint8Array {
  return attribute(type, Uint8Array.of(value));
}
export function attributeU16Network(type: number, value: number): Uint8Array {
  return attribute(type, Uint8Array.of(value >> 8, value & 0xff));
}
export function attributeU32(type: number, value: number): Uint8Array {
  return attribute(type, new Uint8Array(Uint32Array.of(value).buffer));
}
export function attributeString(type: number, value: string): Uint8Array {
  return attribute(type, Buffer.from(`${value}\0`));
}
export function attributeNested(type: number, ...inner: readonly Uint8Array[]): Uint8Array {
  return attribute(type | NLA_F_NESTED, concatenate(inner));
}

export interface NetlinkRequest {
  readonly type: number;
  /** Beside NLM_F_REQUEST and what the way of asking adds (acknowledge, dump). */
  readonly flags?: number;
  /** The fixed part after the header, already of aligned length. */
  readonly fixed?: Uint8Array;
  readonly attributes?: readonly Uint8Array[];
}

export function encodeMessage(request: NetlinkRequest, flags: number, sequence: number): Uint8Array {
  const body = concatenate([request.fixed ?? new Uint8Array(), ...(request.attributes ?? [])]);
  const length = HEADER_BYTES + body.length;
  if (length > MESSAGE_MAX_BYTES) throw new RangeError(`a netlink request of ${length} bytes`);
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  view.setUint32(0, length, true);
  view.setUint16(4, request.type, true);
  view.setUint16(6, NLM_F_REQUEST | (request.flags ?? 0) | flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function align(length: number): number {
  return Math.ceil(length / 4) * 4; // not by bits: a hostile length has 32 of them
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function need(payload: Uint8Array, at: number, bytes: number): DataView {
  if (at < 0 || at + bytes > payload.length)
    throw malformed(`${bytes} bytes at ${at} of a value that has ${payload.length}`);
  return viewOf(payload);
}
