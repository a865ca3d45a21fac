import { afterAll, beforeAll, describe } from 'vitest';
import { PacketEngines } from '../support/packet-engine.ts';
import { packetPathRules } from './rules/all.ts';
import type { EngineFactory } from './rules/bench.ts';

describe.each(['tc', 'xdp'] as const)('the packet program under %s', (shell) => {
  let engines: PacketEngines | undefined;
  beforeAll(() => {
    engines = new PacketEngines(shell);
  });
  afterAll(() => engines?.[Symbol.dispose]());

  const create: EngineFactory = (options) => engines!.create(options);
  packetPathRules(create);
});
