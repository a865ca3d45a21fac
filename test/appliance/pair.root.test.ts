import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outage_ms } from '../drills/traffic/gaps.ts';
import { type DrillTraffic, startTraffic } from '../drills/traffic/traffic.ts';
import { DRILL_SERVICES } from '../lab/configuration.ts';
import { monotonic_ms } from '../lab/monotonic.ts';
import { activeOf, unrest } from '../lab/pair.ts';
import { DIRECTOR_NAMES } from '../lab/topology.ts';
import { ask, configurationOf, configure, startDirector, until, viewMachines } from './director.ts';
import { whyNoMachine } from './disk.ts';
import type { Machine } from './machine/machine.ts';
import { providePackage } from './package.ts';
import { openSite, type Site } from './site.ts';

const CONNECTIONS = 200;
const FRESH_EVERY_MS = 40;
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
    await untilPeerHas(active);
    const fault_at = monotonic_ms();
    await active.powerCut();
    await until(
      standby,
      'the standby to take over',
      async () => (await ask(standby, 'ha')).role === 'active',
    );
    const successes = traffic.successes();
    await until(standby, 'new connections', async () => traffic.successes() > successes + 100);
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

/** What the active director knows now, the other one has acknowledged. Its machine is slow: that takes longer than a moment. */
async function untilPeerHas(active: Machine): Promise<void> {
  const position = (await ask(active, 'ha')).sync?.position ?? 0;
  await until(
    active,
    'its peer to have the connections',
    async () => ((await ask(active, 'ha')).sync?.acknowledged ?? -1) >= position,
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
