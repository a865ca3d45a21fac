// Connection entries and persistence templates, found by what a packet shows of them. Pure data: no clock, no
// packets. Guarantees that an owner's active, inactive and template counts equal what the table holds for it, and
// that a template's `controls` equals the entries that refer to it.
import type { Address } from '../model/address.ts';
import type { Endpoint } from '../model/connection.ts';
import type { Method, Protocol } from '../model/service.ts';
import { type ConnectionState, isActive } from '../model/state.ts';

/** What carries connections (a real server): the table keeps its counts. */
export interface Owner {
  active: number;
  inactive: number;
  templates: number;
}

export interface Connection<O extends Owner> {
  readonly kind: 'connection';
  readonly protocol: Protocol;
  readonly client: Endpoint;
  readonly virtual: Endpoint;
  readonly server: Endpoint;
  readonly method: Method;
  readonly owner: O;
  readonly template: Template<O> | undefined;
  /** Changed through move() only. */
  state: ConnectionState;
  seen_ms: number;
  packets_in: number;
  packets_out: number;
  bytes_in: number;
  bytes_out: number;
}

export interface Template<O extends Owner> {
  readonly kind: 'template';
  /** The service it belongs to, by number: names change, services are taken back. */
  readonly group: number;
  /** Masked. */
  readonly client: Address;
  readonly virtual: Endpoint;
  readonly protocol: Protocol;
  /** Where it leads, as it was when it was last pointed there; changed through lead() only. */
  target: TemplateTarget<O>;
  seen_ms: number;
  timeout_ms: number;
  controls: number;
}

export interface TemplateTarget<O extends Owner> {
  readonly owner: O;
  readonly server: Endpoint;
  readonly method: Method;
}

export type Entry<O extends Owner> = Connection<O> | Template<O>;

export class ConnectionTable<O extends Owner> {
  readonly capacity: number;
  readonly #inbound = new Map<string, Connection<O>>();
  readonly #outbound = new Map<string, Connection<O>>();
  readonly #templates = new Map<string, Template<O>>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Entries and templates share the slots. */
  get used(): number {
    return this.#inbound.size + this.#templates.size;
  }

  hasRoom(slots: number): boolean {
    return this.used + slots <= this.capacity;
  }

  /** The entry of a packet from its client. */
  inbound(protocol: Protocol, client: Endpoint, virtual: Endpoint): Connection<O> | undefined {
    return this.#inbound.get(tupleKey(protocol, client, virtual));
  }

  /** The entry of a packet from its real server; only nat entries are found this way. */
  outbound(protocol: Protocol, server: Endpoint, client: Endpoint): Connection<O> | undefined {
    return this.#outbound.get(tupleKey(protocol, server, client));
  }

  template(group: number, client: Address): Template<O> | undefined {
    return this.#templates.get(templateKey(group, client));
  }

  connections(): MapIterator<Connection<O>> {
    return this.#inbound.values();
  }

  templates(): MapIterator<Template<O>> {
    return this.#templates.values();
  }

  /** Whether it is still the entry in the table, not another one in its place. */
  holds(entry: Entry<O>): boolean {
    return entry.kind === 'connection'
      ? this.inbound(entry.protocol, entry.client, entry.virtual) === entry
      : this.template(entry.group, entry.client) === entry;
  }

  /** The caller has made sure of room and of free tuples. */
  add(entry: Entry<O>): void {
    if (!this.hasRoom(1)) throw new RangeError('the connection table is full');
    if (entry.kind === 'template') {
      this.#templates.set(templateKey(entry.group, entry.client), entry);
      entry.target.owner.templates += 1;
      return;
    }
    const { protocol, client, virtual, server, owner } = entry;
    this.#inbound.set(tupleKey(protocol, client, virtual), entry);
    if (entry.method === 'nat') this.#outbound.set(tupleKey(protocol, server, client), entry);
    owner[loadKind(entry.state)] += 1;
    if (entry.template) entry.template.controls += 1;
  }

  /** False if it was not there any more. */
  remove(entry: Entry<O>): boolean {
    if (!this.holds(entry)) return false;
    if (entry.kind === 'template') {
      this.#templates.delete(templateKey(entry.group, entry.client));
      entry.target.owner.templates -= 1;
      return true;
    }
    const { protocol, client, virtual, server, owner } = entry;
    this.#inbound.delete(tupleKey(protocol, client, virtual));
    if (entry.method === 'nat') this.#outbound.delete(tupleKey(protocol, server, client));
    owner[loadKind(entry.state)] -= 1;
    if (entry.template) entry.template.controls -= 1;
    return true;
  }

  move(connection: Connection<O>, state: ConnectionState): void {
    connection.owner[loadKind(connection.state)] -= 1;
    connection.owner[loadKind(state)] += 1;
    connection.state = state;
  }

  lead(template: Template<O>, target: TemplateTarget<O>): void {
    template.target.owner.templates -= 1;
    target.owner.templates += 1;
    template.target = target;
  }
}

function loadKind(state: ConnectionState): 'active' | 'inactive' {
  return isActive(state) ? 'active' : 'inactive';
}

function tupleKey(protocol: Protocol, source: Endpoint, destination: Endpoint): string {
  return `${protocol} ${source.address} ${source.port} ${destination.address} ${destination.port}`;
}

function templateKey(group: number, client: Address): string {
  return `${group} ${client}`;
}
