// What connection sync has of the engine's tables, from a process of its own: the ring of events, the slots to scan,
// and the inbox through which the peer's entries are put in (director/bpf/install.h). Guarantees: nothing that is put
// into the inbox can corrupt the tables; the port goes on when the process that made the tables restarts.
import { join } from 'node:path';
import { FairleadError } from '../../model/error.ts';
import { CONNECTION_STATES } from '../../model/state.ts';
import { getPinned, mapInfo, testRun } from '../../native/libbpf.ts';
import { close } from '../../native/libc.ts';
import { EventRing } from './event-ring.ts';
import { INBOX_RECORDS } from './install-layout.ts';
import * as layout from './layout.ts';
import { MappedArray, type RecordArray } from './mapped-array.ts';
import { type Directory, SyncDirectory } from './sync-directory.ts';
import { layoutChanged, pinnedLayout, type Tables } from './tables.ts';

export type { Directory } from './sync-directory.ts';

const { CONTROL, EVENTS, KIND, NONE, SLOT } = layout;

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

/** The install program reads its arguments from the head of a frame that goes nowhere. */
const FRAME_BYTES = 64;
const MAPS = ['control', 'slots', 'services', 'servers', 'inbox', 'events', 'listening'] as const;

interface Opened {
  readonly control: RecordArray;
  readonly slots: RecordArray;
  readonly services: RecordArray;
  readonly servers: RecordArray;
  readonly inbox: RecordArray;
  readonly events: number;
  readonly listening: number;
  readonly program: number;
  /** Of tables that are told time by hand. */
  readonly testClock: boolean;
  readonly isCurrent: () => boolean;
}

/** Opens what a director has pinned. Throws FairleadError: tables-missing, layout-changed. */
export function openSyncPort(options: { readonly pinFolder: string }): SyncPort {
  const { pinFolder } = options;
  using opening = new DisposableStack();
  const fds = {} as Record<(typeof MAPS)[number] | 'program-install', number>;
  for (const name of [...MAPS, 'program-install'] as const) {
    const fd = getPinned(join(pinFolder, name));
    if (fd !== undefined) fds[name] = opening.adopt(fd, close);
    if (name === 'control' && fd !== undefined && pinnedLayout(fd) !== layout.LAYOUT_VERSION)
      throw layoutChanged(pinFolder, pinnedLayout(fd));
    if (fd === undefined)
      throw new FairleadError('tables-missing', `There are no tables of a director in ${pinFolder}.`, {
        remedy: 'Start the director: fairlead run',
      });
  }
  const mapped = (name: (typeof MAPS)[number]) => {
    const { entries_max, value_bytes } = mapInfo(fds[name]);
    return opening.use(new MappedArray(fds[name], entries_max, value_bytes));
  };
  const opened: Opened = {
    control: mapped('control'),
    slots: mapped('slots'),
    services: mapped('services'),
    servers: mapped('servers'),
    inbox: mapped('inbox'),
    events: fds.events,
    listening: fds.listening,
    program: fds['program-install'],
    testClock: false,
    isCurrent: () => pinnedId(pinFolder) === mapInfo(fds.control).id,
  };
  const ring = opening.use(new EventRing(fds.events, mapInfo(fds.events).entries_max));
  return new Port(opened, ring, opening.move());
}

/** The same on tables of this process, which outlive the port. */
export function syncPortOn(tables: Tables, options: { readonly testClock?: boolean } = {}): SyncPort {
  const events = tables.fd('events');
  const ring = new EventRing(events, mapInfo(events).entries_max);
  const resources = new DisposableStack();
  resources.use(ring);
  const opened: Opened = {
    control: tables.array('control'),
    slots: tables.array('slots'),
    services: tables.array('services'),
    servers: tables.array('servers'),
    inbox: tables.array('inbox'),
    events,
    listening: tables.fd('listening'),
    program: tables.programs.install,
    testClock: options.testClock ?? false,
    isCurrent: () => true,
  };
  return new Port(opened, ring, resources);
}

class Port implements SyncPort {
  readonly directory: Directory;
  readonly #opened: Opened;
  readonly #ring: EventRing;
  readonly #resources: DisposableStack;
  readonly #frame = Buffer.alloc(FRAME_BYTES);

  constructor(opened: Opened, ring: EventRing, resources: DisposableStack) {
    this.#opened = opened;
    this.#ring = ring;
    this.#resources = resources;
    this.directory = new SyncDirectory(opened);
  }

  get eventsFd(): number {
    return this.#opened.events;
  }
  get slots(): RecordArray {
    return this.#opened.slots;
  }
  get inbox(): RecordArray {
    return this.#opened.inbox;
  }
  get slotsInUse(): number {
    return Math.min(this.#opened.control.getU32(0, CONTROL.slots_high), this.slotsLimit);
  }
  get slotsUsed(): number {
    return this.#opened.control.getU32(0, CONTROL.slots_used);
  }
  get slotsLimit(): number {
    return this.#opened.control.getU32(0, CONTROL.slots_max);
  }

  drain(limit: number, take: (event: Uint8Array) => void): number {
    return this.#ring.drain(limit, take);
  }

  lost(): number {
    return this.#opened.control.getU32(0, CONTROL.events_lost);
  }

  setEvents(on: boolean, fromPeer = false): void {
    const wanted = on ? EVENTS.own | (fromPeer ? EVENTS.of_peer : 0) : 0;
    this.#opened.control.setU32(0, CONTROL.events_on, wanted);
  }

  isControlled(slot: number): boolean {
    const { slots } = this.#opened;
    const template = slots.getU32(slot, SLOT.template);
    if (template === NONE || template >= slots.entries) return false;
    return (
      slots.getU8(template, SLOT.word + 1) === KIND.template &&
      slots.getU32(template, SLOT.word + 4) === slots.getU32(slot, SLOT.template_generation)
    );
  }

  install(count: number): void {
    if (count > INBOX_RECORDS) throw new RangeError(`${count} records, the inbox has ${INBOX_RECORDS}`);
    this.#frame.writeUInt32LE(0, 0);
    this.#frame.writeUInt32LE(count, 4);
    testRun(this.#opened.program, { data: this.#frame });
  }

  timeouts_ms(): readonly number[] {
    const { control } = this.#opened;
    return CONNECTION_STATES.map((_, state) => control.getCount(0, CONTROL.timeouts_ns + state * 8) / 1e6);
  }

  now_ns(): bigint {
    const { control, testClock } = this.#opened;
    return testClock ? control.getU64(0, CONTROL.test_now_ns) : process.hrtime.bigint();
  }

  setGrace(until_ns: bigint): void {
    this.#opened.control.setU64(0, CONTROL.grace_until_ns, until_ns);
  }

  setAdmitUntil(until_ns: bigint): void {
    this.#opened.control.setU64(0, CONTROL.admit_until_ns, until_ns);
  }

  isCurrent(): boolean {
    return this.#opened.isCurrent();
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

/** Of the control map that is pinned at this moment. */
function pinnedId(pinFolder: string): number | undefined {
  const fd = getPinned(join(pinFolder, 'control'));
  if (fd === undefined) return undefined;
  try {
    return mapInfo(fd).id;
  } finally {
    close(fd);
  }
}
