// What it costs to make connections, to let them go, and to look for one: the table's turnover on one CPU.
import type { EbpfEngine } from '../../director/engine/ebpf/ebpf-engine.ts';
import { address } from '../../director/model/address.ts';
import { CONNECTION_STATES, DEFAULT_TIMEOUTS_MS } from '../../director/model/state.ts';
import { type Figure, formatNumber } from './figures.ts';
import { type BenchMethod, FlowTable } from './flow-table.ts';
import { Samples } from './samples.ts';
import type { BenchContext, Section } from './section.ts';
import { Wrapper } from './wrapper.ts';

interface Size {
  readonly connections: number;
  readonly rounds: number;
}

const FULL: Size = { connections: 2 ** 20, rounds: 5 };
const QUICK: Size = { connections: 2 ** 14, rounds: 2 };

/** How much of the table one sweep looks at: director/engine/ebpf/ebpf-engine.ts. */
const SWEEP_SLICES = 10;
const SWEEP_LEAST = 16_384;

export const TURNOVER: Section = {
  name: 'turnover',
  title: 'making connections, expiring them and looking for them, on one CPU',
  async *run(context) {
    const size = context.quick ? QUICK : FULL;
    using wrapper = new Wrapper();
    for (const method of ['route', 'nat', 'tunnel'] as const)
      yield* measureTurnover(context, size, wrapper, method);
  },
};

async function* measureTurnover(
  context: BenchContext,
  { connections, rounds }: Size,
  wrapper: Wrapper,
  method: BenchMethod,
): AsyncGenerator<Figure> {
  context.say(`${method}: ${connections} connections come and go, ${rounds} rounds`);
  using table = new FlowTable(wrapper, method, 4, connections);
  const { engine } = table;
  const enter = new Samples();
  const expire = new Samples();
  const sweepFull = new Samples();
  const sweepEmpty = new Samples();
  for (let round = 0; round < rounds; round++) {
    await context.turn();
    const syns = {
      hook: 'xdp',
      flags: 'S',
      flows: connections,
      order: 'one-by-one',
      packets: connections,
    } as const;
    enter.add(table.run(syns));
    await context.turn();
    sweepFull.add(sweepAll(engine, connections) / connections);
    engine.setTimeouts(everyState(0));
    expire.add(sweepAll(engine, connections) / connections);
    engine.setTimeouts(DEFAULT_TIMEOUTS_MS);
    if (used(engine) !== 0) throw new Error(`${used(engine)} connections have not expired`);
    await context.turn();
    sweepEmpty.add(sweepAll(engine, connections) / connections);
  }
  const whole_ns = enter.min + expire.min;
  yield {
    name: `${method}: connections made and expired`,
    value: 1e6 / whole_ns,
    unit: 'thousand/s',
    detail: `made in ${formatNumber(enter.min)} ns (median ${formatNumber(enter.median)}), expired in ${formatNumber(expire.min)} ns (median ${formatNumber(expire.median)})`,
  };
  if (method !== 'nat') return;
  yield ns('sweep of a full table, nothing expired, per slot', sweepFull);
  yield ns('sweep of a table that was full, per slot', sweepEmpty);
  yield* measureLookUp(context, table, connections, rounds);
}

async function* measureLookUp(
  context: BenchContext,
  table: FlowTable,
  connections: number,
  rounds: number,
): AsyncGenerator<Figure> {
  table.establish(connections);
  const client = address('10.255.255.255');
  const scan = new Samples();
  const list = new Samples();
  const listed = Math.min(connections, 10_000);
  for (let round = 0; round < rounds; round++) {
    await context.turn();
    scan.add(timed_ns(() => table.engine.connections({ client }, 1)) / connections);
    list.add(timed_ns(() => table.engine.connections({}, listed)) / listed);
  }
  yield ns('looking for a client who is not there, per slot', scan);
  yield ns('listing connections, per entry', list);
}

/** One whole turn of the engine's sweeps over a table of which every slot has been used: returns how long it took. */
function sweepAll(engine: EbpfEngine, slots: number): number {
  const slice = Math.max(SWEEP_LEAST, Math.ceil(slots / SWEEP_SLICES));
  return timed_ns(() => {
    for (let from = 0; from < slots; from += slice) engine.sweep();
  });
}

function everyState(timeout_ms: number) {
  return Object.fromEntries(CONNECTION_STATES.map((state) => [state, timeout_ms]));
}

function used(engine: EbpfEngine): number {
  return engine.snapshot().tables.find(({ name }) => name === 'connections')!.used;
}

function timed_ns(action: () => unknown): number {
  const began = process.hrtime.bigint();
  action();
  return Number(process.hrtime.bigint() - began);
}

function ns(name: string, samples: Samples): Figure {
  return { name, value: samples.min, unit: 'ns', detail: `median ${formatNumber(samples.median)}` };
}
