import { afterAll, beforeAll, describe } from 'vitest';
import { PacketEngines } from '../support/packet-engine.ts';
import { admissionRules } from './rules/admission.ts';
import type { EngineFactory } from './rules/bench.ts';
import { findingRules } from './rules/finding.ts';
import { parsingRules } from './rules/parsing.ts';
import { persistenceRules } from './rules/persistence.ts';
import { rewritingRules } from './rules/rewriting.ts';

describe.each(['tc', 'xdp'] as const)('the packet program under %s', (shell) => {
  let engines: PacketEngines | undefined;
  beforeAll(() => {
    engines = new PacketEngines(shell);
  });
  afterAll(() => engines?.[Symbol.dispose]());

  const create: EngineFactory = (options) => engines!.create(options);
  for (const rules of [parsingRules, findingRules, admissionRules, persistenceRules, rewritingRules])
    rules(create);
});
