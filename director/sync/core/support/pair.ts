// Two replicas over memory tables and a wire that loses, repeats, delays and swaps datagrams, driven by one seed: the same seed
// gives the same run. Datagrams pass as bytes, without authentication, which is the process' business.
import { MAC_BYTES } from '../datagram.ts';
import { Replica } from '../replica.ts';
import { MemoryTable } from './memory-table.ts';

export interface Faults {
  readonly loss: number;
  readonly duplicates: number;
  readonly delay_ms: number;
}

const NO_FAULTS: Faults = { loss: 0, duplicates: 0, delay_ms: 1 };
const STEP_MS = 5;

interface Flying {
  readonly at: number;
  readonly to: Side;
  readonly bytes: Uint8Array;
}

export class Side {
  readonly name: number;
  table: MemoryTable;
  replica!: Replica;
  active = false;
  epoch = 0;
  running = true;
  readonly events: string[] = [];
  readonly #pair: Pair;

  constructor(pair: Pair, name: number, slots: number, ring?: number) {
    this.#pair = pair;
    this.name = name;
    this.table = new MemoryTable(slots, ring);
    this.table.now_ms = pair.now;
    this.start();
  }

  /** The process begins, on the table that there is. */
  start(): void {
    this.running = true;
    this.replica = new Replica(
      {
        cluster: 7,
        node: this.name,
        peer: 3 - this.name,
        random: () => 1 + Math.floor(this.#pair.random() * 2 ** 50),
        send: (bytes, length) => this.#pair.send(this, bytes, length),
        record: (event) => this.events.push(event),
      },
      this.table,
    );
    this.setRole(this.active, this.epoch);
    while (!this.replica.outgoing.isBuilt) this.replica.work(this.#pair.now);
  }

  /** The table is made anew, as after a crash of the machine. */
  crash(): void {
    this.table = new MemoryTable(this.table.slotsLimit);
    this.table.now_ms = this.#pair.now;
    this.running = false;
  }

  setRole(active: boolean, epoch: number): void {
    this.active = active;
    this.epoch = epoch;
    this.replica.setRole(active, epoch, this.#pair.now);
  }

  turn(): void {
    if (!this.running) return;
    const { now } = this.#pair;
    this.replica.drain(now);
    for (let slices = 0; slices < 4 && this.replica.work(now); slices++);
    this.replica.tick(now);
  }
}

export class Pair {
  now = 10_000;
  faults: Faults = NO_FAULTS;
  /** No datagram passes. */
  cut = false;
  /** Whether a datagram of this length passes. */
  passes: (length: number) => boolean = () => true;
  readonly a: Side;
  readonly b: Side;
  datagrams = 0;
  bytes = 0;
  readonly #flying: Flying[] = [];
  #seed: number;

  constructor(seed: number, slots = 4_096, ring?: number) {
    this.#seed = seed >>> 0;
    this.a = new Side(this, 1, slots, ring);
    this.b = new Side(this, 2, slots, ring);
    this.a.setRole(true, 1);
  }

  /** mulberry32 */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b_79f5) >>> 0;
    let value = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  send(from: Side, bytes: Uint8Array, length: number): void {
    this.datagrams++;
    this.bytes += length + MAC_BYTES;
    if (this.cut || !this.passes(length)) return;
    const to = from === this.a ? this.b : this.a;
    const copies = this.random() < this.faults.duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random() < this.faults.loss) continue;
      const datagram = new Uint8Array(length + MAC_BYTES);
      datagram.set(bytes.subarray(0, length));
      this.#flying.push({ at: this.now + this.random() * this.faults.delay_ms, to, bytes: datagram });
    }
  }

  /** Lets time pass; `each` is called at every step. */
  run(duration_ms: number, each?: () => void): void {
    const end = this.now + duration_ms;
    while (this.now < end) {
      this.now += STEP_MS;
      this.a.table.now_ms = this.b.table.now_ms = this.now;
      each?.();
      for (const side of [this.a, this.b]) side.turn();
      this.#arrive();
    }
  }

  /** Lets time pass until it holds; false when it does not within the time. */
  runUntil(holds: () => boolean, limit_ms: number): boolean {
    for (const end = this.now + limit_ms; this.now < end; ) {
      this.run(50);
      if (holds()) return true;
    }
    return false;
  }

  #arrive(): void {
    const due = this.#flying.filter(({ at }) => at <= this.now).sort((x, y) => x.at - y.at);
    for (const datagram of due) {
      this.#flying.splice(this.#flying.indexOf(datagram), 1);
      if (datagram.to.running) datagram.to.replica.receive(datagram.bytes, datagram.bytes.length, this.now);
    }
    for (const side of [this.a, this.b]) if (side.running) side.table.install();
  }
}
