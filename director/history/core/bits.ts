// Numbers as bits, one after the other, in a buffer that grows; and back again. Reading beyond the end throws
// `history-damaged`, never anything else. Written for speed: a moment of thousands of subjects is millions of numbers.
import { FairleadError } from '../../model/error.ts';

/** Of Rice's code: so many ones, and the number follows as it is. */
export const ESCAPE = 20;
export const ESCAPED_BITS = 53;

const POWER = Float64Array.from({ length: 54 }, (_, log) => 2 ** log);
const INT_MAX = 2 ** 30;

export class BitWriter {
  #bytes = new Uint8Array(4_096);
  #length = 0;
  /** The last bits, fewer than 8 of them. */
  #held = 0;
  #heldBits = 0;

  /** Begins anew, on the same memory. */
  reset(): void {
    this.#length = 0;
    this.#held = 0;
    this.#heldBits = 0;
  }

  /** The lowest `count` bits of a number, 0 to 24 of them. */
  bits(value: number, count: number): void {
    let held = (this.#held << count) | (value & ((1 << count) - 1));
    let heldBits = this.#heldBits + count;
    if (this.#length + 4 > this.#bytes.length) this.#grow();
    while (heldBits >= 8) {
      heldBits -= 8;
      this.#bytes[this.#length++] = held >>> heldBits;
    }
    held &= (1 << heldBits) - 1;
    this.#held = held;
    this.#heldBits = heldBits;
  }

  /** A whole number below 2^53, highest bits first, `count` of them up to 53. */
  wide(value: number, count: number): void {
    if (count > 48) this.bits(Math.floor(value / POWER[48]!), count - 48);
    if (count > 24) this.bits(Math.floor(value / POWER[24]!) % POWER[24]!, Math.min(24, count - 24));
    this.bits(count > 24 ? value % POWER[24]! : value, Math.min(24, count));
  }

  /** A whole number in Rice's code with the divisor 2^log. */
  rice(value: number, log: number): void {
    if (value < INT_MAX && log < 24) {
      const ones = value >>> log;
      if (ones + 1 + log <= 24 && ones < ESCAPE) {
        this.bits((((1 << (ones + 1)) - 2) << log) | (value & ((1 << log) - 1)), ones + 1 + log);
        return;
      }
    }
    const ones = Math.floor(value / POWER[log]!);
    if (ones >= ESCAPE) {
      this.bits(POWER[ESCAPE]! - 1, ESCAPE);
      this.wide(value, ESCAPED_BITS);
      return;
    }
    this.bits((1 << (ones + 1)) - 2, ones + 1);
    this.wide(value % POWER[log]!, log);
  }

  double(value: number): void {
    SCRATCH.setFloat64(0, value);
    for (let at = 0; at < 8; at += 2) this.bits(SCRATCH.getUint16(at), 16);
  }

  /** What was written, filled up to whole bytes. */
  finish(): Uint8Array {
    if (this.#heldBits > 0) this.bits(0, 8 - this.#heldBits);
    return this.#bytes.slice(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

const SCRATCH = new DataView(new ArrayBuffer(8));

export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  /** The next bits are its lowest `#heldBits`. */
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** 0 to 24 bits. */
  bits(count: number): number {
    if (this.#heldBits < count) this.#fill();
    if (this.#heldBits < count) throw damaged('it ends too soon');
    this.#heldBits -= count;
    return (this.#held >>> this.#heldBits) & ((1 << count) - 1);
  }

  wide(count: number): number {
    const high = count > 48 ? this.bits(count - 48) : 0;
    const middle = count > 24 ? this.bits(Math.min(24, count - 24)) : 0;
    const low = this.bits(Math.min(24, count));
    return (high * POWER[24]! + middle) * POWER[24]! + low;
  }

  rice(log: number): number {
    if (this.#heldBits <= 24) this.#fill();
    const ahead = this.#heldBits === 0 ? 0 : this.#held << (32 - this.#heldBits);
    const ones = Math.clz32(~ahead);
    if (ones >= ESCAPE) {
      this.#heldBits -= ESCAPE;
      return this.wide(ESCAPED_BITS);
    }
    if (ones >= this.#heldBits) throw damaged('it ends too soon');
    this.#heldBits -= ones + 1;
    if (log <= 24) return ones * POWER[log]! + this.bits(log);
    return ones * POWER[log]! + this.wide(log);
  }

  double(): number {
    for (let at = 0; at < 8; at += 2) SCRATCH.setUint16(at, this.bits(16));
    return SCRATCH.getFloat64(0);
  }

  #fill(): void {
    while (this.#heldBits <= 24 && this.#at < this.#bytes.length) {
      this.#held = (this.#held << 8) | this.#bytes[this.#at++]!;
      this.#heldBits += 8;
    }
  }
}

export function damaged(detail: string): FairleadError {
  return new FairleadError('history-damaged', `A piece of history cannot be read: ${detail}.`);
}
