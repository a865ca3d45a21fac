// The consoles of a pair against what is true, while things happen to it.
import { expect, it } from 'vitest';
import { createLab } from '../lab/lab.ts';
import { DIRECTOR_NAMES } from '../lab/topology.ts';
import { runTruth } from './run.ts';

/** How soon: `npm run bench -- --only truth`. */
const FAULTS = 200;
const LIMIT_MS = 900_000;

it(
  'shows nothing but the truth after every one of many faults, on both consoles',
  async () => {
    await using lab = await createLab({ directors: DIRECTOR_NAMES });
    const told: string[] = [];
    const lags = await runTruth({
      lab,
      faults: FAULTS,
      seed: 20_261,
      patience_ms: 20_000,
      tell: (line) => told.push(line),
    });
    expect(lags).toHaveLength(FAULTS);
  },
  LIMIT_MS,
);
