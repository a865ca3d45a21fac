// Brings faults about in a simulated site, and ends them again.
import { type Fault, NAMES } from './schedule.ts';
import type { World } from './world.ts';

export function arrange(world: World, fault: Fault): void {
  const { queue } = world;
  queue.at(fault.at_ms, () => {
    if (world.tracing) world.tell(undefined, `-- ${describeFault(fault)}`);
    if ('side' in fault) world.rolesAtFaults.push(world.directors[fault.side].state?.role);
    const end = begin(world, fault);
    if (end === undefined) return;
    queue.at(fault.at_ms + fault.for_ms, () => {
      if (world.tracing) world.tell(undefined, `-- over: ${describeFault(fault)}`);
      end();
    });
  });
}

export function describeFault(fault: Fault): string {
  const { kind, at_ms, for_ms, ...rest } = fault;
  const details = Object.entries(rest)
    .map(([key, value]) => `${key} ${key === 'side' ? NAMES[value as 0 | 1] : value}`)
    .join(', ');
  return `${kind} at ${at_ms.toFixed(1)} ms for ${for_ms.toFixed(1)} ms: ${details}`;
}

/** Gives what ends it. */
function begin(world: World, fault: Fault): (() => void) | undefined {
  switch (fault.kind) {
    case 'cut':
      world.change(fault.link, fault.direction, (path) => path.cuts++);
      return () => world.change(fault.link, fault.direction, (path) => path.cuts--);
    case 'loss':
      world.change(fault.link, fault.direction, (path) => {
        path.loss += fault.share;
      });
      return () =>
        world.change(fault.link, fault.direction, (path) => {
          path.loss = path.loss - fault.share < 1e-9 ? 0 : path.loss - fault.share;
        });
    case 'delay':
      world.change(fault.link, 'both', (path) => {
        path.delay_ms += fault.most_ms;
      });
      return () =>
        world.change(fault.link, 'both', (path) => {
          path.delay_ms = path.delay_ms - fault.most_ms < 1e-9 ? 0 : path.delay_ms - fault.most_ms;
        });
    case 'duplicates':
      world.change(fault.link, 'both', (path) => path.duplicates++);
      return () => world.change(fault.link, 'both', (path) => path.duplicates--);
    case 'settings':
      pushSettings(world, fault.deadtime_ms);
      return undefined;
    default:
      return befall(world, fault);
  }
}

type OfOneSide = Extract<Fault, { side: unknown }>;

function befall(world: World, fault: OfOneSide): (() => void) | undefined {
  const director = world.directors[fault.side];
  switch (fault.kind) {
    case 'pause': {
      const { boot } = director;
      if (fault.midStep) director.pauseMidStep();
      else director.pause();
      return () => {
        director.pausesMidStep = false;
        if (director.boot === boot) director.wake(fault.loses);
      };
    }
    case 'crash':
    case 'power': {
      director.kill();
      director.downs++;
      if (fault.kind === 'power') {
        world.ledger.account(world.now);
        Object.assign(world.ledger.owners[fault.side], { up: false, lease_ms: -1 });
      }
      return () => {
        director.downs--;
        director.start();
      };
    }
    case 'health':
      director.health = fault.health;
      director.take({ kind: 'health', health: fault.health, reason: 'simulated' });
      return () => {
        director.health = 'good';
        director.take({ kind: 'health', health: 'good', reason: 'simulated' });
      };
    case 'order':
      world.order(fault.side, fault.order);
      return fault.order === 'hold' ? () => world.order(fault.side, 'release') : undefined;
    case 'claimant':
      director.take({ kind: 'claimant', vip: '192.0.2.1', mac: '02:00:00:00:00:99' });
      return undefined;
    default:
      return impair(world, fault);
  }
}

type Counted = Extract<
  OfOneSide,
  { kind: 'disk' | 'raise-fails' | 'release-fails' | 'incomplete' | 'no-witness' }
>;

function impair(world: World, fault: Counted): () => void {
  const director = world.directors[fault.side];
  const tellComplete = (): void =>
    director.take({ kind: 'complete', complete: director.incomplete === 0, reason: '' });
  const tellWitness = (): void => director.take({ kind: 'witness', reachable: director.witnessLost === 0 });
  switch (fault.kind) {
    case 'incomplete':
      director.incomplete++;
      tellComplete();
      return () => {
        director.incomplete--;
        tellComplete();
      };
    case 'no-witness':
      director.witnessLost++;
      // "Within the deadtime" is when it is missed.
      world.queue.at(world.now + director.settings.deadtime_ms, tellWitness);
      return () => {
        director.witnessLost--;
        tellWitness();
      };
    default: {
      const key = COUNTERS[fault.kind === 'disk' ? fault.mode : fault.kind];
      director[key]++;
      return () => {
        director[key]--;
      };
    }
  }
}

const COUNTERS = {
  slow: 'diskSlow',
  fails: 'diskFails',
  'raise-fails': 'raiseFails',
  'release-fails': 'releaseFails',
} as const;

/** One after the other, as a revision reaches the standby through its peer. */
function pushSettings(world: World, deadtime_ms: number): void {
  const { interval_ms, initdead_ms } = world.schedule.settings;
  const skew_ms = world.random.between(0, 3 * interval_ms);
  const first = world.random.chance(0.5) ? 0 : 1;
  world.directors.forEach((director, side) => {
    world.queue.at(world.now + (side === first ? 0 : skew_ms), () => {
      director.settings = {
        ...director.settings,
        deadtime_ms,
        initdead_ms: Math.max(initdead_ms, deadtime_ms),
      };
      director.take({ kind: 'settings', settings: director.settings });
    });
  });
}
