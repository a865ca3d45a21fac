// Opens the engine that the configuration names, and says what there is to do with it beyond the common interface.
import type { EngineConfig } from '../config/configuration.ts';
import type { Engine } from '../engine/engine.ts';
import { createMemoryEngine } from '../engine/memory/memory-engine.ts';
import { address } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { Log } from './log.ts';

export interface OpenedEngine extends Disposable {
  readonly engine: Engine;
  /** Before each sweep: for engines that do not read a clock themselves. */
  tick(): void;
  /** Takes the engine's state out of the kernel; without it packets go on after this process has ended. */
  release(): void;
}

export interface EngineChoiceOptions {
  readonly config: EngineConfig;
  readonly log: Log;
  readonly clock: Clock;
}

/** Throws FairleadError. */
export async function openEngine(options: EngineChoiceOptions): Promise<OpenedEngine> {
  switch (options.config.kind) {
    case 'memory':
      return openMemory(options);
    case 'ebpf':
    case 'ipvs':
      throw new FairleadError(
        'engine-missing',
        `This build does not have the engine ${options.config.kind}.`,
        { remedy: 'Set engine.kind to memory.', exit: EXIT.usage },
      );
  }
}

const MEMORY_LIMITS = { services: 4_096, servers: 65_536 };
const ETHERNET_MTU = 1_500;

/** Forwards nothing: for trying things out, and for tests that have no privilege. */
function openMemory({ config, clock }: EngineChoiceOptions): OpenedEngine {
  const engine = createMemoryEngine({
    capacity: config.connections_max,
    limits: MEMORY_LIMITS,
    // It sends nothing, so that any source and size will do.
    tunnelSource: { 4: address('0.0.0.0'), 6: address('::') },
    mtu: ETHERNET_MTU,
  });
  engine.setClock(clock.monotonic_ms());
  return {
    engine,
    tick: () => engine.setClock(clock.monotonic_ms()),
    release: () => {},
    [Symbol.dispose]: () => engine.close(),
  };
}
