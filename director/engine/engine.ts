// The one interface between the director and whatever moves its packets. Three siblings stand behind it:
// ebpf/ (our packet program), ipvs/ (the kernel's), memory/ (the reference model). One contract suite runs
// against all of them: after the same steps and packets their dump() is equal to the letter.
import type { ConnectionEntry, ConnectionFilter, Endpoint } from '../model/connection.ts';
import type { EngineTotals, TrafficCounters } from '../model/counters.ts';
import type { RemovalPolicy, ServerSpec, ServiceSpec } from '../model/service.ts';
import type { ConnectionState } from '../model/state.ts';
import type { Step, StepOutcome } from '../model/step.ts';

export interface EngineCapabilities {
  readonly kind: 'ebpf' | 'ipvs' | 'memory';
  /** Where packets are met, per interface, and why that hook was picked. */
  readonly hooks: readonly { readonly interface: string; readonly hook: string; readonly why: string }[];
  /** Whether state outlives this process. */
  readonly survivesRestart: boolean;
  readonly limits: { readonly services: number; readonly servers: number; readonly connections: number };
}

export interface ServerSnapshot {
  readonly spec: ServerSpec;
  /** leaving: removed, but connections of it are left. */
  readonly presence: 'present' | 'leaving';
  /** Only for leaving servers. */
  readonly policy?: RemovalPolicy;
  readonly active: number;
  readonly inactive: number;
  /** Persistence templates that lead to it. */
  readonly templates: number;
  readonly traffic: TrafficCounters;
  /** How packets reach it, for people: `eth1 via 02:00:…`, or why they cannot. */
  readonly path?: string;
}

export interface ServiceSnapshot {
  readonly spec: ServiceSpec;
  /** leaving: removed, but servers of it still have connections; it takes no packet. */
  readonly presence: 'present' | 'leaving';
  readonly servers: readonly ServerSnapshot[];
  /** Sum over its servers, those that are gone included. */
  readonly traffic: TrafficCounters;
}

export interface TableUse {
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}

export interface EngineSnapshot {
  readonly services: readonly ServiceSnapshot[];
  readonly totals: EngineTotals;
  readonly tables: readonly TableUse[];
}

export interface ExplainQuery {
  readonly service: string;
  readonly client: Endpoint;
}

export interface Explanation {
  readonly outcome: 'forward' | 'local' | 'drop';
  readonly server?: string;
  readonly method?: ServerSpec['method'];
  /** The decision in order, one sentence each: connection entry, template, scheduler with every candidate's load, path. */
  readonly because: readonly string[];
}

/** A change of a connection entry, in the order the engine saw it. */
export interface ConnectionEvent {
  readonly change: 'created' | 'state' | 'closed';
  readonly entry: ConnectionEntry;
}

export interface FlushTarget {
  readonly what: 'connections' | 'templates';
  readonly service?: string;
  readonly server?: string;
}

/**
 * An engine is driven by one owner. Methods throw FairleadError; apply reports per service instead.
 * Removing a service or server never disturbs connections of another service.
 */
export interface Engine extends Disposable {
  capabilities(): EngineCapabilities;
  /** Steps of one service are carried out all or none, in the order given; the outcome lists every service named. */
  apply(steps: readonly Step[]): readonly StepOutcome[];
  snapshot(): EngineSnapshot;
  /** At most `limit` entries, expired ones left out. */
  connections(filter: ConnectionFilter, limit: number): readonly ConnectionEntry[];
  /** Frees entries at once and returns how many. Clients of flushed TCP connections are reset by the server or the director's own stack. */
  flush(target: FlushTarget): number;
  explain(query: ExplainQuery): Explanation;
  /** Hands over the events that have come since the last call, at most `limit`; `lost` counts those that found no room. */
  events(limit: number): { readonly events: readonly ConnectionEvent[]; readonly lost: number };
  /** Frees entries that are past their lifetime, and forgets leaving servers without connections. Called every 100 ms. */
  sweep(): void;
  /** Lifetimes from now on, for present entries too. */
  setTimeouts(timeouts_ms: Readonly<Partial<Record<ConnectionState, number>>>): void;
  /** Canonical text of everything above, for tests: see dump.ts. */
  dump(): string;
  close(): void;
}

/** What an engine for synthetic packets offers beside: tests hand it frames and hold its clock. */
export interface PacketPort {
  /** Feeds one Ethernet frame as if received; the verdict says what became of it. */
  inject(frame: Uint8Array): PacketVerdict;
  /** Sets the engine's clock, milliseconds from an arbitrary start; never backwards. */
  setClock(now_ms: number): void;
  /** Until then TCP packets in mid-stream that find no entry are dropped (`unsynced`), not left to the host. 0: off. */
  setGrace(until_ms: number): void;
  /** From then on no connection is begun (`unguarded`). 0: always. */
  setAdmitUntil(until_ms: number): void;
}

export interface PacketVerdict {
  readonly outcome: 'forward' | 'local' | 'drop' | 'reply';
  /** The frame as it leaves, for forward and reply. */
  readonly frame?: Uint8Array;
}
