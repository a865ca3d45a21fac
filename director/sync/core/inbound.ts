// Batches from the peer, handed over in order and once. Guarantees: at most WINDOW wait for one that is missing; a serial is
// accepted once; what the sender cannot repair any more is passed over, and said so.
const WINDOW = 1_024;
const SERIALS = 4_096;

export interface Arrived {
  readonly bytes: Uint8Array;
  readonly records: number;
}

export type Arrival = 'in-order' | 'early' | 'duplicate' | 'beyond-window';

export class Inbound {
  readonly #early = new Map<number, Arrived>();
  readonly #serials = new Uint32Array(SERIALS / 32);
  #serial = 0;
  #expected = 1;

  /** The next one that is waited for. */
  get expected(): number {
    return this.#expected;
  }
  get waiting(): number {
    return this.#early.size;
  }

  reset(): void {
    this.#early.clear();
    this.#serials.fill(0);
    this.#serial = 0;
    this.#expected = 1;
  }

  /** Whether this serial comes for the first time. Too old to know counts as no. */
  isFresh(serial: number): boolean {
    if (serial > this.#serial) {
      const from = Math.max(this.#serial + 1, serial - SERIALS + 1);
      for (let each = from; each < serial; each++) this.#mark(each, false);
      this.#mark(serial, true);
      this.#serial = serial;
      return true;
    }
    if (serial <= this.#serial - SERIALS) return false;
    const bit = serial % SERIALS;
    if ((this.#serials[bit >>> 5]! & (1 << (bit & 31))) !== 0) return false;
    this.#mark(serial, true);
    return true;
  }

  /** The highest serial: what an older datagram says of its sender is out of date. */
  isLatest(serial: number): boolean {
    return serial === this.#serial;
  }

  /** Bit n: expected + 1 + n is here. */
  get ahead(): number {
    if (this.#early.size === 0) return 0;
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) if (this.#early.has(this.#expected + 1 + bit)) bits |= 1 << bit;
    return bits >>> 0;
  }

  /** Takes one in; `deliver` is called for it and those that waited for it, in order. */
  take(sequence: number, arrived: Arrived, deliver: (arrived: Arrived) => void): Arrival {
    if (sequence < this.#expected || this.#early.has(sequence)) return 'duplicate';
    if (sequence > this.#expected) {
      if (sequence > this.#expected + WINDOW) return 'beyond-window';
      this.#early.set(sequence, arrived);
      return 'early';
    }
    this.#expected++;
    deliver(arrived);
    this.#deliverEarly(deliver);
    return 'in-order';
  }

  /** The sender has nothing below `oldest` any more. Returns how many batches are lost for good. */
  passTo(oldest: number, deliver: (arrived: Arrived) => void): number {
    if (oldest <= this.#expected) return 0;
    let lost = 0;
    const waiting = [...this.#early.keys()].filter((sequence) => sequence < oldest).sort((a, b) => a - b);
    lost = oldest - this.#expected - waiting.length;
    for (const sequence of waiting) this.#handOver(sequence, deliver);
    this.#expected = oldest;
    this.#deliverEarly(deliver);
    return lost;
  }

  /** The sender is gone: what has come is better than waiting for what is missing. Returns how many are missing. */
  passAll(deliver: (arrived: Arrived) => void): number {
    return this.#early.size === 0 ? 0 : this.passTo(Math.max(...this.#early.keys()) + 1, deliver);
  }

  #deliverEarly(deliver: (arrived: Arrived) => void): void {
    while (this.#handOver(this.#expected, deliver)) this.#expected++;
  }

  #handOver(sequence: number, deliver: (arrived: Arrived) => void): boolean {
    const arrived = this.#early.get(sequence);
    if (!arrived) return false;
    this.#early.delete(sequence);
    deliver(arrived);
    return true;
  }

  #mark(serial: number, seen: boolean): void {
    const bit = serial % SERIALS;
    if (seen) this.#serials[bit >>> 5]! |= 1 << (bit & 31);
    else this.#serials[bit >>> 5]! &= ~(1 << (bit & 31));
  }
}
