// The ring buffer of connection events, drained by reading its memory: two pages of positions and the data mapped
// twice in a row, so that a record never breaks at the end (kernel: Documentation/bpf/ringbuf.rst).
import { MAP_SHARED, type Mapping, mmap, PROT_READ, PROT_WRITE } from '../../native/libc.ts';

const PAGE_BYTES = 4096;
const HEADER_BYTES = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

export class EventRing implements Disposable {
  readonly #size_bytes: number;
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  readonly #consumed: BigUint64Array;
  readonly #produced: BigUint64Array;
  readonly #headers: Int32Array;
  readonly #data: Uint8Array;

  /** `size_bytes` is the map's max_entries, a power of two. */
  constructor(fd: number, size_bytes: number) {
    this.#size_bytes = size_bytes;
    this.#consumer = mmap(fd, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    this.#producer = mmap(fd, PAGE_BYTES + 2 * size_bytes, PROT_READ, MAP_SHARED, PAGE_BYTES);
    this.#consumed = new BigUint64Array(this.#consumer.buffer, 0, 1);
    this.#produced = new BigUint64Array(this.#producer.buffer, 0, 1);
    this.#headers = new Int32Array(this.#producer.buffer, PAGE_BYTES);
    this.#data = new Uint8Array(this.#producer.buffer, PAGE_BYTES);
  }

  /** Hands over at most `limit` records in order; the bytes are valid only during the call. */
  drain(limit: number, take: (record: Uint8Array) => void): number {
    const produced = Atomics.load(this.#produced, 0);
    let position = this.#consumed[0]!;
    let taken = 0;
    while (position < produced && taken < limit) {
      const offset = Number(position & BigInt(this.#size_bytes - 1));
      const header = Atomics.load(this.#headers, offset >>> 2) >>> 0;
      if (header & BUSY) break; // a CPU is still writing it
      const length = header & ~(BUSY | DISCARDED);
      if (!(header & DISCARDED)) {
        take(this.#data.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + length));
        taken++;
      }
      position += BigInt(Math.ceil((length + HEADER_BYTES) / 8) * 8);
    }
    Atomics.store(this.#consumed, 0, position);
    return taken;
  }

  [Symbol.dispose](): void {
    this.#consumer[Symbol.dispose]();
    this.#producer[Symbol.dispose]();
  }
}
