// Nanoseconds per packet, by test-run, beside a program that does nothing in the same rounds.
import type { Family } from '../../director/model/address.ts';
import { atMost, type Figure, formatNumber, type Target } from './figures.ts';
import { type BenchMethod, type FlowPackets, FlowTable, packetsOf } from './flow-table.ts';
import { interleave, type Samples } from './samples.ts';
import type { BenchContext, Section } from './section.ts';
import { createWayBack, type WayBack } from './way-back.ts';
import { EMPTY, type Hook, ROOM, Wrapper } from './wrapper.ts';

const METHODS: readonly BenchMethod[] = ['route', 'nat', 'tunnel'];
const KI = 2 ** 10;

interface Size {
  readonly flows: readonly [number, number, number];
  readonly rounds: number;
  readonly packets: number;
  readonly setUps: number;
}

const FULL: Size = { flows: [1, KI, KI * KI], rounds: 9, packets: 200_000, setUps: 2 ** 17 };
const QUICK: Size = { flows: [1, KI, 16 * KI], rounds: 2, packets: 10_000, setUps: 2 ** 13 };

/** What is measured: packets of one kind, through one program. */
interface Case {
  readonly key: string;
  readonly hook: Hook;
  readonly flows: number;
  readonly program: 'empty' | 'room' | FlowTable;
  readonly direction: 'inbound' | 'outbound';
}

export const PACKETS: Section = {
  name: 'packets',
  title: 'time of a packet in the program, as a multiple of an empty program’s',
  async *run(context) {
    const size = context.quick ? QUICK : FULL;
    using wrapper = new Wrapper();
    using wayBack = createWayBack();
    for (const family of [4, 6] as const) {
      using tables = new DisposableStack();
      const all = METHODS.map((method) => tables.use(new FlowTable(wrapper, method, family, size.flows[2])));
      yield* measureSetUp(context, size, wrapper, all);
      context.say(`IPv${family}: entering ${size.flows[2]} connections of each method`);
      for (const table of all) {
        await context.turn();
        table.establish(size.flows[2]);
      }
      yield* measureEstablished(context, size, wrapper, wayBack, all);
    }
  },
};

async function* measureSetUp(
  context: BenchContext,
  size: Size,
  wrapper: Wrapper,
  tables: readonly FlowTable[],
): AsyncGenerator<Figure> {
  const family = tables[0]!.family;
  context.say(`IPv${family}: new connections`);
  const what = {
    hook: 'xdp',
    flags: 'S',
    flows: size.flows[2],
    order: 'one-by-one',
    packets: size.setUps,
  } as const;
  const cases = ['empty' as const, ...tables];
  const samples = await interleave(size.rounds, cases, context.turn, (one) => {
    if (one === 'empty') return runEmpty(wrapper, family, what, EMPTY);
    one.flush();
    return one.run(what);
  });
  for (const table of tables) {
    const name = `IPv${family} ${table.method}, new connection`;
    yield figure(name, samples.get(table)!, samples.get('empty')!, family === 4 ? atMost(25) : undefined);
    table.flush();
  }
}

async function* measureEstablished(
  context: BenchContext,
  size: Size,
  wrapper: Wrapper,
  wayBack: WayBack,
  tables: readonly FlowTable[],
): AsyncGenerator<Figure> {
  const family = tables[0]!.family;
  context.say(`IPv${family}: packets of established connections, ${size.rounds} rounds`);
  const cases = size.flows.flatMap((flows) => casesOf(flows, tables));
  const samples = await interleave(size.rounds, cases, context.turn, (one) => {
    const { hook, flows, direction, program } = one;
    const what = { hook, flows, direction, flags: 'A', order: 'random', packets: size.packets } as const;
    if (typeof program === 'string')
      return runEmpty(wrapper, family, what, program === 'empty' ? EMPTY : ROOM);
    return direction === 'inbound' ? program.run(what) : wayBack.inside(() => program.run(what));
  });
  for (const [one, taken] of samples) {
    if (one.program === 'empty') continue;
    const empty = cases.find(
      (each) => each.program === 'empty' && each.hook === one.hook && each.flows === one.flows,
    )!;
    const target = family === 4 ? targetOf(one, size.flows) : undefined;
    yield figure(`IPv${family} ${one.key}`, taken, samples.get(empty)!, target);
  }
}

function casesOf(flows: number, tables: readonly FlowTable[]): Case[] {
  const label =
    flows === 1 ? '1 flow' : flows >= KI * KI ? `${flows / KI / KI} Mi flows` : `${flows / KI} Ki flows`;
  const common = { flows, direction: 'inbound' } as const;
  const nat = tables.find((table) => table.method === 'nat')!;
  const out = { flows, direction: 'outbound', program: nat } as const;
  const xdp = tables.map((program): Case => {
    return { ...common, hook: 'xdp', program, key: `${program.method}, ${label}` };
  });
  // A second outer header on the same skb is refused by the kernel, so tc tunnels cannot be repeated.
  const tc = tables.flatMap((program): Case[] =>
    program.method === 'tunnel'
      ? []
      : [{ ...common, hook: 'tc', program, key: `${program.method}, ${label}, tc` }],
  );
  return [
    { ...common, hook: 'xdp', program: 'empty', key: `empty, ${label}` },
    ...xdp,
    ...(flows === 1
      ? [{ ...common, hook: 'xdp', program: 'room', key: 'room for an outer header alone' } as const]
      : []),
    { ...out, hook: 'xdp', key: `nat, ${label}, reply` },
    { ...common, hook: 'tc', program: 'empty', key: `empty, ${label}, tc` },
    ...tc,
    { ...out, hook: 'tc', key: `nat, ${label}, reply, tc` },
  ];
}

function targetOf({ hook, flows, program, direction }: Case, sizes: Size['flows']): Target | undefined {
  if (hook !== 'xdp' || direction !== 'inbound' || typeof program === 'string' || flows === 1)
    return undefined;
  if (flows === sizes[2]) return atMost(10);
  return atMost(program.method === 'route' ? 2.5 : 3);
}

function runEmpty(wrapper: Wrapper, family: Family, what: FlowPackets, target: number): number {
  return wrapper.run({ ...packetsOf(family, what, 'nat'), target, verdict: what.hook === 'xdp' ? 2 : 0 });
}

/** Net of the empty program, least disturbed round of both. */
function figure(name: string, taken: Samples, empty: Samples, target: Target | undefined): Figure {
  const net_ns = taken.min - empty.min;
  const medianNet_ns = taken.median - empty.median;
  return {
    name,
    value: net_ns / empty.min,
    unit: 'x',
    detail:
      `net ${formatNumber(net_ns)} ns (median ${formatNumber(medianNet_ns)} ns, ${formatNumber(medianNet_ns / empty.median)}x), ` +
      `empty ${formatNumber(empty.min)} ns (median ${formatNumber(empty.median)})`,
    ...(target ? { target } : {}),
  };
}
