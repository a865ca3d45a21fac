import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outage_ms } from '../drills/traffic/gaps.ts';
import { type DrillTraffic, startTraffic } from '../drills/traffic/traffic.ts';
import { DRILL_SERVICES } from '../lab/configuration.ts';
import { monotonic_ms } from '../lab/monotonic.ts';
import { activeOf, unrest } from '../lab/pair.ts';
import { DIRECTOR_NAMES } from '../lab/topology.ts';
import {
  ask,
  configurationOf,
  configure,
  establishedAt,
  startDirector,
  until,
  viewMachines,
} from './director.ts';
import { whyNoMachine } from './disk.ts';
import type { Machine } from './machine/machine.ts';
import { providePackage } from './package.ts';
import { openSite, type Site } from './site.ts';

const CONNECTIONS = 100;
/** Two machines that share two processors carry some hundred packets a second, not thousands. */
const FRESH_EVERY_MS = 200;
const FLOW_EVERY_MS = 100;
/** A machine here is slow beside other work; what is lost is lost for good, however long it takes to find out. */
const PATIENT_MS = 15_000;
const services = DRILL_SERVICES;

describe.skipIf(whyNoMachine() !== undefined)('two machines as a pair', () => {
  let site: Site;
  let traffic: DrillTraffic;

  beforeAll(async () => {
    const deb = await providePackage(console.log);
    site = await openSite({ machines: DIRECTOR_NAMES, services, deb, serial: true, progress: console.log });
    const key = randomBytes(32).toString('hex');
    const text = configurationOf({ directors: DIRECTOR_NAMES, services, serial: '/dev/ttyS1' });
    await Promise.all(
      site.machines.map(async (machine) => {
        await machine.boot();
        await configure(machine, text, key);
        await startDirector(machine);
      }),
    );
    await atRest(site);
    traffic = startTraffic(site, {
      connections: CONNECTIONS,
      fresh_every_ms: FRESH_EVERY_MS,
      flow_every_ms: FLOW_EVERY_MS,
      timeout_ms: PATIENT_MS,
    });
  });

  afterAll(async () => {
    traffic?.[Symbol.dispose]();
    await site?.[Symbol.asyncDispose]();
  });

  it('loses no established connection when the active one loses its power', async () => {
    const active = activeOf(await viewMachines(site.machines))!;
    const standby = site.machines.find((machine) => machine !== active)!;
    await traffic.begin();
    await untilPeerHas(active, standby);
    const fault_at = monotonic_ms();
    await active.powerCut();
    await until(
      standby,
      'the standby to take over',
      async () => (await ask(standby, 'ha')).role === 'active',
    );
    const successes = traffic.successes();
    await until(standby, 'new connections', async () => traffic.successes() > successes + 40);
    const { established, fresh } = await traffic.end(fault_at);
    console.log(
      `${active.name} without power: new connections waited for ${outage_ms(fresh.after, FRESH_EVERY_MS).toFixed()} ms; ` +
        `of ${established.of} established connections lost: ${JSON.stringify(established.lost)}, ` +
        `silent for at most ${established.stall_ms.toFixed()} ms`,
    );
    expect({ of: established.of, lost: established.lost }).toEqual({ of: CONNECTIONS, lost: {} });
  });

  it('is whole again when the machine has its power back', async () => {
    const returning = site.machines.find((machine) => !machine.isRunning())!;
    await returning.boot();
    await atRest(site);
    const active = activeOf(await viewMachines(site.machines))!;
    expect(active.name).not.toBe(returning.name);
    expect((await ask(returning, 'ha')).role).toBe('standby');
  });
});

/**
 * The standby has every connection that the active one held when this was called, and still holds. Neither one's word for how
 * far sync has come would do: on a machine this slow that word may be seconds old.
 */
async function untilPeerHas(active: Machine, standby: Machine): Promise<void> {
  const wanted = await establishedAt(active);
  expect(wanted.size).toBeGreaterThanOrEqual(CONNECTIONS);
  let missing = wanted.size;
  await until(
    standby,
    () => `${missing} of the connections of ${active.name}`,
    async () => {
      const held = await establishedAt(standby);
      const still = await establishedAt(active);
      missing = [...wanted].filter((one) => still.has(one) && !held.has(one)).length;
      return missing === 0;
    },
  );
}

async function atRest(site: Site): Promise<void> {
  let why: string | undefined;
  await until(
    site.machines[0]!,
    () => `the pair to come to rest (${why})`,
    async () => {
      why = unrest(await viewMachines(site.machines));
      return why === undefined;
    },
  );
}
