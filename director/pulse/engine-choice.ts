// Opens the engine that the configuration names, and says what there is to do with it beyond the common interface.
// Each engine is loaded only when it is named, so that what one of them lacks on this machine stops no other.
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { EngineConfig } from '../config/configuration.ts';
import type { HookNews } from '../engine/ebpf/hooks.ts';
import type { Engine } from '../engine/engine.ts';
import { address } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { EngineLimits } from './engine-limits.ts';
import type { Log } from './log.ts';

export interface OpenedEngine extends Disposable {
  readonly engine: Engine;
  readonly limits: EngineLimits;
  /** Before each sweep: for engines that do not read a clock themselves. */
  tick(): void;
  /** Puts back what the engine has lost in the kernel; tells what was missing, and what still is. */
  mend(): readonly HookNews[];
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
export async function openEngine(options: EngineChoiceOptions): Promise<OpenedEngine> {
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
export function pinFolderOf(folder: string): string {
  const runtime = resolve(folder);
  if (runtime === DEFAULT_RUNTIME) return join(PINS, 'fairlead');
  return join(PINS, `fairlead-${createHash('sha256').update(runtime).digest('hex').slice(0, 12)}`);
}

async function openEbpf({ config, runtime, log, clock }: EngineChoiceOptions): Promise<OpenedEngine> {
  const [{ openEbpfEngine }, { HOPS_MAX }] = await Promise.all([
    import('../engine/ebpf/ebpf-engine.ts'),
    import('../engine/ebpf/hops/hop-table.ts'),
  ]);
  const engine = openEbpfEngine({
    interfaces: config.interfaces,
    hook: config.hook,
    connections_max: config.connections_max,
    timeouts_ms: config.timeouts_ms,
    pinFolder: pinFolderOf(runtime),
    log,
    clock,
  });
  return {
    engine,
    limits: { ...engine.capabilities().limits, addresses: HOPS_MAX },
    tick: () => {},
    mend: () => engine.mend(),
    release: () => engine.release(),
    [Symbol.dispose]: () => engine.close(),
  };
}

const MEMORY_LIMITS = { services: 4_096, servers: 65_536 };
const ETHERNET_MTU = 1_500;

/** Forwards nothing: for trying things out, and for tests that have no privilege. */
async function openMemory({ config, clock }: EngineChoiceOptions): Promise<OpenedEngine> {
  const { createMemoryEngine } = await import('../engine/memory/memory-engine.ts');
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
    limits: engine.capabilities().limits,
    tick: () => engine.setClock(clock.monotonic_ms()),
    mend: () => [],
    release: () => {},
    [Symbol.dispose]: () => engine.close(),
  };
}
