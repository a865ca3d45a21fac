// What a simulated pair goes through: settings and faults, all from one seed, as plain data that can be printed and pruned.
import type { CoreSettings, Health, OrderKind } from '../../heartbeat/core/types.ts';
import { type Random, randomOf } from './random.ts';

export type Side = 0 | 1;
export const NAMES = ['lb1', 'lb2'] as const;
/** Frames from 0 to 1, from 1 to 0, or both. */
export type Direction = Side | 'both';
export type LinkChoice = number | 'all';

export type Fault = { readonly at_ms: number; readonly for_ms: number } & (
  | { readonly kind: 'cut'; readonly link: LinkChoice; readonly direction: Direction }
  | {
      readonly kind: 'loss';
      readonly link: LinkChoice;
      readonly direction: Direction;
      readonly share: number;
    }
  | { readonly kind: 'delay'; readonly link: LinkChoice; readonly most_ms: number }
  | { readonly kind: 'duplicates'; readonly link: LinkChoice }
  /** `midStep`: stopped between two effects of one step. `loses`: what comes meanwhile is lost, as to a suspended machine. */
  | { readonly kind: 'pause'; readonly side: Side; readonly midStep: boolean; readonly loses: boolean }
  /** The process ends; the kernel keeps VIPs and lease. It is back after for_ms, and resumes when its lease is young. */
  | { readonly kind: 'crash'; readonly side: Side }
  /** The machine is without power for for_ms. */
  | { readonly kind: 'power'; readonly side: Side }
  | { readonly kind: 'disk'; readonly side: Side; readonly mode: 'slow' | 'fails' }
  | { readonly kind: 'raise-fails'; readonly side: Side }
  | { readonly kind: 'release-fails'; readonly side: Side }
  | { readonly kind: 'health'; readonly side: Side; readonly health: Health }
  | { readonly kind: 'incomplete'; readonly side: Side }
  | { readonly kind: 'no-witness'; readonly side: Side }
  | { readonly kind: 'order'; readonly side: Side; readonly order: OrderKind }
  | { readonly kind: 'claimant'; readonly side: Side }
  | { readonly kind: 'settings'; readonly deadtime_ms: number }
);

export interface Schedule {
  readonly seed: number;
  /** Of both directors but for name and priority. */
  readonly settings: Omit<CoreSettings, 'node' | 'peer' | 'priority'>;
  readonly priorities: readonly [number, number];
  readonly starts_ms: readonly [number, number];
  readonly delay_ms: number;
  /** Whether the processes wake when a silence is over, or every interval only. */
  readonly precise: boolean;
  readonly disk_ms: number;
  readonly faults: readonly Fault[];
  /** From here on everything works again. */
  readonly calm_ms: number;
  /** One fault to a settled pair: the promised times hold. */
  readonly single: boolean;
  /** How long to go on after the pair has settled again, to see it fail back. */
  readonly linger_ms: number;
}

const SINGLE_SHARE = 0.35;
const LONG_SHARE = 0.02;

export function scheduleOf(seed: number): Schedule {
  const random = randomOf(seed);
  const interval_ms = random.pick([10, 20, 50, 100]);
  const deadtime_ms = interval_ms * random.pick([2, 3, 4, 4, 5]);
  const initdead_ms = deadtime_ms * random.pick([1, 2, 2]);
  const links = random.pick([1, 2, 2, 3]);
  const fence = random.chance(0.1) ? { onFailure: random.pick(['refuse', 'proceed'] as const) } : undefined;
  const settings = {
    interval_ms,
    deadtime_ms,
    initdead_ms,
    links,
    failback: random.pick(['manual', 'auto'] as const),
    witnesses: random.chance(0.25),
    probesVips: random.chance(0.1),
    ...(fence === undefined ? {} : { fence }),
  };
  const single = random.chance(SINGLE_SHARE);
  const settled_ms = single ? 8 * interval_ms : 0;
  const window_ms = single ? 2 * interval_ms : random.whole(4, 30) * interval_ms;
  const count = single ? 1 : random.whole(1, 6);
  const faults: Fault[] = [];
  for (let i = 0; i < count; i++)
    faults.push(faultOf(random, settings, settled_ms, settled_ms + window_ms, single));
  if (!single && random.chance(0.05)) {
    const at_ms = random.between(settled_ms, settled_ms + window_ms);
    for (const side of [0, 1] as const)
      faults.push({ kind: 'power', side, at_ms, for_ms: lengthOf(random, settings) });
  }
  const apart_ms = single ? interval_ms : random.chance(0.3) ? 2 * initdead_ms : interval_ms;
  const starts = [0, random.between(0, apart_ms)] as const;
  return {
    seed,
    settings,
    priorities: random.chance(0.3) ? [100, 100] : [random.whole(1, 255), random.whole(1, 255)],
    starts_ms: random.chance(0.5) ? starts : [starts[1], starts[0]],
    delay_ms: random.between(0.05, Math.min(2, interval_ms / 20)),
    precise: random.chance(0.5),
    disk_ms: random.between(0.5, 30),
    faults: faults.sort((a, b) => a.at_ms - b.at_ms),
    calm_ms: Math.max(...faults.map((fault) => fault.at_ms + fault.for_ms)),
    single,
    linger_ms: random.chance(LONG_SHARE) ? 3 * Math.max(10 * deadtime_ms, 3_000) : 0,
  };
}

type Pair = Schedule['settings'];

/** What a settled pair must take within the promised time. */
const SINGLE_KINDS = [
  'cut',
  'cut',
  'loss',
  'delay',
  'duplicates',
  'pause',
  'pause',
  'crash',
  'crash',
  'power',
  'power',
  'disk',
  'health',
  'no-witness',
  'switchover',
  'claimant',
] as const;
const MANY_KINDS = [
  ...SINGLE_KINDS,
  'raise-fails',
  'release-fails',
  'incomplete',
  'hold',
  'settings',
] as const;

function faultOf(random: Random, pair: Pair, from_ms: number, to_ms: number, single: boolean): Fault {
  const kind = random.pick(single ? SINGLE_KINDS : MANY_KINDS);
  const at_ms = random.between(from_ms, to_ms);
  const side = random.whole(0, 1) as Side;
  const for_ms = lengthOf(random, pair);
  const link = random.chance(0.5) ? 'all' : random.whole(0, pair.links - 1);
  const direction = random.pick([0, 1, 'both', 'both'] as const);
  const time = { at_ms, for_ms };
  switch (kind) {
    case 'cut':
      return { ...time, kind, link, direction };
    case 'loss':
      return { ...time, kind, link, direction, share: random.between(0.05, 0.9) };
    case 'delay':
      return { ...time, kind, link, most_ms: random.between(0, (single ? 0.5 : 1.5) * pair.deadtime_ms) };
    case 'duplicates':
      return { ...time, kind, link };
    case 'pause':
      return { ...time, kind, side, midStep: random.chance(0.3), loses: random.chance(0.3) };
    case 'disk':
      return { ...time, kind, side, mode: random.pick(['slow', 'fails'] as const) };
    case 'health':
      return { ...time, kind, side, health: random.pick(['impaired', 'bad'] as const) };
    case 'switchover':
      return { at_ms, for_ms: 0, kind: 'order', side, order: 'switchover' };
    case 'hold':
      return { ...time, kind: 'order', side, order: 'hold' };
    case 'settings': {
      const deadtime_ms = pair.interval_ms * random.pick([2, 3, 4, 5, 6]);
      return { at_ms, for_ms: 0, kind, deadtime_ms };
    }
    default:
      return { ...time, kind, side };
  }
}

/** Short against the deadtime, about it, or long. */
function lengthOf(random: Random, pair: Pair): number {
  const { deadtime_ms, interval_ms } = pair;
  const kind = random.next();
  if (kind < 0.35) return random.between(0, deadtime_ms);
  if (kind < 0.6) return random.between(0.8, 1.3) * deadtime_ms;
  return random.between(deadtime_ms, deadtime_ms + 12 * interval_ms);
}
