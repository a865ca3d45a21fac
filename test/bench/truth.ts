// How soon a console's pages tell the truth after something has happened to the pair that it shows.
import { createLab } from '../lab/lab.ts';
import { DIRECTOR_NAMES } from '../lab/topology.ts';
import { type Lag, runTruth } from '../truth/run.ts';
import { atMost } from './figures.ts';
import type { Section } from './section.ts';

const FAULTS = 200;
const QUICK_FAULTS = 3;
const SEED = 1_126;
const PATIENCE_MS = 30_000;
const SOON_MS = 2_000;

export const TRUTH: Section = {
  name: 'truth',
  title: 'From a fault in the lab to pages of both consoles that show nothing but the truth',
  async *run(context) {
    context.say('a lab of two directors');
    await using lab = await createLab({ directors: DIRECTOR_NAMES, signal: context.signal });
    const lags = await runTruth({
      ...{ lab, seed: SEED, patience_ms: PATIENCE_MS },
      faults: context.quick ? QUICK_FAULTS : FAULTS,
      tell: (line) => context.say(line),
    });
    const worst = latest(lags);
    yield {
      name: 'longest',
      value: worst.late_ms,
      unit: 'ms',
      target: atMost(SOON_MS),
      detail: `${lags.length} faults; ${worst.what}`,
    };
    for (const [fault, own] of Map.groupBy(lags, (lag) => lag.fault))
      yield {
        name: fault,
        value: own.toSorted((one, other) => one.late_ms - other.late_ms)[own.length >> 1]!.late_ms,
        unit: 'ms',
        detail: `median of ${own.length}, at most ${Math.round(latest(own).late_ms)} ms`,
      };
  },
};

function latest(lags: readonly Lag[]): Lag {
  return lags.reduce((worst, lag) => (lag.late_ms > worst.late_ms ? lag : worst));
}
