// DNS messages (RFC 1035 4): writes one question, reads an answer to it. Pure.
// Guarantees for hostile bytes: never reads past the end, never loops (compression pointers lead strictly
// backwards, and no more than 32 of them), names no longer than 255 bytes, no more than 256 answers.
import { address, addressFromBytes } from '../../director/model/address.ts';

/** RFC 1035 3.2.2, RFC 3596, RFC 2782. */
export const RECORD_TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
} as const;
export type RecordType = keyof typeof RECORD_TYPES;

/** RFC 1035 4.1.1; others are shown by number. */
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const CLASS_IN = 1;
const HEADER_BYTES = 12;
const NAME_MAX_BYTES = 255;
const LABEL_MAX_BYTES = 63;
const POINTERS_MAX = 32;
const ANSWERS_MAX = 256;

export interface DnsAnswer {
  readonly type: number;
  /** As zone files write it; strings of a TXT record joined without anything between. */
  readonly text: string;
}

export type DnsMessage =
  /** Somebody else's: another id, not a response, another question. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'malformed'; readonly problem: string }
  | {
      readonly kind: 'answer';
      readonly truncated: boolean;
      readonly rcode: string;
      readonly answers: readonly DnsAnswer[];
    };

/** Throws RangeError for a name that cannot be asked for. */
export function writeQuestion(id: number, name: string, type: RecordType): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2); // recursion desired: the server may be a resolver
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(RECORD_TYPES[type], 0);
  tail.writeUInt16BE(CLASS_IN, 2);
  return Buffer.concat([header, writeName(name), tail]);
}

/** Reads an answer to the question that writeQuestion(id, name, type) made. */
export function readAnswer(bytes: Uint8Array, id: number, name: string, type: RecordType): DnsMessage {
  try {
    return read(bytes, id, name, type);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: 'malformed', problem: error.message };
  }
}

function read(bytes: Uint8Array, id: number, name: string, type: RecordType): DnsMessage {
  const reader = new Reader(bytes);
  if (bytes.length < HEADER_BYTES || reader.u16() !== id) return { kind: 'foreign' };
  const flags = reader.u16();
  const questions = reader.u16();
  const answerCount = reader.u16();
  reader.at = HEADER_BYTES;
  if ((flags & 0xf800) !== 0x8000) return { kind: 'foreign' }; // not a response, or not to a query
  const rcode = RCODES[flags & 15] ?? `RCODE${flags & 15}`;
  const truncated = (flags & 0x0200) !== 0;
  // Some servers leave the question out of an error.
  if (questions === 0 && rcode !== 'NOERROR') return { kind: 'answer', truncated, rcode, answers: [] };
  if (questions !== 1) return { kind: 'foreign' };
  const asked = reader.name();
  const same = sameName(asked, name) && reader.u16() === RECORD_TYPES[type] && reader.u16() === CLASS_IN;
  if (!same) return { kind: 'foreign' };
  if (truncated) return { kind: 'answer', truncated, rcode, answers: [] };
  const answers: DnsAnswer[] = [];
  for (let index = 0; index < Math.min(answerCount, ANSWERS_MAX); index++) answers.push(reader.record());
  return { kind: 'answer', truncated, rcode, answers };
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(): number {
    this.#need(2);
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  u32(): number {
    this.#need(4);
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  slice(length: number): Uint8Array {
    this.#need(length);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** `.` for the root, else without the final dot. */
  name(): string {
    const labels: string[] = [];
    let end: number | undefined;
    let length_bytes = 1;
    let pointers = 0;
    for (;;) {
      const start = this.at;
      const length = this.slice(1)[0]!;
      if (length === 0) break;
      if (length >= 0xc0) {
        const target = ((length & 0x3f) << 8) | this.slice(1)[0]!;
        end ??= this.at;
        if (target >= start || ++pointers > POINTERS_MAX)
          throw new RangeError('a compressed name that loops');
        this.at = target;
        continue;
      }
      if (length > LABEL_MAX_BYTES) throw new RangeError('a label of unknown kind');
      length_bytes += 1 + length;
      if (length_bytes > NAME_MAX_BYTES) throw new RangeError('a name longer than 255 bytes');
      labels.push(labelText(this.slice(length)));
    }
    if (end !== undefined) this.at = end;
    return labels.join('.') || '.';
  }

  record(): DnsAnswer {
    this.name();
    const type = this.u16();
    this.at += 6; // class and time to live
    const length = this.u16();
    const end = this.at + length;
    this.#need(length);
    const text = this.#data(type, end);
    if (this.at > end) throw new RangeError('a record longer than it says');
    this.at = end;
    return { type, text };
  }

  #data(type: number, end: number): string {
    switch (type) {
      case RECORD_TYPES.A:
        return address(this.slice(4).join('.'));
      case RECORD_TYPES.AAAA:
        return addressFromBytes(this.slice(16));
      case RECORD_TYPES.NS:
      case RECORD_TYPES.CNAME:
      case RECORD_TYPES.PTR:
        return this.name();
      case RECORD_TYPES.MX:
        return `${this.u16()} ${this.name()}`;
      case RECORD_TYPES.SRV:
        return `${this.u16()} ${this.u16()} ${this.u16()} ${this.name()}`;
      case RECORD_TYPES.SOA:
        return [this.name(), this.name(), this.u32(), this.u32(), this.u32(), this.u32(), this.u32()].join(
          ' ',
        );
      case RECORD_TYPES.TXT: {
        let text = '';
        while (this.at < end) text += Buffer.from(this.slice(this.slice(1)[0]!)).toString('utf8');
        return text;
      }
      default:
        return '';
    }
  }

  #need(length: number): void {
    if (this.at + length > this.#bytes.length) throw new RangeError('it is cut off');
  }
}

function writeName(name: string): Buffer {
  const labels = name === '.' ? [] : name.replace(/\.$/, '').split('.');
  const parts = labels.map((label) => {
    if (!/^[\x21-\x7e]+$/.test(label) || label.length > LABEL_MAX_BYTES)
      throw new RangeError(`not a domain name: ${name}`);
    return Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1');
  });
  const bytes = Buffer.concat([...parts, Buffer.of(0)]);
  if (bytes.length > NAME_MAX_BYTES) throw new RangeError(`longer than a domain name can be: ${name}`);
  return bytes;
}

/** RFC 1035 5.1: what is not plain text or would be mistaken for a dot is written \DDD. */
function labelText(label: Uint8Array): string {
  let text = '';
  for (const byte of label) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

function sameName(one: string, other: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/(?<=.)\.$/, '');
  return plain(one) === plain(other);
}
