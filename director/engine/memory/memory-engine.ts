// The reference model: an engine for synthetic packets that decides as docs/packet-path.md says, to the letter, and
// holds everything in memory. Tests, simulation and the contract suite measure the other engines by it.
import { familyOf } from '../../model/address.ts';
import type { ConnectionEntry, ConnectionFilter } from '../../model/connection.ts';
import { type DropReason, type EngineTotals, emptyTotals } from '../../model/counters.ts';
import { FairleadError } from '../../model/error.ts';
import type { ConnectionState } from '../../model/state.ts';
import { type Step, type StepOutcome, serviceOf } from '../../model/step.ts';
import { checkSteps, type RecordLimits } from '../check-steps.ts';
import { formatDump } from '../dump.ts';
import type {
  Engine,
  EngineCapabilities,
  EngineSnapshot,
  ExplainQuery,
  Explanation,
  FlushTarget,
  PacketPort,
  PacketVerdict,
  ServiceSnapshot,
} from '../engine.ts';
import { explain } from '../explain.ts';
import { icmpError, tcpReset } from './answer.ts';
import { decide, decideFragment } from './decide.ts';
import { explainView, serverSnapshot } from './explain-view.ts';
import { decideIcmp, translatedError } from './icmp.ts';
import type { Answer, Decision } from './outcome.ts';
import { type ParsedPacket, parse } from './parse.ts';
import type { Connection, ServiceRecord, Template } from './records.ts';
import { trafficOf } from './registry.ts';
import { aged, encapsulated, translated } from './rewrite.ts';
import { EngineState, type Ways } from './state.ts';

export interface MemoryEngineOptions extends Ways {
  /** Connection slots, shared by entries and templates. */
  readonly capacity: number;
  readonly limits?: RecordLimits;
}

const DEFAULT_LIMITS: RecordLimits = { services: 1024, servers: 8192 };

export function createMemoryEngine(options: MemoryEngineOptions): Engine & PacketPort {
  return new MemoryEngine(options);
}

class MemoryEngine implements Engine, PacketPort {
  readonly #state: EngineState;
  readonly #limits: RecordLimits;
  readonly #totals: EngineTotals = emptyTotals();

  constructor(options: MemoryEngineOptions) {
    this.#state = new EngineState(options.capacity, options);
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  capabilities(): EngineCapabilities {
    const limits = { ...this.#limits, connections: this.#state.table.capacity };
    return { kind: 'memory', hooks: [], survivesRestart: false, limits };
  }

  apply(steps: readonly Step[]): readonly StepOutcome[] {
    const { registry } = this.#state;
    const groups = Map.groupBy(steps, serviceOf);
    return [...groups].map(([service, group]) => {
      const problem = checkSteps(registry, this.#limits, group);
      if (problem) return { service, ok: false, ...problem };
      for (const step of group) registry.carryOut(step);
      return { service, ok: true };
    });
  }

  snapshot(): EngineSnapshot {
    const { registry, table } = this.#state;
    return {
      services: registry.services.map(serviceSnapshot),
      totals: { ...this.#totals, dropped: { ...this.#totals.dropped } },
      tables: [
        { name: 'connections', used: table.used, limit: table.capacity },
        { name: 'services', used: registry.services.length, limit: this.#limits.services },
        { name: 'servers', used: registry.serverCount, limit: this.#limits.servers },
      ],
    };
  }

  connections(filter: ConnectionFilter, limit: number): readonly ConnectionEntry[] {
    const found: ConnectionEntry[] = [];
    for (const entry of this.#entries(filter.kind)) {
      if (found.length >= limit) break;
      if (this.#state.isExpired(entry)) continue;
      const described = this.#state.describe(entry);
      if (matches(described, filter)) found.push(described);
    }
    return found;
  }

  flush(target: FlushTarget): number {
    let freed = 0;
    for (const entry of this.#entries(target.what === 'templates' ? 'template' : 'connection')) {
      const { service, serverName } = this.#state.describe(entry);
      if (target.service !== undefined && target.service !== service) continue;
      if (target.server !== undefined && target.server !== serverName) continue;
      this.#state.free(entry);
      freed += 1;
    }
    return freed;
  }

  explain(query: ExplainQuery): Explanation {
    return explain(explainView(this.#state), query);
  }

  events(limit: number) {
    return this.#state.events.take(limit);
  }

  sweep(): void {
    this.#state.sweep();
  }

  setTimeouts(timeouts_ms: Readonly<Partial<Record<ConnectionState, number>>>): void {
    this.#state.lifetimes_ms = { ...this.#state.lifetimes_ms, ...timeouts_ms };
  }

  dump(): string {
    return formatDump(this.snapshot(), this.connections({}, Number.POSITIVE_INFINITY));
  }

  setClock(now_ms: number): void {
    if (now_ms < this.#state.now_ms)
      throw new FairleadError(
        'clock-backwards',
        `The clock stands at ${this.#state.now_ms} ms, not before ${now_ms} ms.`,
      );
    this.#state.now_ms = now_ms;
  }

  setGrace(until_ms: number): void {
    this.#state.graceUntil_ms = until_ms;
  }

  setAdmitUntil(until_ms: number): void {
    this.#state.admitUntil_ms = until_ms;
  }

  inject(frame: Uint8Array): PacketVerdict {
    this.#totals.in += 1;
    const parsed = parse(frame);
    if (parsed.kind === 'local') return this.#leave();
    if (parsed.kind === 'malformed' || parsed.kind === 'malformed-transport') return this.#drop(parsed.kind);
    const decision = this.#decide(parsed);
    switch (decision.outcome) {
      case 'local':
        return this.#leave();
      case 'drop':
        return this.#drop(decision.reason, decision.answer && answerTo(parsed, decision.answer));
      case 'forward':
        return this.#forward(parsed, decision);
    }
  }

  close(): void {
    this.flush({ what: 'connections' });
    this.flush({ what: 'templates' });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #decide(parsed: ParsedPacket): Decision {
    if (parsed.kind === 'transport') return decide(this.#state, parsed.packet);
    return parsed.kind === 'icmp'
      ? decideIcmp(this.#state, parsed.packet)
      : decideFragment(this.#state, parsed.packet);
  }

  #forward(parsed: ParsedPacket, decision: Extract<Decision, { outcome: 'forward' }>): PacketVerdict {
    if (decision.connection.method === 'local') return this.#leave();
    const frame = rewritten(this.#state, parsed, decision);
    if (!frame) return this.#drop('rewrite-failed');
    this.#totals.forwarded += 1;
    return { outcome: 'forward', frame };
  }

  #leave(): PacketVerdict {
    this.#totals.local += 1;
    return { outcome: 'local' };
  }

  #drop(reason: DropReason, answer?: Uint8Array): PacketVerdict {
    this.#totals.dropped[reason] += 1;
    return answer ? { outcome: 'reply', frame: answer } : { outcome: 'drop' };
  }

  *#entries(kind: ConnectionEntry['kind'] | undefined): Generator<Connection | Template> {
    if (kind !== 'template') yield* this.#state.table.connections();
    if (kind !== 'connection') yield* this.#state.table.templates();
  }
}

/** The frame as it leaves for the other side; undefined when no header can hold it. */
function rewritten(
  state: EngineState,
  parsed: ParsedPacket,
  { connection, direction }: Extract<Decision, { outcome: 'forward' }>,
): Uint8Array | undefined {
  const { packet } = parsed;
  const { address } = connection.server;
  switch (connection.method) {
    case 'nat':
      if (parsed.kind === 'icmp') return translatedError(packet, connection, direction);
      return direction === 'inbound'
        ? translated(packet, 'destination', connection.server)
        : translated(packet, 'source', connection.virtual);
    case 'tunnel':
      return encapsulated(packet, state.ways.tunnelSource[familyOf(address)], address);
    default:
      return aged(packet);
  }
}

function answerTo(parsed: ParsedPacket, answer: Answer): Uint8Array {
  const { packet } = parsed;
  if (answer === 'time-exceeded') return icmpError(packet, { kind: 'time-exceeded' });
  if (answer !== 'reset') return icmpError(packet, { kind: 'too-big', mtu: answer.mtu });
  const isTcp = parsed.kind === 'transport' && parsed.packet.protocol === 'tcp';
  return isTcp ? tcpReset(parsed.packet) : icmpError(packet, { kind: 'port-unreachable' });
}

function matches(entry: ConnectionEntry, filter: ConnectionFilter): boolean {
  return (
    (filter.service === undefined || filter.service === entry.service) &&
    (filter.serverName === undefined || filter.serverName === entry.serverName) &&
    (filter.client === undefined || filter.client === entry.client.address) &&
    (filter.state === undefined || filter.state === entry.state)
  );
}

function serviceSnapshot(service: ServiceRecord): ServiceSnapshot {
  const { spec, presence } = service;
  const leaving = [...service.servers].filter((server) => server.presence === 'leaving');
  const servers = [...service.members, ...leaving].map(serverSnapshot);
  return { spec, presence, servers, traffic: trafficOf(service) };
}
