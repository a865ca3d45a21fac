// Records of one size in memory, read and written in place; and such records in a BPF array that is mapped here.
// The packet program works on mapped memory at the same time; single fields of up to 8 bytes change whole.
import { type Address, addressBytes, addressFromBytes } from '../../model/address.ts';
import { MAP_SHARED, type Mapping, mmap, PROT_READ, PROT_WRITE } from '../../native/libc.ts';

const PAGE_BYTES = 4096;

export class RecordArray {
  readonly entries: number;
  readonly size_bytes: number;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;

  /** `size_bytes` is a multiple of 8. */
  constructor(buffer: ArrayBuffer, entries: number, size_bytes: number) {
    this.entries = entries;
    this.size_bytes = size_bytes;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }

  /** Byte offset of a field. Throws RangeError outside the array. */
  at(index: number, field: number): number {
    if (index >= this.entries) throw new RangeError(`record ${index} of ${this.entries}`);
    return index * this.size_bytes + field;
  }

  getU32(index: number, field: number): number {
    return this.u32[this.at(index, field) >>> 2]!;
  }
  setU32(index: number, field: number, value: number): void {
    this.u32[this.at(index, field) >>> 2] = value;
  }
  /** Loses precision beyond 2^53; counters do not get there. */
  getCount(index: number, field: number): number {
    return Number(this.u64[this.at(index, field) / 8]!);
  }
  getU64(index: number, field: number): bigint {
    return Atomics.load(this.u64, this.at(index, field) / 8);
  }
  setU64(index: number, field: number, value: bigint): void {
    Atomics.store(this.u64, this.at(index, field) / 8, value);
  }
  getU8(index: number, field: number): number {
    return this.u8[this.at(index, field)]!;
  }
  setU8(index: number, field: number, value: number): void {
    this.u8[this.at(index, field)] = value;
  }
  /** Ports stand in network order. */
  getPort(index: number, field: number): number {
    const offset = this.at(index, field);
    return (this.u8[offset]! << 8) | this.u8[offset + 1]!;
  }
  setPort(index: number, field: number, port: number): void {
    const offset = this.at(index, field);
    this.u16[offset >>> 1] = ((port & 0xff) << 8) | (port >>> 8);
  }
  getAddress(index: number, field: number): Address {
    return addressFromBytes(this.u8, this.at(index, field));
  }
  setBytes(index: number, field: number, bytes: Uint8Array): void {
    this.u8.set(bytes, this.at(index, field));
  }
  setAddress(index: number, field: number, value: Address): void {
    this.setBytes(index, field, addressBytes(value));
  }
  getName(index: number, field: number, length_bytes: number): string {
    const start = this.at(index, field);
    const bytes = this.u8.subarray(start, start + length_bytes);
    const end = bytes.indexOf(0);
    return Buffer.from(bytes.subarray(0, end < 0 ? length_bytes : end)).toString('utf8');
  }
  setName(index: number, field: number, length_bytes: number, name: string): void {
    const bytes = Buffer.alloc(length_bytes);
    bytes.write(name, 0, length_bytes - 1, 'utf8');
    this.setBytes(index, field, bytes);
  }
  clear(index: number): void {
    const start = this.at(index, 0);
    this.u8.fill(0, start, start + this.size_bytes);
  }
}

export class MappedArray extends RecordArray implements Disposable {
  readonly #mapping: Mapping;

  /** `value_bytes` as in the map; the kernel rounds elements up to 8 bytes. */
  constructor(fd: number, entries: number, value_bytes: number) {
    const size_bytes = Math.ceil(value_bytes / 8) * 8;
    const length = Math.ceil((entries * size_bytes) / PAGE_BYTES) * PAGE_BYTES;
    const mapping = mmap(fd, length, PROT_READ | PROT_WRITE, MAP_SHARED);
    super(mapping.buffer, entries, size_bytes);
    this.#mapping = mapping;
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}
