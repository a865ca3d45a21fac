// What is done to the lab, chosen by chance: each fault changes the lab and what is true of it.

import { FairleadError } from '../../director/model/error.ts';
import type { LabDirector } from '../lab/director.ts';
import type { Lab } from '../lab/lab.ts';
import { processesIn, signalOne } from '../lab/processes.ts';
import { type DirectorName, SERVER_NAMES, type ServerName } from '../lab/topology.ts';
import { run } from '../support/netns.ts';
import type { Order } from './truth.ts';

/** What was done so far. */
export interface Deeds {
  readonly lab: Lab;
  readonly alive: Set<ServerName>;
  readonly orders: Map<string, Order>;
  readonly away: Set<DirectorName>;
  /** The director that takes orders. */
  active(): Promise<LabDirector>;
}

export interface Fault {
  readonly name: string;
  /** How often it is chosen. */
  readonly share: number;
  /** What passes before anybody can know of it: probes of the lab come every 500 ms, and two must agree. */
  readonly unseen_ms: number;
  /** Undefined: it cannot be done as things are. Else what was done, in words. */
  readonly happen: (deeds: Deeds, chance: Chance) => Promise<string | undefined>;
}

/** Whole numbers from 0 to below `n`. */
export type Chance = (n: number) => number;

const PROBES_MS = 1_400;
const FROZEN_MAX = 1;

function pick<T>(list: readonly T[], chance: Chance): T | undefined {
  return list.length === 0 ? undefined : list[chance(list.length)];
}

async function order(
  deeds: Deeds,
  chance: Chance,
  action: 'drain' | 'enable' | 'disable' | 'weight',
): Promise<string | undefined> {
  if (deeds.away.size > 0) return undefined; // nobody may be there to take it
  const service = pick(deeds.lab.services, chance)!.name;
  const server = pick(SERVER_NAMES, chance)!;
  const key = `${service}/${server}`;
  const { control } = await deeds.active();
  const params = { service, server };
  const before = deeds.orders.get(key) ?? { admin: 'enabled' as const, weight: undefined };
  const weight = chance(4) === 0 ? null : chance(10);
  try {
    if (action === 'weight') await control.call('weight', { params, body: { weight }, ifMatch: '*' });
    else if (action === 'drain') await control.call('drain', { params, body: {}, ifMatch: '*' });
    else await control.call(action, { params, ifMatch: '*' });
  } catch (error) {
    // In the middle of a takeover it may be refused; then it is in force nowhere.
    if (error instanceof FairleadError && error.code === 'not-active') return undefined;
    throw error;
  }
  if (action === 'weight') {
    deeds.orders.set(key, { ...before, weight: weight ?? undefined });
    return `${key}: weight ${weight ?? 'as configured'}`;
  }
  const admin = ({ drain: 'draining', enable: 'enabled', disable: 'disabled' } as const)[action];
  deeds.orders.set(key, { ...before, admin });
  return `${key}: ${action}`;
}

function pulseOf(deeds: Deeds, director: LabDirector): number | undefined {
  return processesIn(deeds.lab.namespaces.get(director.name)).find(({ kind }) => kind === 'pulse')?.pid;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill server',
    share: 5,
    unseen_ms: PROBES_MS,
    async happen({ lab, alive }, chance) {
      const name = pick([...alive], chance);
      if (name === undefined) return undefined;
      await lab.server(name).kill();
      alive.delete(name);
      return `${name} is killed`;
    },
  },
  {
    name: 'revive server',
    share: 5,
    unseen_ms: PROBES_MS,
    async happen({ lab, alive }, chance) {
      const name = pick(
        SERVER_NAMES.filter((each) => !alive.has(each)),
        chance,
      );
      if (name === undefined) return undefined;
      await lab.server(name).revive();
      alive.add(name);
      return `${name} is started`;
    },
  },
  ...(['drain', 'enable', 'disable', 'weight'] as const).map((action) => ({
    name: action,
    share: 4,
    unseen_ms: 0,
    happen: (deeds: Deeds, chance: Chance) => order(deeds, chance, action),
  })),
  {
    name: 'kill monitor',
    share: 1,
    unseen_ms: 0,
    async happen({ lab }, chance) {
      const director = pick(lab.directors, chance)!;
      return director.killOnly('monitor') > 0 ? `the monitors of ${director.name} are killed` : undefined;
    },
  },
  {
    name: 'kill heartbeat',
    share: 1,
    unseen_ms: 0,
    async happen({ lab, away }, chance) {
      if (away.size > 0) return undefined; // its supervisor starts another
      const director = pick(lab.directors, chance)!;
      return director.killOnly('heartbeat') > 0 ? `the heartbeat of ${director.name} is killed` : undefined;
    },
  },
  {
    name: 'stop supervisor',
    share: 2,
    unseen_ms: 0,
    async happen(deeds, chance) {
      if (deeds.away.size >= FROZEN_MAX) return undefined;
      const director = pick(deeds.lab.directors, chance)!;
      const pid = pulseOf(deeds, director);
      if (pid === undefined || !signalOne(pid, 'SIGSTOP')) return undefined;
      deeds.away.add(director.name);
      return `the supervisor of ${director.name} is stopped`;
    },
  },
  {
    name: 'go on',
    share: 4,
    unseen_ms: 0,
    async happen(deeds) {
      const [name] = deeds.away;
      const director = deeds.lab.directors.find((each) => each.name === name);
      const pid = director && pulseOf(deeds, director);
      if (director === undefined || pid === undefined) return undefined;
      signalOne(pid, 'SIGCONT');
      deeds.away.delete(director.name);
      return `the supervisor of ${director.name} goes on`;
    },
  },
  {
    name: 'take the packet program away',
    share: 2,
    unseen_ms: 0,
    async happen({ lab }, chance) {
      const director = pick(lab.directors, chance)!;
      const name = pick(['eth0', 'eth1'], chance)!;
      run(lab.namespaces.get(director.name), 'tc', ['qdisc', 'del', 'dev', name, 'clsact'], {
        allowFailure: true,
      });
      return `filters of ${name} at ${director.name} are cleared`;
    },
  },
  {
    name: 'switchover',
    share: 1,
    unseen_ms: 0,
    async happen(deeds) {
      if (deeds.away.size > 0) return undefined;
      const director = await deeds.active();
      try {
        const { to } = await director.control.call('switchover', { body: {} });
        return `${director.name} hands over to ${to}`;
      } catch {
        return undefined; // a check before it says no: the pair is not ready
      }
    },
  },
];
