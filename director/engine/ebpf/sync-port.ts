// What connection sync has of the engine's tables, from a process of its own: the ring of events, the slots to scan,
// and the inbox through which the peer's entries are put in (director/bpf/install.h). Guarantees: nothing that is put
// into the inbox can corrupt the tables; the port goes on when the process that made the tables restarts.
import type { MethodNumber } from './install-layout.ts';
import type { RecordArray } from './mapped-array.ts';
import type { Tables } from './tables.ts';

export interface SyncPort extends Disposable {
  /** Of the ring of events: readable while there are some (director/native/readable.ts). */
  readonly eventsFd: number;
  /** Hands over at most `limit` events (layout EVENT) in order; the bytes are valid only during the call. One process drains. */
  drain(limit: number, take: (event: Uint8Array) => void): number;
  /** Events that found no room since the tables were made; wraps at 2^32. */
  lost(): number;
  /** Whether changes are told. `fromPeer`: also those that install() makes, which carry EVENT_FLAG.from_peer. */
  setEvents(on: boolean, fromPeer?: boolean): void;

  /** Layout SLOT. Changes under the reader; the word's generation tells whether it was the same entry before and after. */
  readonly slots: RecordArray;
  /** Slots from this number on have never been taken. */
  readonly slotsInUse: number;
  /** How many slots are taken, and how many there are. */
  readonly slotsUsed: number;
  readonly slotsLimit: number;
  /** Whether the connection in this slot has a template that is still there: INSTALL_FLAG.controlled for its record. */
  isControlled(slot: number): boolean;

  /** INBOX_RECORDS records of layout INSTALL. To be filled before install() and read after it. */
  readonly inbox: RecordArray;
  /** Carries out the first `count` records of the inbox in order; each then tells its INSTALL.result. */
  install(count: number): void;

  readonly directory: Directory;
  /** Lifetimes by number of state (CONNECTION_STATES), as they are now. */
  timeouts_ms(): readonly number[];
  /** The clock of `seen_ns` and `at_ns`: CLOCK_MONOTONIC, or the test's. */
  now_ns(): bigint;

  /** Until then, TCP packets in mid-stream that find no entry are dropped (`unsynced`) and not reset. 0n: off. */
  setGrace(until_ns: bigint): void;
  /** From then on no connection is begun (`unguarded`). 0n: always. */
  setAdmitUntil(until_ns: bigint): void;

  /** False once the tables were released or made anew: dispose of this port and open another. */
  isCurrent(): boolean;
}

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

/** Opens what a director has pinned. Throws FairleadError: tables-missing, layout-changed. */
export function openSyncPort(options: { readonly pinFolder: string }): SyncPort {
  throw new TypeError(`not there yet: ${options.pinFolder}`);
}

/** The same on tables of this process, which outlive the port. */
export function syncPortOn(tables: Tables): SyncPort {
  throw new TypeError(`not there yet: ${tables.cpus}`);
}
