// The one record of a lease, in memory that is shared with the program in the kernel (struct lease of director/bpf/lease.h;
// lease.root.test.ts compares the two). Guarantees: each field is written by one store; after disposal nothing is
// touched any more, and nothing here throws.
import { mapInfo } from '../../director/native/libbpf.ts';
import { type Mapping, mmap, PROT_READ, PROT_WRITE } from '../../director/native/libc.ts';

export const LEASE = {
  size: 328,
  until_ns: 0,
  renewed_ns: 8,
  layout: 16,
  passed: 24,
  silenced: 32,
  claims: 64,
  interfaces: 72,
  version: 1,
  vips_max: 2_048,
  interfaces_max: 64,
} as const;

export interface LeaseCounters {
  /** Frames that concerned a VIP while the lease was young. */
  readonly passed: number;
  /** Frames that were stopped because it was not: what was asked of this host, what it would have said. */
  readonly silenced: Readonly<Record<'arp_in' | 'arp_out' | 'nd_in' | 'nd_out', number>>;
  /** Frames of others by which they hold a VIP. */
  readonly claims: number;
}

const PAGE_BYTES = 4_096;
/** A lease of more than a day is a mistake. */
const VALID_MAX_MS = 86_400_000;
const NS_PER_MS = 1_000_000;

export class LeaseRecord implements Disposable {
  #mapping: Mapping | undefined;
  #u64: BigUint64Array;
  #u32: Uint32Array;

  /** Maps the record of a BPF array; without one it is memory of this process alone. */
  constructor(fd: number | undefined) {
    if (fd !== undefined) {
      const length = Math.ceil(mapInfo(fd).value_bytes / PAGE_BYTES) * PAGE_BYTES;
      this.#mapping = mmap(fd, length, PROT_READ | PROT_WRITE);
    }
    const buffer = this.#mapping?.buffer ?? new ArrayBuffer(PAGE_BYTES);
    this.#u64 = new BigUint64Array(buffer);
    this.#u32 = new Uint32Array(buffer);
  }

  static inMemory(): LeaseRecord {
    return new LeaseRecord(undefined);
  }

  renew(now_ns: bigint, valid_ms: number): void {
    const valid = Number.isFinite(valid_ms) ? Math.min(Math.max(valid_ms, 0), VALID_MAX_MS) : 0;
    Atomics.store(this.#u64, LEASE.until_ns / 8, now_ns + BigInt(Math.trunc(valid * NS_PER_MS)));
    Atomics.store(this.#u64, LEASE.renewed_ns / 8, now_ns);
  }

  letGo(): void {
    Atomics.store(this.#u64, LEASE.until_ns / 8, 0n);
  }

  remaining_ms(now_ns: bigint): number {
    const { until_ns } = this.times();
    return until_ns > now_ns ? Number(until_ns - now_ns) / NS_PER_MS : 0;
  }

  age_ms(now_ns: bigint): number | undefined {
    const { until_ns, renewed_ns } = this.times();
    return until_ns > now_ns ? Math.max(0, Number(now_ns - renewed_ns) / NS_PER_MS) : undefined;
  }

  times(): { readonly until_ns: bigint; readonly renewed_ns: bigint } {
    return {
      until_ns: Atomics.load(this.#u64, LEASE.until_ns / 8),
      renewed_ns: Atomics.load(this.#u64, LEASE.renewed_ns / 8),
    };
  }

  carryOver(times: { readonly until_ns: bigint; readonly renewed_ns: bigint }): void {
    Atomics.store(this.#u64, LEASE.renewed_ns / 8, times.renewed_ns);
    Atomics.store(this.#u64, LEASE.until_ns / 8, times.until_ns);
  }

  isOurLayout(): boolean {
    return this.#u32[LEASE.layout / 4] === LEASE.version;
  }
  writeLayout(): void {
    this.#u32[LEASE.layout / 4] = LEASE.version;
  }

  counters(): LeaseCounters {
    const count = (offset: number) => Number(this.#u64[offset / 8]);
    return {
      passed: count(LEASE.passed),
      silenced: {
        arp_in: count(LEASE.silenced),
        arp_out: count(LEASE.silenced + 8),
        nd_in: count(LEASE.silenced + 16),
        nd_out: count(LEASE.silenced + 24),
      },
      claims: count(LEASE.claims),
    };
  }

  /** Numbers of the interfaces that the program was put on, by this process or an earlier one. */
  interfaces(): number[] {
    return [...this.#slots()].filter((index) => index !== 0);
  }

  /** Before the program is put there, so that whoever comes next finds it. False when there is no room. */
  noteInterface(index: number): boolean {
    const slots = this.#slots();
    if (slots.includes(index)) return true;
    const free = slots.indexOf(0);
    if (free >= 0) slots[free] = index;
    return free >= 0;
  }

  forgetInterface(index: number): void {
    const slots = this.#slots();
    const at = slots.indexOf(index);
    if (at >= 0) slots[at] = 0;
  }

  /** Later calls find memory of this process alone. */
  [Symbol.dispose](): void {
    const buffer = new ArrayBuffer(PAGE_BYTES);
    this.#u64 = new BigUint64Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#mapping?.[Symbol.dispose]();
    this.#mapping = undefined;
  }

  #slots(): Uint32Array {
    const start = LEASE.interfaces / 4;
    return this.#u32.subarray(start, start + LEASE.interfaces_max);
  }
}
