// How long the kernel's tick is, and when tick 0 was: the packet program tells time by ticks, since reading them costs
// it no call. Ticks follow CLOCK_MONOTONIC exactly (kernel/time/tick-sched.c), so a few edges between them say it all.
import { join } from 'node:path';
import { FairleadError } from '../../model/error.ts';
import { BpfObject, testRun } from '../../native/libbpf.ts';

export interface KernelTicks {
  readonly tick_ns: bigint;
  /** CLOCK_MONOTONIC of tick 0; may be negative, as the kernel does not begin to count at 0. */
  readonly began_ns: bigint;
}

interface Reading {
  readonly ticks: bigint;
  readonly now_ns: bigint;
}

const OBJECT_PATH = join(import.meta.dirname, '../../../build/bpf/ticks.o');
/** Values of CONFIG_HZ. */
const FREQUENCIES_HZ = [24, 32, 48, 64, 100, 128, 200, 250, 256, 300, 500, 512, 1000, 1024, 1200] as const;
const EDGES = 9;
/** Frequencies are told apart by a few percent: short ticks need more of them. */
const SPAN_NS = 40_000_000n;
/** Of edges that were seen well. Fewer do as well where the machine is too busy to see them. */
const EDGES_LEAST = 4;
const EDGES_TRIED = 120;
/** Readings further apart than this tell little about the edge between them. */
const CLEAN_NS = 200_000n;
/** A tick is at most some 42 ms; far more calls than fit into those that are tried. */
const READINGS_MAX = 10_000_000;

export function kernelTicks(): KernelTicks {
  using object = new BpfObject(OBJECT_PATH);
  object.load();
  const program = object.programFd('read_ticks');
  const context = Buffer.alloc(16);
  return ticksFrom(() => {
    testRun(program, { context });
    return { ticks: context.readBigUInt64LE(0), now_ns: context.readBigUInt64LE(8) };
  });
}

/**
 * An edge is never seen early, but late whenever this process or the kernel's own timekeeping was kept waiting. So the
 * tick is the middle one of all lengths between two edges, and tick 0 as early as any edge says.
 */
export function ticksFrom(read: () => Reading): KernelTicks {
  const edges = watchEdges(read);
  const lengths_ns = edges
    .flatMap((one, index) =>
      edges
        .slice(index + 1)
        .map((other) => Number(other.now_ns - one.now_ns) / Number(other.ticks - one.ticks)),
    )
    .sort((one, other) => one - other);
  const tick_ns = BigInt(nearestTick_ns(lengths_ns[lengths_ns.length >>> 1]!));
  const starts = edges.map(({ now_ns, ticks }) => now_ns - ticks * tick_ns);
  const [began_ns] = starts.sort((one, other) => (one < other ? -1 : 1));
  return { tick_ns, began_ns: began_ns! };
}

function watchEdges(read: () => Reading): Reading[] {
  const clean: Reading[] = [];
  const all: Reading[] = [];
  let before = read();
  for (let turn = 0; turn < READINGS_MAX; turn++) {
    const reading = read();
    if (reading.ticks !== before.ticks) {
      all.push(reading);
      if (reading.ticks === before.ticks + 1n && reading.now_ns - before.now_ns < CLEAN_NS)
        clean.push(reading);
    }
    before = reading;
    if (clean.length >= EDGES && reading.now_ns - clean[0]!.now_ns >= SPAN_NS) return clean;
    if (all.length >= EDGES_TRIED) return clean.length >= EDGES_LEAST ? clean : all;
  }
  throw new FairleadError('ticks-stand-still', 'The kernel’s ticks do not advance.', {
    remedy: 'Please report this with the kernel’s version; engine kind ipvs does not need them.',
  });
}

function nearestTick_ns(measured_ns: number): number {
  const candidates = FREQUENCIES_HZ.map((frequency) => Math.floor((1e9 + frequency / 2) / frequency));
  return candidates.reduce((best, each) =>
    Math.abs(each - measured_ns) < Math.abs(best - measured_ns) ? each : best,
  );
}
