// Next hops in the packet program's table. A record is never changed while packets may read it: a server is pointed
// to a fresh record, and the old one rests until the next turn.
import { type Address, addressBytes } from '../../model/address.ts';
import { describeHop, type Hop } from './hops/hop.ts';
import * as layout from './layout.ts';
import { Numbers } from './numbers.ts';
import type { ServerRecord } from './records.ts';
import type { Tables } from './tables.ts';

const { HOP, HOP_FLAG, SERVER } = layout;

export class HopRecords {
  readonly #tables: Tables;
  readonly #numbers: Numbers;
  /** `path` is the hop for people, made once, since every snapshot tells it for every server. */
  readonly #byAddress = new Map<Address, { readonly id: number; readonly hop: Hop; readonly path: string }>();

  constructor(tables: Tables, servers: Iterable<ServerRecord>) {
    this.#tables = tables;
    this.#numbers = new Numbers(tables.array('hops').entries);
    const used = [...servers].map(({ id }) => tables.array('servers').getU32(id, SERVER.hop));
    this.#numbers.adopt([...new Set(used)].filter((id) => id !== layout.NONE));
  }

  /** Takes a new hop for its address; `servers` are those that have it. */
  set(hop: Hop, servers: Iterable<ServerRecord>): void {
    const id = this.#numbers.take();
    if (id === undefined) return; // there are twice as many as servers: only while changes rest, and a refresh follows
    this.#write(id, hop);
    const before = new Set([this.#byAddress.get(hop.address)?.id]);
    this.#byAddress.set(hop.address, { id, hop, path: describeHop(hop) });
    for (const server of servers) before.add(this.#point(server, id));
    for (const old of before)
      if (old !== undefined && old !== layout.NONE && old !== id) this.#numbers.give(old);
  }

  /** Points a server that was just added to what is known of its address. */
  assign(server: ServerRecord): void {
    const known = this.#byAddress.get(server.spec.address);
    if (known) this.#point(server, known.id);
  }

  /** Forgets addresses that no server has any more. */
  turn(addresses: ReadonlyMap<Address, unknown>): void {
    this.#numbers.turn();
    for (const [address, { id }] of this.#byAddress) {
      if (addresses.has(address)) continue;
      this.#byAddress.delete(address);
      this.#numbers.give(id);
    }
  }

  describe(address: Address): string {
    return this.#byAddress.get(address)?.path ?? 'not looked up yet';
  }

  hop(address: Address): Hop | undefined {
    return this.#byAddress.get(address)?.hop;
  }

  /** Returns where it pointed. */
  #point(server: ServerRecord, id: number): number {
    const servers = this.#tables.array('servers');
    const before = servers.getU32(server.id, SERVER.hop);
    servers.setU32(server.id, SERVER.hop, id);
    return before;
  }

  #write(id: number, hop: Hop): void {
    const hops = this.#tables.array('hops');
    hops.clear(id);
    if (hop.kind !== 'link') return;
    const { destination_mac, source } = hop;
    hops.setU32(id, HOP.interface, hop.interface_index);
    if (destination_mac) hops.setBytes(id, HOP.destination_mac, destination_mac);
    hops.setBytes(id, HOP.source_mac, hop.source_mac);
    hops.setU32(id, HOP.mtu, hop.mtu);
    hops.setAddress(id, HOP.gateway, hop.gateway);
    hops.setBytes(id, HOP.source, source ? addressBytes(source) : new Uint8Array(16));
    hops.setU32(id, HOP.flags, HOP_FLAG.usable | (destination_mac ? HOP_FLAG.resolved : 0));
  }
}
