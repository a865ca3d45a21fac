// What is around the records: 80 bytes in front, the message authentication code (16) behind. Numbers in network order.
//    0 u16 magic  u8 version  u8 kind      4 u32 cluster       8 u32 sender
//   12 u64 sender's session               20 u64 receiver's session as the sender knows it, 0: not yet
//   28 u64 serial of this datagram        36 u64 epoch
//   44 u8 flags  u8 key  u16 records      48 u64 sequence of the batch, 0: none
//   56 u64 oldest batch that can be repaired
//   64 u64 all batches below have been taken  72 u32 which of the 32 behind the next one have, too
//   76 u32 length of the records
// Why nothing that was recorded earlier is acted upon: both session numbers are random and chosen anew by each side whenever
// it accepts a new session of the other, so an old datagram names a session that is gone; within a session, serials are
// accepted once. A hello (receiver's session 0) is the only datagram that can be played back, and all it does is to have
// a hello sent to it.

export const MAGIC = 0x464c;
const VERSION = 1;
export const HEADER_BYTES = 80;
export const MAC_BYTES = 16;
/** Where the header says which key signed. */
export const KEY_AT = 45;
export const DATAGRAM_BYTES_MAX = 1_400;
/** The records end here at the latest. */
export const RECORDS_END = DATAGRAM_BYTES_MAX - MAC_BYTES;

/** batch: events, bulk entries and control records, in order. note: acknowledgement and sign of life. */
export const DATAGRAM_KIND = { hello: 0, batch: 1, note: 2 } as const;
export const FLAG = {
  active: 1,
  /** The sender has the receiver's whole table. */
  has_theirs: 2,
} as const;

export interface Header {
  kind: number;
  cluster: number;
  sender: number;
  from: number;
  to: number;
  serial: number;
  epoch: number;
  flags: number;
  /** Which of the shared keys signed. */
  key: number;
  records: number;
  sequence: number;
  oldest: number;
  /** The next batch that is waited for. */
  expected: number;
  /** Bit n: the batch expected + 1 + n has come. */
  ahead: number;
  length: number;
}

export type DatagramFault =
  | 'too-short'
  | 'too-long'
  | 'magic'
  | 'version'
  | 'kind'
  | 'number'
  | 'length'
  | 'spare-bits';

const HIGH_MAX = 0x1f_ffff;

function putNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 4_294_967_296));
  view.setUint32(at + 4, value >>> 0);
}

/** -1: beyond what a number holds exactly. */
function getNumber(view: DataView, at: number): number {
  const high = view.getUint32(at);
  return high > HIGH_MAX ? -1 : high * 4_294_967_296 + view.getUint32(at + 4);
}

export function writeHeader(view: DataView, header: Readonly<Header>): void {
  view.setUint16(0, MAGIC);
  view.setUint8(2, VERSION);
  view.setUint8(3, header.kind);
  view.setUint32(4, header.cluster);
  view.setUint32(8, header.sender);
  putNumber(view, 12, header.from);
  putNumber(view, 20, header.to);
  putNumber(view, 28, header.serial);
  putNumber(view, 36, header.epoch);
  view.setUint8(44, header.flags);
  view.setUint8(KEY_AT, header.key);
  view.setUint16(46, header.records);
  putNumber(view, 48, header.sequence);
  putNumber(view, 56, header.oldest);
  putNumber(view, 64, header.expected);
  view.setUint32(72, header.ahead);
  view.setUint32(76, header.length);
}

/** Reads the header of a datagram of `length` bytes, MAC included. The reason when it cannot be one. */
export function readHeader(view: DataView, length: number, header: Header): DatagramFault | undefined {
  if (length < HEADER_BYTES + MAC_BYTES) return 'too-short';
  if (length > DATAGRAM_BYTES_MAX) return 'too-long';
  if (view.getUint16(0) !== MAGIC) return 'magic';
  if (view.getUint8(2) !== VERSION) return 'version';
  header.kind = view.getUint8(3);
  if (header.kind > DATAGRAM_KIND.note) return 'kind';
  header.cluster = view.getUint32(4);
  header.sender = view.getUint32(8);
  header.from = getNumber(view, 12);
  header.to = getNumber(view, 20);
  header.serial = getNumber(view, 28);
  header.epoch = getNumber(view, 36);
  header.flags = view.getUint8(44);
  header.key = view.getUint8(KEY_AT);
  header.records = view.getUint16(46);
  header.sequence = getNumber(view, 48);
  header.oldest = getNumber(view, 56);
  header.expected = getNumber(view, 64);
  header.ahead = view.getUint32(72);
  header.length = view.getUint32(76);
  if (header.flags > 3) return 'spare-bits';
  if (
    header.from < 1 ||
    header.to < 0 ||
    header.serial < 1 ||
    header.epoch < 0 ||
    header.sequence < 0 ||
    header.oldest < 1 ||
    header.expected < 1
  )
    return 'number';
  const batch = header.kind === DATAGRAM_KIND.batch;
  if (batch !== header.sequence > 0 || (batch && header.oldest > header.sequence)) return 'number';
  if (header.length !== length - HEADER_BYTES - MAC_BYTES) return 'length';
  if (batch !== header.length > 0) return 'length';
  return undefined;
}

export function emptyHeader(): Header {
  return {
    kind: 0,
    cluster: 0,
    sender: 0,
    from: 0,
    to: 0,
    serial: 0,
    epoch: 0,
    flags: 0,
    key: 0,
    records: 0,
    sequence: 0,
    oldest: 1,
    expected: 1,
    ahead: 0,
    length: 0,
  };
}

/** FNV-1a (RFC 9923), for names in headers. */
export function nameHash(name: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(name, 'utf8')) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
