// Opens the engine that the configuration names, and says what there is to do with it beyond the common interface.
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { EngineConfig } from '../config/configuration.ts';
import { openEbpfEngine } from '../engine/ebpf/ebpf-engine.ts';
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
  /** The instance's runtime folder: what it pins in the kernel is told apart by it. */
  readonly runtime: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** Throws FairleadError. */
export function openEngine(options: EngineChoiceOptions): OpenedEngine {
  switch (options.config.kind) {
    case 'ebpf':
      return openEbpf(options);
    case 'memory':
      return openMemory(options);
    case 'ipvs':
      throw new FairleadError('engine-missing', 'This version does not have the engine ipvs yet.', {
        remedy: 'Set engine.kind to ebpf.',
        exit: EXIT.usage,
      });
  }
}

const DEFAULT_RUNTIME = '/run/fairlead';
const PINS = '/sys/fs/bpf';

/** Where the kernel keeps the engine's tables while no process does; one place per runtime folder. */
function pinFolder(runtime: string): string {
  if (runtime === DEFAULT_RUNTIME) return join(PINS, 'fairlead');
  return join(PINS, `fairlead-${createHash('sha256').update(runtime).digest('hex').slice(0, 12)}`);
}

function openEbpf({ config, runtime, log, clock }: EngineChoiceOptions): OpenedEngine {
  const engine = openEbpfEngine({
    interfaces: config.interfaces,
    hook: config.hook,
    connections_max: config.connections_max,
    timeouts_ms: config.timeouts_ms,
    pinFolder: pinFolder(resolve(runtime)),
    log,
    clock,
  });
  return {
    engine,
    tick: () => {},
    release: () => engine.release(),
    [Symbol.dispose]: () => engine.close(),
  };
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
