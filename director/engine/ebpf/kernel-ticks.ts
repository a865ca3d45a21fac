// How long the kernel's tick is, and when tick 0 was: the packet program tells time by ticks, since reading them costs
// it no call. Ticks follow CLOCK_MONOTONIC exactly (kernel/time/tick-sched.c), so two edges between them say it all.
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
const EDGES_APART = 3n;
/** A tick is at most some 42 ms; far more calls than fit in the wait for one. */
const READINGS_MAX = 1_000_000;

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

/** Reads until it has seen the edges of two ticks. */
export function ticksFrom(read: () => Reading): KernelTicks {
  const first = nextEdge(read, read().ticks + 1n);
  const second = nextEdge(read, first.ticks + EDGES_APART);
  const measured_ns = Number(second.now_ns - first.now_ns) / Number(second.ticks - first.ticks);
  const tick_ns = BigInt(nearestTick_ns(measured_ns));
  return { tick_ns, began_ns: second.now_ns - second.ticks * tick_ns };
}

function nextEdge(read: () => Reading, ticks: bigint): Reading {
  for (let turn = 0; turn < READINGS_MAX; turn++) {
    const reading = read();
    if (reading.ticks >= ticks) return reading;
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
