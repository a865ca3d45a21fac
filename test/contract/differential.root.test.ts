import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryEngine } from '../../director/engine/memory/memory-engine.ts';
import { address } from '../../director/model/address.ts';
import { arbitraryScenario } from '../support/packet/arbitrary.ts';
import { describeScenario, runScenario, type Scenario } from '../support/packet/scenario.ts';
import { PacketEngines } from '../support/packet-engine.ts';

/** FAIRLEAD_RUNS=5000 npx vitest run test/contract/differential for a long look; seeds are printed on failure. */
const RUNS = Number(process.env.FAIRLEAD_RUNS ?? (process.env.FAIRLEAD_GUEST === '1' ? 40 : 250));
const WAYS = { mtu: 1500, tunnelSource: { 4: address('10.1.0.11'), 6: address('fd00:1::11') } };
/** Too small for all, small enough to be filled by some, and never full. */
const CAPACITIES = [6, 1000] as const;

describe.each(['tc', 'xdp'] as const)('the packet program under %s', (shell) => {
  let engines: PacketEngines | undefined;
  beforeAll(() => {
    engines = new PacketEngines(shell);
  });
  afterAll(() => engines?.[Symbol.dispose]());

  it.each(CAPACITIES)(
    'does to every frame, byte for byte, what the reference model does, with %i slots',
    (capacity) => {
      const compare = (scenario: Scenario) => {
        using model = createMemoryEngine({ capacity, ...WAYS });
        using program = engines!.create({ capacity, ...WAYS });
        const [seen, wanted] = [runScenario(program, scenario), runScenario(model, scenario)];
        const at = wanted.findIndex((line, index) => line !== seen[index]);
        expect(seen[at]).toBe(wanted[at]); // the first difference, not all that follow from it
        expect(seen.length).toBe(wanted.length);
      };
      fc.assert(
        fc.property(arbitraryScenario(), (scenario) => {
          compare(scenario);
        }),
        {
          numRuns: RUNS,
          endOnFailure: process.env.CI === 'true',
          reporter: (details) => {
            if (!details.failed) return;
            const [scenario] = details.counterexample ?? [[]];
            throw new Error(
              `seed ${details.seed}\n${describeScenario(scenario ?? [])}\n${details.errorInstance}`,
            );
          },
        },
      );
    },
    120_000,
  );
});
