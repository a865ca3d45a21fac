// The director's own engine: services, servers and connections in BPF maps, packets by director/bpf. Guarantees:
// with a pin folder everything outlives this process, and opening again takes over what is there; a failed opening
// leaves nothing attached that was not attached before.
import type { Address } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import type { ConnectionEntry, ConnectionFilter } from '../../model/connection.ts';
import { addTraffic, DROP_REASONS, type EngineTotals, emptyTotals } from '../../model/counters.ts';
import { CONNECTION_STATES, type ConnectionState } from '../../model/state.ts';
import { type Step, type StepOutcome, serviceOf } from '../../model/step.ts';
import { mapInfo } from '../../native/libbpf.ts';
import { checkSteps } from '../check-steps.ts';
import { formatDump } from '../dump.ts';
import type {
  ConnectionEvent,
  Engine,
  EngineCapabilities,
  EngineSnapshot,
  ExplainQuery,
  Explanation,
  FlushTarget,
  ServerSnapshot,
  ServiceSnapshot,
} from '../engine.ts';
import { explain } from '../explain.ts';
import { Entries } from './entries.ts';
import { EventRing } from './event-ring.ts';
import { explainView } from './explain-view.ts';
import {
  attachHooks,
  detachHooks,
  findHooks,
  type Hook,
  type HookChoice,
  type HookNews,
  mendHooks,
} from './hooks.ts';
import { HopRecords } from './hop-records.ts';
import type { Hop } from './hops/hop.ts';
import { createHopTable, type HopTable } from './hops/hop-table.ts';
import * as layout from './layout.ts';
import { RecordArray } from './mapped-array.ts';
import type { ServerRecord, ServiceRecord } from './records.ts';
import { Registry } from './registry.ts';
import { Sweeper } from './sweeper.ts';
import { Tables } from './tables.ts';

const { CONTROL, SERVER, TOTALS, EVENT } = layout;

export interface EbpfEngineOptions {
  /** Where packets are met; empty: nowhere, packets come by test-run only. */
  readonly interfaces: readonly string[];
  readonly hook: HookChoice;
  readonly connections_max: number;
  readonly services_max?: number;
  readonly servers_max?: number;
  readonly pinFolder?: string;
  readonly timeouts_ms?: Readonly<Partial<Record<ConnectionState, number>>>;
  readonly log: (level: 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly clock: Clock;
  /** Tables that somebody else opened and will close; empty ones. */
  readonly tables?: Tables;
  /** Next hops by rule instead of from the kernel's routing. */
  readonly hopOf?: (address: Address) => Hop;
  readonly testClock?: boolean;
  /** Fill the event ring; somebody has to drain it by events(). Off: the ring is the sync process's. */
  readonly events?: boolean;
}

const SERVICES_MAX = 16_384;
const SERVERS_MAX = 65_536;

export function openEbpfEngine(options: EbpfEngineOptions): EbpfEngine {
  return new EbpfEngine(options);
}

export class EbpfEngine implements Engine {
  readonly #options: EbpfEngineOptions;
  readonly #resources = new DisposableStack();
  readonly #tables: Tables;
  readonly #registry: Registry;
  readonly #entries: Entries;
  readonly #sweeper: Sweeper;
  readonly #hops: HopRecords;
  #hooks: readonly Hook[];
  readonly #ring: EventRing;
  #hopTable: HopTable | undefined;
  #addressesChanged = true;
  #lostBefore = 0;

  constructor(options: EbpfEngineOptions) {
    this.#options = options;
    this.#hooks = options.interfaces.length > 0 ? findHooks(options.interfaces, options.hook) : [];
    using opening = new DisposableStack();
    const sizes = {
      slots: options.connections_max,
      services: options.services_max ?? SERVICES_MAX,
      servers: options.servers_max ?? SERVERS_MAX,
    };
    this.#tables =
      options.tables ??
      opening.use(new Tables({ sizes, pinFolder: options.pinFolder, testClock: options.testClock ?? false }));
    if (this.#tables.adopted && this.#tables.sizes.slots !== sizes.slots)
      options.log('warn', 'the running connection table keeps its size until it is released', {
        ...this.#tables.sizes,
      });
    this.#registry = new Registry(this.#tables);
    this.#entries = new Entries(this.#tables, this.#registry);
    this.#sweeper = new Sweeper(this.#tables, this.#registry);
    this.#hops = new HopRecords(this.#tables, this.#registry.servers);
    const events = this.#tables.fd('events');
    this.#ring = opening.use(new EventRing(events, mapInfo(events).entries_max));
    // Otherwise as the sync process has them, which drains the ring then.
    if (options.events)
      this.#tables.array('control').setU32(0, CONTROL.events_on, layout.EVENTS.own | layout.EVENTS.of_peer);
    this.setTimeouts(options.timeouts_ms ?? {});
    if (!options.hopOf) {
      const onChange = (hop: Hop) => this.#takeHop(hop);
      this.#hopTable = opening.use(createHopTable({ onChange, log: options.log, clock: options.clock }));
    }
    this.#watchAddresses();
    try {
      attachHooks(this.#hooks, this.#tables);
    } catch (error) {
      if (!this.#tables.adopted) this.#tables.unpin();
      throw error;
    }
    this.#resources = opening.move();
  }

  /** Whether connections of an earlier process were taken over. */
  get adopted(): boolean {
    return this.#tables.adopted;
  }

  /** For test-runs and benchmarks. */
  get tables(): Tables {
    return this.#tables;
  }

  capabilities(): EngineCapabilities {
    const { sizes } = this.#tables;
    return {
      kind: 'ebpf',
      hooks: this.#hooks.map(({ interface: name, hook, why }) => ({ interface: name, hook, why })),
      survivesRestart: this.#options.pinFolder !== undefined,
      limits: { services: sizes.services, servers: sizes.servers, connections: sizes.slots },
    };
  }

  apply(steps: readonly Step[]): readonly StepOutcome[] {
    const outcomes: StepOutcome[] = [];
    for (const [service, group] of Map.groupBy(steps, serviceOf)) {
      const problem = checkSteps(this.#registry, this.#tables.sizes, group);
      outcomes.push(problem ? { service, ok: false, ...problem } : this.#carryOut(service, group));
    }
    this.#watchAddresses();
    return outcomes;
  }

  snapshot(): EngineSnapshot {
    const { sizes } = this.#tables;
    const used = this.#tables.array('control').getU32(0, CONTROL.slots_used);
    return {
      services: [...this.#registry.services].map((service) => this.#serviceSnapshot(service)),
      totals: this.#totals(),
      tables: [
        { name: 'connections', used, limit: sizes.slots },
        { name: 'services', used: this.#registry.serviceCount, limit: sizes.services },
        { name: 'servers', used: this.#registry.serverCount, limit: sizes.servers },
      ],
    };
  }

  connections(filter: ConnectionFilter, limit: number): readonly ConnectionEntry[] {
    return [...this.#entries.matching(filter, this.#now_ns()).take(limit)];
  }

  flush(target: FlushTarget): number {
    return this.#sweeper.flush(target);
  }

  explain(query: ExplainQuery): Explanation {
    const view = {
      registry: this.#registry,
      entries: this.#entries,
      hops: this.#hops,
      now_ns: this.#now_ns(),
    };
    return explain(explainView({ ...view, snapshot: (server) => this.#serverSnapshot(server) }), query);
  }

  events(limit: number): { readonly events: readonly ConnectionEvent[]; readonly lost: number } {
    const changes = ['created', 'state', 'closed'] as const;
    const events: ConnectionEvent[] = [];
    if (!this.#options.events) return { events, lost: 0 };
    const now_ns = this.#now_ns();
    this.#ring.drain(limit, (record) => {
      const slot = new RecordArray(record.slice(EVENT.slot, EVENT.size).buffer, 1, layout.SLOT.size);
      const entry = this.#entries.read(slot, 0, now_ns);
      const change = changes[record[EVENT.change] ?? 0];
      if (entry && change) events.push({ change, entry });
    });
    const lost = this.#tables.array('control').getU32(0, CONTROL.events_lost);
    const since = lost - this.#lostBefore;
    this.#lostBefore = lost;
    return { events, lost: since };
  }

  sweep(): void {
    this.#sweeper.turn();
    this.#registry.forget();
    this.#hops.turn(this.#registry.serverAddresses);
  }

  /** Puts the packet program back where it is missing. */
  mend(): readonly HookNews[] {
    const { hooks, news } = mendHooks(this.#hooks, this.#tables);
    this.#hooks = hooks;
    return news;
  }

  setTimeouts(timeouts_ms: Readonly<Partial<Record<ConnectionState, number>>>): void {
    for (const [index, state] of CONNECTION_STATES.entries()) {
      const timeout_ms = timeouts_ms[state];
      if (timeout_ms === undefined) continue;
      this.#tables
        .array('control')
        .setU64(0, CONTROL.timeouts_ns + index * 8, BigInt(Math.round(timeout_ms * 1e6)));
    }
  }

  /** What a sync process asked to hold back is let in again: for a director that has none any more. */
  unguard(): void {
    const control = this.#tables.array('control');
    for (const field of [CONTROL.grace_until_ns, CONTROL.admit_until_ns]) control.setU64(0, field, 0n);
  }

  dump(): string {
    return formatDump(this.snapshot(), this.connections({}, Number.POSITIVE_INFINITY));
  }

  /** Takes everything out of the kernel: packets are no longer forwarded, connections end. */
  release(): void {
    detachHooks(this.#hooks);
    this.#tables.unpin();
    this.close();
  }

  /** Leaves the packet program at work if it is pinned. */
  close(): void {
    this.#resources.dispose();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #carryOut(service: string, steps: readonly Step[]): StepOutcome {
    try {
      this.#registry.carryOut(steps, (server) => this.#hops.assign(server));
      this.#addressesChanged = true;
      return { service, ok: true };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { service, ok: false, code: 'engine-failed', detail: error.message };
    }
  }

  /** The hop table, or the rule, is asked for addresses that have come. */
  #watchAddresses(): void {
    if (!this.#addressesChanged) return;
    this.#addressesChanged = false;
    const addresses = this.#registry.serverAddresses.keys();
    if (this.#hopTable) {
      this.#hopTable.watch(addresses);
      return;
    }
    for (const address of addresses)
      if (!this.#hops.hop(address) && this.#options.hopOf) this.#takeHop(this.#options.hopOf(address));
  }

  #takeHop(hop: Hop): void {
    this.#hops.set(hop, this.#registry.serverAddresses.get(hop.address) ?? []);
  }

  #now_ns(): bigint {
    if (this.#options.testClock) return this.#tables.array('control').getU64(0, CONTROL.test_now_ns);
    return process.hrtime.bigint(); // CLOCK_MONOTONIC, as the program's clock
  }

  #totals(): EngineTotals {
    const totals = emptyTotals();
    const rows = this.#tables.array('totals');
    for (let cpu = 0; cpu < this.#tables.cpus; cpu++) {
      totals.in += rows.getCount(cpu, TOTALS.in);
      totals.forwarded += rows.getCount(cpu, TOTALS.forwarded);
      totals.local += rows.getCount(cpu, TOTALS.local);
      for (const [index, reason] of DROP_REASONS.entries())
        totals.dropped[reason] += rows.getCount(cpu, TOTALS.dropped + index * 8);
    }
    return totals;
  }

  #serviceSnapshot(service: ServiceRecord): ServiceSnapshot {
    const servers = [...service.servers].map((server) => this.#serverSnapshot(server));
    // of the servers' counts as they were just read, so that the sum agrees with its parts
    const traffic = this.#registry.traffic.retired(service);
    for (const server of servers) addTraffic(traffic, server.traffic);
    return {
      spec: service.spec,
      presence: service.presence,
      servers,
      traffic,
    };
  }

  #serverSnapshot(server: ServerRecord): ServerSnapshot {
    const servers = this.#tables.array('servers');
    return {
      spec: server.spec,
      presence: server.presence,
      ...(server.presence === 'leaving' ? { policy: server.policy } : {}),
      active: servers.getU32(server.id, SERVER.active),
      inactive: servers.getU32(server.id, SERVER.inactive),
      templates: servers.getU32(server.id, SERVER.templates),
      traffic: this.#registry.traffic.of(server),
      path: server.spec.method === 'local' ? 'this host' : this.#hops.describe(server.spec.address),
    };
  }
}
