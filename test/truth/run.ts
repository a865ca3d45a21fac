// Faults by chance, one after another, and after each one both consoles until they show nothing but the truth. Tells how long
// that took beyond what nobody could know sooner.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORD, Visitor } from '../console/support/site.ts';
import { startConsoles } from '../lab/console.ts';
import type { Lab } from '../lab/lab.ts';
import { monotonic_ms } from '../lab/monotonic.ts';
import { startObserver } from '../lab/observer/observer.ts';
import { activeOf, viewPair } from '../lab/pair.ts';
import { type DirectorName, SERVER_NAMES } from '../lab/topology.ts';
import { waitFor } from '../lab/wait.ts';
import { randomOf } from '../simulate/random.ts';
import { run } from '../support/netns.ts';
import { type Chance, type Deeds, FAULTS, type Fault } from './faults.ts';
import { readShown } from './shown.ts';
import { contradictions, type Truth } from './truth.ts';

export interface TruthOptions {
  readonly lab: Lab;
  readonly faults: number;
  readonly seed: number;
  /** Longer than that a page has lied for good. */
  readonly patience_ms: number;
  readonly tell: (line: string) => void;
}

export interface Lag {
  readonly fault: string;
  readonly what: string;
  /** From the fault, less what nobody could know sooner. */
  readonly late_ms: number;
}

const NOW_MS = 60;
const TRIES_MAX = 1_000;

export async function runTruth(options: TruthOptions): Promise<readonly Lag[]> {
  const { lab, tell } = options;
  const random = randomOf(options.seed);
  const chance: Chance = (n) => Math.floor(random.next() * n);
  using consoles = await startConsoles(lab);
  const vips = [...new Set(lab.services.map(({ vip }) => vip))];
  using observer = await startObserver(
    lab.namespaces,
    lab.directors.map(({ name }) => name),
    vips,
  );
  const visitors = new Map<DirectorName, Visitor>();
  for (const [index, director] of lab.directors.entries()) {
    await director.control.call('userCreate', { body: { name: 'truth', role: 'admin', password: PASSWORD } });
    const ca = readFileSync(join(lab.folder, director.name, 'console', 'self-signed.crt'));
    const visitor = new Visitor(consoles.list[index]!.url, ca);
    await visitor.login('truth', PASSWORD);
    await readShown(visitor);
    visitors.set(director.name, visitor);
  }
  const deeds: Deeds = {
    lab,
    alive: new Set(SERVER_NAMES),
    orders: new Map(),
    away: new Set(),
    async active() {
      let active = activeOf(await viewPair(lab.directors));
      await waitFor('one director to be active', options.patience_ms, async () => {
        active = activeOf(await viewPair(lab.directors));
        return active !== undefined;
      });
      return active!;
    },
  };
  const truth = async (): Promise<Truth> => {
    const { reigns } = await observer.report(monotonic_ms() - NOW_MS);
    return {
      ...{ services: lab.services.map(({ name }) => name), servers: SERVER_NAMES },
      ...{ alive: deeds.alive, orders: deeds.orders, away: deeds.away },
      owners: [...new Set(reigns.map(({ mac }) => observer.nameOf(mac)))],
      deaf: deafOf(lab),
    };
  };
  const wrong = async (): Promise<string[]> => {
    const known = await truth();
    const pages = await Promise.all(
      [...visitors].map(async ([name, visitor]) => contradictions(name, await readShown(visitor), known)),
    );
    return pages.flat();
  };
  const lags: Lag[] = [];
  while (lags.length < options.faults) {
    const { fault, what } = await misfortune(deeds, chance);
    const at = monotonic_ms();
    let lies: string[] = [];
    await waitFor(
      () => `the pages to tell the truth after ${what}: ${lies.slice(0, 5).join('; ')}`,
      options.patience_ms,
      async () => {
        lies = await wrong();
        return lies.length === 0;
      },
    );
    const late_ms = Math.max(0, monotonic_ms() - at - fault.unseen_ms);
    lags.push({ fault: fault.name, what, late_ms });
    tell(
      `${lags.length} of ${options.faults}: ${what}: told ${Math.round(late_ms)} ms after it could be known`,
    );
  }
  return lags;
}

async function misfortune(deeds: Deeds, chance: Chance): Promise<{ fault: Fault; what: string }> {
  const urn = FAULTS.flatMap((fault) => new Array<Fault>(fault.share).fill(fault));
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const fault = urn[chance(urn.length)]!;
    const what = await fault.happen(deeds, chance);
    if (what !== undefined) return { fault, what };
  }
  throw new Error('nothing more can happen to this lab');
}

/** By the kernel's own word. */
function deafOf(lab: Lab): Truth['deaf'] {
  return lab.directors.flatMap((director) =>
    ['eth0', 'eth1'].flatMap((name) => {
      const filters = run(
        lab.namespaces.get(director.name),
        'tc',
        ['filter', 'show', 'dev', name, 'ingress'],
        {
          allowFailure: true,
        },
      );
      return filters.stdout.includes('director_tc') ? [] : [{ director: director.name, interface: name }];
    }),
  );
}
