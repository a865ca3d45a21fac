// Connection entries and templates, read from the slots in place: no system call, no copy of the table.
// The packet program changes slots meanwhile; an entry that changes under the reader may be seen half old, half new,
// but never outside its record.
import { addressBytes } from '../../model/address.ts';
import type { ConnectionEntry, ConnectionFilter, Endpoint } from '../../model/connection.ts';
import { METHODS } from '../../model/service.ts';
import { CONNECTION_STATES } from '../../model/state.ts';
import * as layout from './layout.ts';
import type { RecordArray } from './mapped-array.ts';
import { protocolOf } from './records.ts';
import type { Registry } from './registry.ts';
import type { Tables } from './tables.ts';

const { SLOT, KIND, CONTROL } = layout;
const NS_PER_MS = 1_000_000n;

export class Entries {
  readonly #tables: Tables;
  readonly #registry: Registry;

  constructor(tables: Tables, registry: Registry) {
    this.#tables = tables;
    this.#registry = registry;
  }

  /** Entries that match, expired ones left out. */
  *matching(filter: ConnectionFilter, now_ns: bigint): Generator<ConnectionEntry> {
    const slots = this.#tables.array('slots');
    // Numbers are compared before anything is made of a slot: most slots of a large table end there.
    const state = filter.state === undefined ? undefined : CONNECTION_STATES.indexOf(filter.state);
    const client =
      filter.client === undefined ? undefined : new Uint32Array(addressBytes(filter.client).buffer);
    for (let index = 0; index < this.#tables.slotsInUse; index++) {
      const kind = kindAt(slots, index);
      // free, or still being made
      if (kind !== KIND.connection && kind !== KIND.template) continue;
      if (filter.kind && KIND[filter.kind] !== kind) continue;
      if (state !== undefined && (slots.u32[(index * SLOT.size) >>> 2]! & 0xff) !== state) continue;
      if (client && !sameWords(slots.u32, (index * SLOT.size + SLOT.client) >>> 2, client)) continue;
      if (!this.#belongs(slots, index, filter)) continue;
      const entry = this.read(slots, index, now_ns);
      if (entry && (entry.expires_ms > 0 || entry.controls > 0)) yield entry;
    }
  }

  /** The slot's entry, of any array that is laid out like the slots. Undefined when its service is not known. */
  read(slots: RecordArray, index: number, now_ns: bigint): ConnectionEntry | undefined {
    const server = this.#registry.server(slots.getU32(index, SLOT.server));
    const service = this.#registry.service(slots.getU32(index, SLOT.service));
    if (!server || !service) return undefined;
    const template = kindAt(slots, index) === KIND.template;
    const state = CONNECTION_STATES[slots.getU32(index, SLOT.word) & 0xff] ?? 'NONE';
    return {
      kind: template ? 'template' : 'connection',
      protocol: protocolOf(slots.getU8(index, SLOT.protocol)),
      client: endpoint(slots, index, SLOT.client, SLOT.client_port),
      virtual: endpoint(slots, index, SLOT.virtual, SLOT.virtual_port),
      server: endpoint(slots, index, SLOT.destination, SLOT.server_port),
      service: service.spec.name,
      serverName: server.spec.name,
      method: METHODS[slots.getU8(index, SLOT.method)] ?? 'nat',
      state,
      expires_ms: this.#left(slots, index, template, now_ns),
      packets_in: slots.getU32(index, SLOT.packets_in),
      packets_out: slots.getU32(index, SLOT.packets_out),
      bytes_in: slots.getCount(index, SLOT.bytes_in),
      bytes_out: slots.getCount(index, SLOT.bytes_out),
      controls: template ? slots.getU32(index, SLOT.controls) : 0,
    };
  }

  #left(slots: RecordArray, index: number, template: boolean, now_ns: bigint): number {
    const lifetime_ns = template
      ? BigInt(slots.getU32(index, SLOT.timeout_ms)) * NS_PER_MS
      : this.#tables
          .array('control')
          .getU64(0, CONTROL.timeouts_ns + (slots.getU32(index, SLOT.word) & 0xf) * 8);
    // before the clock began, of an entry that came from the peer with little time left
    const seen_ns = BigInt.asIntN(64, slots.getU64(index, SLOT.seen_ns));
    const left_ns = seen_ns + lifetime_ns - now_ns;
    return left_ns <= 0n ? 0 : Number((left_ns + NS_PER_MS - 1n) / NS_PER_MS);
  }

  #belongs(slots: RecordArray, index: number, filter: ConnectionFilter): boolean {
    if (filter.service !== undefined) {
      const service = this.#registry.service(slots.getU32(index, SLOT.service));
      if (service?.spec.name !== filter.service) return false;
    }
    if (filter.serverName === undefined) return true;
    return this.#registry.server(slots.getU32(index, SLOT.server))?.spec.name === filter.serverName;
  }
}

function kindAt(slots: RecordArray, index: number): number {
  return (slots.u32[(index * SLOT.size) >>> 2]! >>> 8) & 0xff;
}

function sameWords(words: Uint32Array, at: number, wanted: Uint32Array): boolean {
  return (
    words[at + 3] === wanted[3] &&
    words[at + 2] === wanted[2] &&
    words[at + 1] === wanted[1] &&
    words[at] === wanted[0]
  );
}

function endpoint(slots: RecordArray, index: number, address: number, port: number): Endpoint {
  return { address: slots.getAddress(index, address), port: slots.getPort(index, port) };
}
