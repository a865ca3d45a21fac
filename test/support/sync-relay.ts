// What the sync process does, without a wire between: changes and entries of one engine's tables, put into another's.
// Services and servers are found by their addresses, as between two directors.
import {
  CHANGE,
  EVENT_FLAG,
  INBOX_RECORDS,
  INSTALL,
  INSTALL_FLAG,
  INSTALL_RESULT,
  INSTALL_WHAT,
  type MethodNumber,
} from '../../director/engine/ebpf/install-layout.ts';
import { EVENT, KIND, NONE, SERVER, SLOT } from '../../director/engine/ebpf/layout.ts';
import { RecordArray } from '../../director/engine/ebpf/mapped-array.ts';
import type { SyncPort } from '../../director/engine/ebpf/sync-port.ts';
import type { Tables } from '../../director/engine/ebpf/tables.ts';

export type Result = keyof typeof INSTALL_RESULT;
const RESULTS = Object.keys(INSTALL_RESULT) as Result[];

export interface Side {
  readonly port: SyncPort;
  readonly tables: Tables;
}

export interface Passed {
  readonly change: keyof typeof CHANGE;
  readonly flags: number;
  readonly result: Result;
}

/** Empties the ring of `from` into `to`; what each event became. */
export function passEvents(from: Side, to: Side, flags: number = INSTALL_FLAG.authoritative): Passed[] {
  const changes = Object.keys(CHANGE) as (keyof typeof CHANGE)[];
  const events: { change: number; flags: number; slot: RecordArray }[] = [];
  from.port.drain(Number.POSITIVE_INFINITY, (event) => {
    const slot = new RecordArray(event.slice(EVENT.slot, EVENT.size).buffer, 1, SLOT.size);
    events.push({ change: event[EVENT.change]!, flags: event[EVENT.flags]!, slot });
  });
  const records = events.map(({ change, flags: said, slot }) => {
    const controlled = said & EVENT_FLAG.controlled ? INSTALL_FLAG.controlled : 0;
    const expired = said & EVENT_FLAG.expired ? INSTALL_FLAG.expired : 0;
    return { slot, index: 0, closed: change === CHANGE.closed, flags: flags | controlled | expired };
  });
  const results = passRecords(from, to, records);
  return events.map((event, index) => ({
    change: changes[event.change]!,
    flags: event.flags,
    result: results[index]!,
  }));
}

/** Every entry of `from`, counters included, templates first. */
export function passTable(from: Side, to: Side, flags: number = INSTALL_FLAG.authoritative): Result[] {
  const { port } = from;
  const indexes = Array.from({ length: port.slotsInUse }, (_, index) => index);
  const of = (kind: number) => indexes.filter((index) => kindAt(port.slots, index) === kind);
  return passRecords(
    from,
    to,
    [...of(KIND.template), ...of(KIND.connection)].map((index) => {
      const controlled = port.isControlled(index) ? INSTALL_FLAG.controlled : 0;
      const all = flags | controlled | INSTALL_FLAG.counters | INSTALL_FLAG.sequence;
      return { slot: port.slots, index, closed: false, flags: all };
    }),
  );
}

interface Order {
  readonly slot: RecordArray;
  readonly index: number;
  readonly closed: boolean;
  readonly flags: number;
}

function passRecords(from: Side, to: Side, orders: readonly Order[]): Result[] {
  to.port.directory.refresh();
  const results: Result[] = [];
  for (let start = 0; start < orders.length; start += INBOX_RECORDS) {
    const batch = orders.slice(start, start + INBOX_RECORDS);
    for (const [index, order] of batch.entries()) write(from, to, index, order);
    to.port.install(batch.length);
    results.push(...batch.map((_, index) => resultAt(to.port, index)));
  }
  return results;
}

export function resultAt(port: SyncPort, index: number): Result {
  return RESULTS[port.inbox.getU32(index, INSTALL.result)]!;
}

function write(from: Side, to: Side, at: number, { slot, index, closed, flags }: Order): void {
  const { inbox, directory } = to.port;
  const bytes = (field: number, length: number) => {
    const start = slot.at(index, field);
    return slot.u8.subarray(start, start + length);
  };
  const isTemplate = kindAt(slot, index) === KIND.template;
  const { upsert, close, template_upsert, template_close } = INSTALL_WHAT;
  const [method, protocol] = [slot.getU8(index, SLOT.method), slot.getU8(index, SLOT.protocol)];
  const service = directory.serviceOn(
    bytes(SLOT.virtual, 16),
    slot.getPort(index, SLOT.virtual_port),
    protocol,
  );
  const configured = from.tables.array('servers').getPort(slot.getU32(index, SLOT.server), SERVER.port);
  const server =
    service === undefined
      ? undefined
      : directory.serverIn(service, bytes(SLOT.destination, 16), configured, method as MethodNumber);
  inbox.clear(at);
  const upserts = isTemplate ? template_upsert : upsert;
  const closes = isTemplate ? template_close : close;
  inbox.setU8(at, INSTALL.what, closed ? closes : upserts);
  inbox.setU8(at, INSTALL.state, slot.getU8(index, SLOT.word));
  inbox.setU8(at, INSTALL.method, method);
  inbox.setU8(at, INSTALL.protocol, protocol);
  inbox.setU32(at, INSTALL.flags, flags);
  for (const end of ['client', 'virtual', 'destination'] as const)
    inbox.setBytes(at, INSTALL[end], bytes(SLOT[end], 16));
  for (const port of ['client_port', 'virtual_port', 'server_port'] as const)
    inbox.setBytes(at, INSTALL[port], bytes(SLOT[port], 2));
  inbox.setU32(at, INSTALL.service, (closed ? undefined : service) ?? NONE);
  inbox.setU32(at, INSTALL.server, (closed ? undefined : server) ?? NONE);
  inbox.setU32(at, INSTALL.left_ms, leftOf(from.port, slot, index));
  inbox.setU32(at, INSTALL.timeout_ms, slot.getU32(index, SLOT.timeout_ms));
  if (closed) return;
  for (const field of ['packets_in', 'packets_out'] as const)
    inbox.setU32(at, INSTALL[field], slot.getU32(index, SLOT[field]));
  for (const field of ['bytes_in', 'bytes_out'] as const)
    inbox.setBytes(at, INSTALL[field], bytes(SLOT[field], 8));
  if (!isTemplate) inbox.setBytes(at, INSTALL.sequence_base, bytes(SLOT.sequence_base, 8));
}

/** Milliseconds that are left of an entry's life, rounded up. */
function leftOf(port: SyncPort, slot: RecordArray, index: number): number {
  const lifetime_ms =
    kindAt(slot, index) === KIND.template
      ? slot.getU32(index, SLOT.timeout_ms)
      : (port.timeouts_ms()[slot.getU8(index, SLOT.word)] ?? 0);
  const seen_ns = BigInt.asIntN(64, slot.getU64(index, SLOT.seen_ns));
  return Math.max(0, Math.ceil(lifetime_ms - Number(port.now_ns() - seen_ns) / 1e6));
}

function kindAt(slots: RecordArray, index: number): number {
  return slots.getU8(index, SLOT.word + 1);
}
