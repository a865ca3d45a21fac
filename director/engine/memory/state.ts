// All that the memory engine knows at one moment, and the few ways in which it changes. Decisions (decide.ts, admit.ts,
// icmp.ts) read and change it through here, so that every change of an entry is counted and told once.
import { isExpired, type Lifetimes, remainingTime } from '../../connections/expiry.ts';
import { ConnectionTable } from '../../connections/table.ts';
import type { Address } from '../../model/address.ts';
import type { ConnectionEntry } from '../../model/connection.ts';
import { type ConnectionState, DEFAULT_TIMEOUTS_MS } from '../../model/state.ts';
import type { ConnectionEvent } from '../engine.ts';
import { EventQueue } from './event-queue.ts';
import { type Direction, FragmentMemory } from './fragment-memory.ts';
import type { Packet } from './parse.ts';
import type { Connection, ServerRecord, Template } from './records.ts';
import { Registry } from './registry.ts';

export interface Ways {
  /** The director's address on the way to a server, by the server's family. */
  readonly tunnelSource: { readonly 4: Address; readonly 6: Address };
  /** MTU of the way to every server. */
  readonly mtu: number;
}

export class EngineState {
  readonly registry = new Registry();
  readonly table: ConnectionTable<ServerRecord>;
  readonly fragments = new FragmentMemory();
  readonly events = new EventQueue();
  readonly ways: Ways;
  lifetimes_ms: Lifetimes = DEFAULT_TIMEOUTS_MS;
  now_ms = 0;
  /** While the peer's entries may still be on their way. */
  graceUntil_ms = 0;
  /** 0: always. */
  admitUntil_ms = 0;

  constructor(capacity: number, ways: Ways) {
    this.table = new ConnectionTable(capacity);
    this.ways = ways;
  }

  isExpired(entry: Connection | Template): boolean {
    return isExpired(entry, this.lifetimes_ms, this.now_ms);
  }

  /** The entry if it is alive. Meeting an expired one frees it. */
  live<T extends Connection | Template>(entry: T | undefined): T | undefined {
    if (!entry || !this.isExpired(entry)) return entry;
    this.free(entry);
    return undefined;
  }

  add(entry: Connection | Template): void {
    this.table.add(entry);
    this.#tell('created', entry);
  }

  free(entry: Connection | Template): void {
    if (this.table.remove(entry)) this.#tell('closed', entry);
  }

  move(connection: Connection, state: ConnectionState): void {
    if (connection.state === state) return;
    this.table.move(connection, state);
    this.#tell('state', connection);
  }

  lead(template: Template, target: Template['target']): void {
    this.table.lead(template, target);
    this.#tell('state', template);
  }

  /** One packet of the entry, in its counters and its server's. */
  count(connection: Connection, packet: Packet, direction: Direction): void {
    for (const counters of [connection, connection.owner.traffic]) {
      if (direction === 'inbound') {
        counters.packets_in += 1;
        counters.bytes_in += packet.ipLength;
      } else {
        counters.packets_out += 1;
        counters.bytes_out += packet.ipLength;
      }
    }
  }

  sweep(): void {
    for (const connection of this.table.connections()) this.live(connection);
    for (const template of this.table.templates()) this.live(template);
    this.registry.forget();
    this.fragments.sweep(this.now_ms);
  }

  /** As the outside sees it. */
  describe(entry: Connection | Template): ConnectionEntry {
    const { owner, server, method } = entry.kind === 'template' ? entry.target : entry;
    const names = { service: owner.service.spec.name, serverName: owner.spec.name, server, method };
    const expires_ms = remainingTime(entry, this.lifetimes_ms, this.now_ms);
    const { kind, protocol, virtual } = entry;
    const common = { kind, protocol, virtual, ...names, expires_ms };
    if (entry.kind === 'template') {
      const counts = { packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0, controls: entry.controls };
      return { ...common, client: { address: entry.client, port: 0 }, state: 'TEMPLATE', ...counts };
    }
    const { client, state, packets_in, packets_out, bytes_in, bytes_out } = entry;
    return { ...common, client, state, packets_in, packets_out, bytes_in, bytes_out, controls: 0 };
  }

  #tell(change: ConnectionEvent['change'], entry: Connection | Template): void {
    this.events.push(() => ({ change, entry: this.describe(entry) }));
  }
}
