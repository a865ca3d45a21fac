// The wrapper programs of wrap.bpf.c from TypeScript: loads them beside programs under test, and says what one packet
// costs. Guarantees: every measurement says how many packets came out as they should; one that did not fails it.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MappedArray } from '../../director/engine/ebpf/mapped-array.ts';
import { BpfObject, testRun, updateElement } from '../../director/native/libbpf.ts';

const SOURCE = join(import.meta.dirname, 'wrap.bpf.c');
const FOLDER = join(import.meta.dirname, '../../build/bench');
const OBJECT = join(FOLDER, 'wrap.o');

/** struct run of wrap.bpf.c. */
const RUN = {
  size: 112,
  random: 0,
  counter: 8,
  in_order: 12,
  mask: 16,
  target: 20,
  length: 24,
  outbound: 28,
  headers: 32,
};
const HEADER_BYTES = 80;
const TARGETS_MAX = 8;

export type Hook = 'xdp' | 'tc';

/** Programs that stand in the wrapper's table by their position. */
export type Targets = Readonly<Record<Hook, readonly number[]>>;

/** Target that does nothing, and one that only makes room for an outer IPv4 header (xdp). */
export const EMPTY = 0;
export const ROOM = 1;
const FIRST_TARGET = 2;

export interface Packets {
  readonly hook: Hook;
  /** EMPTY, ROOM, or what addTarget gave. */
  readonly target: number;
  /** Frame of flow 0; the wrapper changes client address and port. */
  readonly frame: Uint8Array;
  /** A power of two. */
  readonly flows: number;
  readonly order: 'random' | 'one-by-one';
  /** The client is the destination. */
  readonly outbound?: boolean;
  readonly packets: number;
  /** What the last packet's program must return. */
  readonly verdict: number;
}

export class Wrapper implements Disposable {
  readonly #object: BpfObject;
  readonly #runs: MappedArray;
  readonly #programs: Readonly<Record<Hook, number>>;
  #targets = FIRST_TARGET;

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
    if (this.#targets === TARGETS_MAX) throw new RangeError('the wrapper has no place for another program');
    const target = this.#targets++;
    this.#place('xdp', target, programs.xdp);
    this.#place('tc', target, programs.tc);
    return target;
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
    runs.setU32(0, RUN.outbound, packets.outbound ? 1 : 0);
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
    const bytes = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
    updateElement(this.#object.map(`${hook}_targets`).fd, bytes(target), bytes(program));
  }

  [Symbol.dispose](): void {
    this.#runs[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}

/** As director/bpf/build.sh does. */
function compile(): void {
  mkdirSync(FOLDER, { recursive: true });
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64'];
  const flags = '-O2 -g -target bpf -mcpu=v3 -Wall -Werror'.split(' ');
  const include = `-I/usr/include/${machine}-linux-gnu`;
  execFileSync(process.env.CLANG ?? 'clang-14', [...flags, include, '-c', SOURCE, '-o', OBJECT]);
}
