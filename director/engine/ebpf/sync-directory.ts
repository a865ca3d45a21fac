// Services and servers by what both directors know of them, from the mapped tables: numbers differ between the two,
// addresses and ports do not. A copy, made anew by refresh(); what is found in it may be gone a moment later.
import { lookUpElement } from '../../native/libbpf.ts';
import type { MethodNumber } from './install-layout.ts';
import * as layout from './layout.ts';
import type { RecordArray } from './mapped-array.ts';

const { NAME_BYTES, SERVER, SERVER_FLAG, SERVICE } = layout;

/** Position of nat in METHODS. */
const NAT = 0;

/** Services and servers by what both directors know of them. Numbers are this director's own. */
export interface Directory {
  /** Reads the tables anew, after services or servers have changed. */
  refresh(): void;
  /** The service that listens on exactly this address (16 bytes, IPv4 mapped) and port, else on port 0. */
  serviceOn(address: Uint8Array, port: number, protocol: number): number | undefined;
  /**
   * The service's server with this address: the one whose configured port is `port`; else, for nat, one on port 0; for
   * other methods, any. Present ones come before leaving ones.
   */
  serverIn(service: number, address: Uint8Array, port: number, method: MethodNumber): number | undefined;
  readonly names: {
    service(id: number): string | undefined;
    server(id: number): string | undefined;
  };
}

interface KnownServer {
  readonly id: number;
  readonly port: number;
  readonly present: boolean;
}

export interface DirectoryTables {
  readonly services: RecordArray;
  readonly servers: RecordArray;
  /** Of the map of listening services, which tells of a present or leaving service. */
  readonly listening: number;
}

export class SyncDirectory implements Directory {
  readonly #tables: DirectoryTables;
  readonly #services = new Map<Key, number>();
  /** By service and address, present ones first. */
  readonly #servers = new Map<Key, KnownServer[]>();
  readonly names: Directory['names'];

  constructor(tables: DirectoryTables) {
    this.#tables = tables;
    this.names = {
      service: (id) => nameIn(tables.services, id, SERVICE.flags, SERVICE.name),
      server: (id) => nameIn(tables.servers, id, SERVER.flags, SERVER.name),
    };
    this.refresh();
  }

  refresh(): void {
    this.#services.clear();
    this.#servers.clear();
    const { services, servers } = this.#tables;
    for (let id = 0; id < services.entries; id++)
      if (services.getU32(id, SERVICE.flags) !== 0) this.#keepService(id);
    for (let id = 0; id < servers.entries; id++)
      if (servers.getU32(id, SERVER.flags) !== 0) this.#keepServer(id);
    for (const group of this.#servers.values()) group.sort((a, b) => Number(b.present) - Number(a.present));
  }

  serviceOn(address: Uint8Array, port: number, protocol: number): number | undefined {
    return (
      this.#services.get(keyOf(address, place(port, protocol))) ??
      this.#services.get(keyOf(address, place(0, protocol)))
    );
  }

  serverIn(service: number, address: Uint8Array, port: number, method: MethodNumber): number | undefined {
    const there = this.#servers.get(keyOf(address, service));
    if (!there) return undefined;
    for (const server of there) if (server.port === port) return server.id;
    for (const server of there) if (method !== NAT || server.port === 0) return server.id;
    return undefined;
  }

  /** One that listens where another, forgotten one did: the map knows which it is. */
  #keepService(id: number): void {
    const { services, listening } = this.#tables;
    const at = services.at(id, SERVICE.listen);
    const key = new Uint8Array(layout.SERVICE_KEY.size);
    key.set(services.u8.subarray(at, at + 16), layout.SERVICE_KEY.address);
    const port = services.at(id, SERVICE.port);
    key.set(services.u8.subarray(port, port + 2), layout.SERVICE_KEY.port);
    const protocol = services.getU8(id, SERVICE.protocol);
    key[layout.SERVICE_KEY.protocol] = protocol;
    const listener = new Uint8Array(4);
    if (lookUpElement(listening, key, listener) && new Uint32Array(listener.buffer)[0] !== id) return;
    const heard = keyOf(
      services.u8.subarray(at, at + 16),
      place(services.getPort(id, SERVICE.port), protocol),
    );
    this.#services.set(heard, id);
  }

  #keepServer(id: number): void {
    const { servers } = this.#tables;
    const at = servers.at(id, SERVER.address);
    const key = keyOf(servers.u8.subarray(at, at + 16), servers.getU32(id, SERVER.service));
    const server: KnownServer = {
      id,
      port: servers.getPort(id, SERVER.port),
      present: (servers.getU32(id, SERVER.flags) & SERVER_FLAG.present) !== 0,
    };
    const group = this.#servers.get(key);
    if (group) group.push(server);
    else this.#servers.set(key, [server]);
  }
}

function nameIn(records: RecordArray, id: number, flags: number, name: number): string | undefined {
  if (id >= records.entries || records.getU32(id, flags) === 0) return undefined;
  return records.getName(id, name, NAME_BYTES);
}

type Key = number | string;

/** Below 2^21. */
function place(port: number, protocol: number): number {
  return port * 32 + (protocol & 31);
}

/** Asked for each record: IPv4 (RFC 4291, 2.5.5.2) makes a number of it. `number` is below 2^21. */
function keyOf(address: Uint8Array, number: number): Key {
  if (address[10] !== 0xff || address[11] !== 0xff || address[0] !== 0) return text(address, number);
  const host = ((address[12]! << 24) | (address[13]! << 16) | (address[14]! << 8) | address[15]!) >>> 0;
  for (let at = 1; at < 10; at++) if (address[at] !== 0) return text(address, number);
  return number * 2 ** 32 + host;
}

function text(address: Uint8Array, number: number): string {
  return `${number} ${String.fromCharCode(...address)}`;
}
