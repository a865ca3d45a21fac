// Orders that are given in the middle of a takeover: what was confirmed counts at both directors, whoever took it.
import { expect, it } from 'vitest';
import { FairleadError } from '../../director/model/error.ts';
import type { LabDirector } from './director.ts';
import { createLab, type Lab } from './lab.ts';
import { activeOf, unrest, viewPair } from './pair.ts';
import { DIRECTOR_NAMES, SERVER_NAMES } from './topology.ts';
import { waitFor } from './wait.ts';

const TAKEOVERS = 3;
const PATIENCE_MS = 20_000;

it('loses no order that was confirmed while the heartbeat of the active is gone', async () => {
  await using lab = await createLab({ directors: DIRECTOR_NAMES });
  for (let takeover = 1; takeover <= TAKEOVERS; takeover++)
    await giveOrders(lab, 10 + takeover, async (active) => {
      expect(active.killOnly('heartbeat')).toBeGreaterThan(0);
    });
}, 120_000);

it('loses no order that was confirmed while the active hands over', async () => {
  await using lab = await createLab({ directors: DIRECTOR_NAMES });
  for (let takeover = 1; takeover <= TAKEOVERS; takeover++) {
    await waitFor('the pair to be at rest', PATIENCE_MS, async () => !unrest(await viewPair(lab.directors)));
    let handedOver: Promise<unknown> = Promise.resolve();
    await giveOrders(lab, 10 + takeover, async (active) => {
      handedOver = active.control.call('switchover', { body: {} });
    });
    await handedOver;
  }
}, 120_000);

/** An order for every server of every service while the active loses its part, which both must have in the end. */
async function giveOrders(
  lab: Lab,
  weight: number,
  fell: (active: LabDirector) => Promise<void>,
): Promise<void> {
  const places = lab.services.flatMap(({ name }) => SERVER_NAMES.map((server) => [name, server] as const));
  await fell(await soleActive(lab.directors));
  for (const [service, server] of places)
    await waitFor(`the order for ${service}/${server}`, PATIENCE_MS, async () => {
      const active = activeOf(await viewPair(lab.directors));
      return active !== undefined && (await give(active, { service, server }, weight));
    });
  await soleActive(lab.directors);
  let missing: string[] = [];
  await waitFor(
    () => `both to have every order; not ${missing.join(', ')}`,
    PATIENCE_MS,
    async () => {
      missing = (await Promise.all(lab.directors.map((each) => without(each, weight)))).flat();
      return missing.length === 0;
    },
  );
}

async function soleActive(directors: readonly LabDirector[]): Promise<LabDirector> {
  let active: LabDirector | undefined;
  await waitFor('one director to be active', PATIENCE_MS, async () => {
    active = activeOf(await viewPair(directors));
    return active !== undefined;
  });
  return active!;
}

/** False: refused, as nobody is active just now. */
async function give(
  director: LabDirector,
  params: { readonly service: string; readonly server: string },
  weight: number,
): Promise<boolean> {
  try {
    await director.control.call('weight', { params, body: { weight }, ifMatch: '*' });
    return true;
  } catch (error) {
    if (error instanceof FairleadError && error.code === 'not-active') return false;
    throw error;
  }
}

async function without(director: LabDirector, weight: number): Promise<string[]> {
  const { servers } = await director.control.call('servers', {});
  return servers
    .filter((each) => each.role === 'server' && each.weight_ordered !== weight)
    .map((each) => `${each.service}/${each.name} at ${director.name}`);
}
