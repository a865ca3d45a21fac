// The engine's SyncPort as the core wants it: events and slots as words, what the core puts as records of the inbox. Services
// and servers are found by address once and remembered until they change.
import {
  INBOX_RECORDS,
  INSTALL,
  INSTALL_FLAG,
  INSTALL_RESULT,
  INSTALL_WHAT,
  type MethodNumber,
} from '../engine/ebpf/install-layout.ts';
import type { SyncPort } from '../engine/ebpf/sync-port.ts';
import type { Put, TablePort } from './core/port.ts';
import { isMapped, KIND, kindOf, NONE, stateOf, UDP, WORD } from './core/slot.ts';

const RECORD_WORDS = INSTALL.size / 4;
const PLACE = {
  flags: INSTALL.flags / 4,
  client: INSTALL.client / 4,
  virtual: INSTALL.virtual / 4,
  destination: INSTALL.destination / 4,
  ports: INSTALL.client_port / 4,
  server_port: INSTALL.server_port / 4,
  service: INSTALL.service / 4,
  server: INSTALL.server / 4,
  left_ms: INSTALL.left_ms / 4,
  timeout_ms: INSTALL.timeout_ms / 4,
  counters: INSTALL.packets_in / 4,
  sequence_base: INSTALL.sequence_base / 4,
  sequence_delta: INSTALL.sequence_delta / 4,
  result: INSTALL.result / 4,
  slot_index: INSTALL.slot_index / 4,
} as const;
const RESULTS = Object.keys(INSTALL_RESULT).map((name) => name.replaceAll('_', '-'));
/** Of a record that another CPU was in the way of. */
const ATTEMPTS = 3;
/** Addresses that are remembered; then all are forgotten. */
const KNOWN_MAX = 65_536;

export class EngineTable implements TablePort {
  installed: ((slot: number, left_ms: number) => void) | undefined;
  readonly slots: Uint32Array;
  readonly slotsLimit: number;
  /** Records by their result. */
  readonly results: number[] = new Array<number>(RESULTS.length).fill(0);
  readonly #port: SyncPort;
  readonly #inbox: Uint32Array;
  #events: Uint32Array | undefined;
  #count = 0;
  #services = new Map<number | string, number>();
  #servers = new Map<number, Map<number | string, number>>();
  #known = 0;

  constructor(port: SyncPort) {
    this.#port = port;
    this.slots = port.slots.u32;
    this.slotsLimit = port.slotsLimit;
    this.#inbox = port.inbox.u32;
  }

  get slotsInUse(): number {
    return this.#port.slotsInUse;
  }
  /** Records whose service or server was not known. */
  get unknown(): number {
    return this.results[INSTALL_RESULT.unknown_server]!;
  }
  isControlled(slot: number): boolean {
    return this.#port.isControlled(slot);
  }
  timeouts_ms(): readonly number[] {
    return this.#port.timeouts_ms();
  }
  lost(): number {
    return this.#port.lost();
  }

  /** Services or servers have changed. */
  refresh(): void {
    this.#port.directory.refresh();
    this.#forget();
  }

  drain(limit: number, take: (words: Uint32Array, at: number) => void): number {
    return this.#port.drain(limit, (event) => {
      // one view of the whole ring instead of one per event
      if (this.#events?.buffer !== event.buffer) this.#events = new Uint32Array(event.buffer);
      take(this.#events, event.byteOffset >>> 2);
    });
  }

  put(words: Uint32Array, at: number, what: Put): boolean {
    if (this.#count >= INBOX_RECORDS) return false;
    let service = NONE;
    let server = NONE;
    if (!what.close) {
      service = this.#service(words, at);
      server = service === NONE ? NONE : this.#server(service, words, at);
      if (server === NONE) {
        this.results[INSTALL_RESULT.unknown_server]!++;
        return true;
      }
    }
    this.#write(words, at, what, service, server);
    return true;
  }

  install(): void {
    for (let attempt = 1; this.#count > 0; attempt++) {
      this.#port.install(this.#count);
      this.#count = this.#readResults(attempt < ATTEMPTS);
    }
  }

  /** What became of records that found no place, by reason. */
  refused(): Record<string, number> {
    const { conflict, table_full, index_full, unknown_server, lost_race, invalid } = INSTALL_RESULT;
    const refused = [conflict, table_full, index_full, unknown_server, lost_race, invalid];
    return Object.fromEntries(
      refused
        .filter((result) => this.results[result]! > 0)
        .map((result) => [RESULTS[result]!, this.results[result]!]),
    );
  }

  #write(words: Uint32Array, at: number, what: Put, service: number, server: number): void {
    const out = this.#inbox;
    const to = this.#count++ * RECORD_WORDS;
    const template = kindOf(words[at]!) === KIND.template;
    const ends = words[at + WORD.server_end]!;
    const kind = what.close
      ? template
        ? INSTALL_WHAT.template_close
        : INSTALL_WHAT.close
      : template
        ? INSTALL_WHAT.template_upsert
        : INSTALL_WHAT.upsert;
    out[to] =
      kind | (stateOf(words[at]!) << 8) | (((ends >>> 24) & 0xff) << 16) | (((ends >>> 16) & 0xff) << 24);
    const ftp = words[at + WORD.sequence_delta] !== 0;
    out[to + PLACE.flags] =
      (what.authoritative ? INSTALL_FLAG.authoritative : 0) |
      (what.controlled ? INSTALL_FLAG.controlled : 0) |
      (what.expired ? INSTALL_FLAG.expired : 0) |
      (ftp ? INSTALL_FLAG.sequence : 0);
    for (let word = 0; word < 4; word++) {
      out[to + PLACE.client + word] = words[at + WORD.client + word]!;
      out[to + PLACE.virtual + word] = words[at + WORD.virtual + word]!;
      out[to + PLACE.destination + word] = words[at + WORD.destination + word]!;
    }
    out[to + PLACE.ports] = words[at + WORD.ports]!;
    out[to + PLACE.server_port] = ends & 0xffff;
    out[to + PLACE.service] = service;
    out[to + PLACE.server] = server;
    out[to + PLACE.left_ms] = what.left_ms;
    out[to + PLACE.timeout_ms] = template ? words[at + WORD.timeout_ms]! : 0;
    out.fill(0, to + PLACE.counters, to + PLACE.sequence_base);
    out[to + PLACE.sequence_base] = ftp ? words[at + WORD.sequence_base]! : 0;
    out[to + PLACE.sequence_delta] = ftp ? words[at + WORD.sequence_delta]! : 0;
  }

  /** Keeps what is to be tried again at the head of the inbox; returns how many. */
  #readResults(again: boolean): number {
    const inbox = this.#inbox;
    let kept = 0;
    for (let record = 0; record < this.#count; record++) {
      const at = record * RECORD_WORDS;
      const result = inbox[at + PLACE.result]!;
      if (again && result === INSTALL_RESULT.lost_race) {
        inbox.copyWithin(kept++ * RECORD_WORDS, at, at + RECORD_WORDS);
        continue;
      }
      if (result < RESULTS.length) this.results[result]!++;
      if (result <= INSTALL_RESULT.replaced)
        this.installed?.(inbox[at + PLACE.slot_index]!, inbox[at + PLACE.left_ms]!);
    }
    return kept;
  }

  #service(words: Uint32Array, at: number): number {
    const from = at + WORD.virtual;
    const port = portOf(words[at + WORD.ports]! >>> 16);
    const protocol = (words[at + WORD.server_end]! >>> 16) & 0xff;
    const rest = port * 2 + (protocol === UDP ? 1 : 0);
    const key = isMapped(words, from) ? words[from + 3]! * 131_072 + rest : `${textOf(words, from)} ${rest}`;
    let id = this.#services.get(key);
    if (id === undefined) {
      id = this.#port.directory.serviceOn(bytesOf(words, from), port, protocol) ?? NONE;
      this.#remember(this.#services, key, id);
    }
    return id;
  }

  #server(service: number, words: Uint32Array, at: number): number {
    const from = at + WORD.destination;
    const ends = words[at + WORD.server_end]!;
    const port = portOf(ends & 0xffff);
    const method = ((ends >>> 24) & 3) as MethodNumber;
    const rest = port * 4 + method;
    const key = isMapped(words, from) ? words[from + 3]! * 262_144 + rest : `${textOf(words, from)} ${rest}`;
    const servers = this.#servers.get(service) ?? new Map<number | string, number>();
    this.#servers.set(service, servers);
    let id = servers.get(key);
    if (id === undefined) {
      id = this.#port.directory.serverIn(service, bytesOf(words, from), port, method) ?? NONE;
      this.#remember(servers, key, id);
    }
    return id;
  }

  #remember(known: Map<number | string, number>, key: number | string, id: number): void {
    if (++this.#known > KNOWN_MAX) this.#forget();
    else known.set(key, id);
  }

  #forget(): void {
    this.#services = new Map();
    this.#servers = new Map();
    this.#known = 0;
  }
}

function portOf(networkOrder: number): number {
  return ((networkOrder & 0xff) << 8) | (networkOrder >>> 8);
}

function bytesOf(words: Uint32Array, from: number): Uint8Array {
  return new Uint8Array(words.slice(from, from + 4).buffer);
}

function textOf(words: Uint32Array, from: number): string {
  return words.subarray(from, from + 4).join('.');
}
