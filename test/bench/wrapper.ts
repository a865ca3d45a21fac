// The wrapper programs of wrap.bpf.c from TypeScript: loads them beside programs under test, and says what one packet
// costs. Guarantee: a measurement whose last packet did not come out as it should fails.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MappedArray } from '../../director/engine/ebpf/mapped-array.ts';
import { type Address, addressBytes } from '../../director/model/address.ts';
import { BpfObject, deleteElement, testRun, updateElement } from '../../director/native/libbpf.ts';

const SOURCE = join(import.meta.dirname, 'wrap.bpf.c');
const FOLDER = join(import.meta.dirname, '../../build/bench');
const OBJECT = join(FOLDER, 'wrap.o');

/** struct run of wrap.bpf.c. */
const RUN = {
  size: 120,
  random: 0,
  counter: 8,
  in_order: 12,
  mask: 16,
  target: 20,
  length: 24,
  outbound: 28,
  client_base: 32,
  server_base: 36,
  headers: 40,
};
const HEADER_BYTES = 80;
const TARGETS_MAX = 8;

const HOOKS = ['xdp', 'tc'] as const;
export type Hook = (typeof HOOKS)[number];

/** Target that does nothing, and one that only makes room for an outer IPv4 header (xdp). */
export const EMPTY = 0;
export const ROOM = 1;
const FIRST_TARGET = 2;

/** Real servers that flows are given to in turn: SERVERS of wrap.bpf.c. */
export const SERVERS = 16;

/** A family's packets of flow 0, and the addresses that other flows are counted up from. */
export interface Packets {
  readonly hook: Hook;
  /** EMPTY, ROOM, or what addTarget gave. */
  readonly target: number;
  readonly frame: Uint8Array;
  readonly client: Address;
  readonly server: Address;
  readonly direction: 'inbound' | 'outbound';
  /** A power of two. */
  readonly flows: number;
  readonly order: 'random' | 'one-by-one';
  readonly packets: number;
  /** What the last packet's program must return. */
  readonly verdict: number;
}

export class Wrapper implements Disposable {
  readonly #object: BpfObject;
  readonly #runs: MappedArray;
  readonly #programs: Readonly<Record<Hook, number>>;
  readonly #taken = new Set<number>();

  constructor() {
    compile();
    this.#object = new BpfObject(OBJECT);
    this.#object.load();
    this.#runs = new MappedArray(this.#object.map('runs').fd, 1, RUN.size);
    this.#programs = { xdp: this.#object.programFd('wrap_xdp'), tc: this.#object.programFd('wrap_tc') };
    this.#place('xdp', EMPTY, this.#object.programFd('empty_xdp'));
    this.#place('xdp', ROOM, this.#object.programFd('room_xdp'));
    this.#place('tc', EMPTY, this.#object.programFd('empty_tc'));
  }

  /** Puts programs beside the empty one; returns their target. */
  addTarget(programs: Readonly<Record<Hook, number>>): number {
    let target = FIRST_TARGET;
    while (this.#taken.has(target)) target++;
    if (target >= TARGETS_MAX) throw new RangeError('the wrapper has no place for another program');
    this.#taken.add(target);
    for (const hook of HOOKS) this.#place(hook, target, programs[hook]);
    return target;
  }

  removeTarget(target: number): void {
    this.#taken.delete(target);
    for (const hook of HOOKS) deleteElement(this.#object.map(`${hook}_targets`).fd, number(target));
  }

  /**
   * Runs the packets; returns the mean of one in nanoseconds, wrapper included. The kernel measures it, and leaves out
   * the time in which other programs had their turn (net/bpf/test_run.c, bpf_test_timer_continue).
   */
  run(packets: Packets): number {
    const runs = this.#runs;
    runs.setU32(0, RUN.in_order, packets.order === 'one-by-one' ? 1 : 0);
    runs.setU32(0, RUN.counter, 0);
    runs.setU64(0, RUN.random, 88_172_645_463_325_252n);
    runs.setU32(0, RUN.mask, packets.flows - 1);
    runs.setU32(0, RUN.target, packets.target);
    runs.setU32(0, RUN.length, packets.frame.length);
    runs.setU32(0, RUN.outbound, packets.direction === 'outbound' ? 1 : 0);
    runs.setU32(0, RUN.client_base, lastBytes(packets.client));
    runs.setU32(0, RUN.server_base, lastBytes(packets.server));
    const headers = Buffer.alloc(HEADER_BYTES);
    headers.set(packets.frame.subarray(0, HEADER_BYTES));
    runs.setBytes(0, RUN.headers, headers);
    const { value, duration_ns } = testRun(this.#programs[packets.hook], {
      data: packets.frame,
      repeat: packets.packets,
    });
    if (value !== packets.verdict)
      throw new Error(`a measured program gave verdict ${value} instead of ${packets.verdict}`);
    return duration_ns;
  }

  #place(hook: Hook, target: number, program: number): void {
    updateElement(this.#object.map(`${hook}_targets`).fd, number(target), number(program));
  }

  [Symbol.dispose](): void {
    this.#runs[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}

function number(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function lastBytes(value: Address): number {
  return Buffer.from(addressBytes(value)).readUInt32BE(12);
}

/** As director/bpf/build.sh does. */
function compile(): void {
  mkdirSync(FOLDER, { recursive: true });
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64'];
  const flags = '-O2 -g -target bpf -mcpu=v3 -Wall -Werror'.split(' ');
  const include = `-I/usr/include/${machine}-linux-gnu`;
  execFileSync(process.env.CLANG ?? 'clang-14', [...flags, include, '-c', SOURCE, '-o', OBJECT]);
}
