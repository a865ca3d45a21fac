// The kernel's side of the engine: maps and programs, opened anew or taken over from the pins of an earlier
// process. Guarantees: what is pinned is complete (maps first, the mark that says so last); a table of another
// layout is never touched; memory maps end with disposal, pinned state does not.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FairleadError } from '../../model/error.ts';
import { CONNECTION_STATES, DEFAULT_TIMEOUTS_MS } from '../../model/state.ts';
import { preparePinFolder } from '../../native/bpffs.ts';
import { BpfObject, getPinned, mapInfo, pin } from '../../native/libbpf.ts';
import { close } from '../../native/libc.ts';
import { INBOX_RECORDS } from './install-layout.ts';
import { kernelTicks } from './kernel-ticks.ts';
import * as layout from './layout.ts';
import { MappedArray } from './mapped-array.ts';

export const OBJECT_PATH = join(import.meta.dirname, '../../../build/bpf/director.o');

export interface TableSizes {
  readonly slots: number;
  readonly services: number;
  readonly servers: number;
}

export interface TableOptions {
  readonly sizes: TableSizes;
  /** Folder in a BPF file system; undefined: nothing outlives this process. */
  readonly pinFolder?: string | undefined;
  /** The engine's clock is set by hand. */
  readonly testClock?: boolean;
}

/** Arrays that are mapped into this process. */
export const MAPPED = [
  'control',
  'slots',
  'connections',
  'services',
  'members',
  'servers',
  'hops',
  'traffic',
  'totals',
  'inbox',
] as const;
type MappedName = (typeof MAPPED)[number];
const OTHERS = ['listening', 'fragments', 'events', 'locks'] as const;
type OtherName = (typeof OTHERS)[number];
const PROGRAMS = {
  tc: 'director_tc',
  xdp: 'director_xdp',
  sweep: 'director_sweep',
  install: 'director_install',
} as const;

const SLOTS_LIMIT = 2 ** layout.SLOT_BITS - 2;

export class Tables implements Disposable {
  readonly sizes: TableSizes;
  readonly cpus: number;
  /** Whether an earlier process left these tables. */
  readonly adopted: boolean;
  readonly programs: Readonly<Record<keyof typeof PROGRAMS, number>>;
  readonly #object: BpfObject;
  readonly #arrays: Readonly<Record<MappedName, MappedArray>>;
  readonly #fds: Readonly<Record<OtherName, number>>;
  readonly #pinFolder: string | undefined;

  constructor(options: TableOptions) {
    this.#pinFolder = options.pinFolder;
    if (options.pinFolder !== undefined) preparePinFolder(options.pinFolder);
    const found = options.pinFolder === undefined ? undefined : findPinned(options.pinFolder);
    this.adopted = found !== undefined;
    this.cpus = found?.cpus ?? possibleCpus();
    this.sizes = found?.sizes ?? checkSizes(options.sizes);
    const hashKey = found?.hashKey ?? randomBytes(16);
    this.#object = new BpfObject(OBJECT_PATH);
    try {
      this.#setConstants(hashKey, options.testClock ?? false);
      for (const [name, entries] of Object.entries(entriesOf(this.sizes, this.cpus))) {
        const map = this.#object.map(name);
        const fd = found?.fds.get(name);
        if (fd === undefined) map.resize(entries);
        else map.reuse(fd);
      }
      for (const name of ['fragments', 'events', 'locks']) {
        const fd = found?.fds.get(name);
        if (fd !== undefined) this.#object.map(name).reuse(fd);
      }
      this.#object.load();
      this.programs = {
        tc: this.#object.programFd(PROGRAMS.tc),
        xdp: this.#object.programFd(PROGRAMS.xdp),
        sweep: this.#object.programFd(PROGRAMS.sweep),
        install: this.#object.programFd(PROGRAMS.install),
      };
      const counts = entriesOf(this.sizes, this.cpus);
      this.#arrays = Object.fromEntries(
        MAPPED.map((name) => {
          const { fd } = this.#object.map(name);
          return [name, new MappedArray(fd, counts[name], mapInfo(fd).value_bytes)];
        }),
      ) as Record<MappedName, MappedArray>;
      this.#fds = Object.fromEntries(OTHERS.map((name) => [name, this.#object.map(name).fd])) as Record<
        OtherName,
        number
      >;
    } catch (error) {
      this.#object[Symbol.dispose]();
      throw error;
    } finally {
      for (const fd of found?.fds.values() ?? []) close(fd);
    }
    if (!this.adopted) this.#writeControl(hashKey);
    if (options.pinFolder !== undefined && !this.adopted) this.#pinMaps(options.pinFolder);
    if (options.pinFolder !== undefined) this.#pinPrograms(options.pinFolder);
  }

  array(name: MappedName): MappedArray {
    return this.#arrays[name];
  }
  fd(name: OtherName): number {
    return this.#fds[name];
  }

  /** Slots from this number on have never been taken. */
  get slotsInUse(): number {
    return Math.min(this.array('control').getU32(0, layout.CONTROL.slots_high), this.sizes.slots);
  }

  writeDefaultTimeouts(): void {
    const control = this.array('control');
    const { CONTROL } = layout;
    for (const [index, state] of CONNECTION_STATES.entries())
      control.setU64(0, CONTROL.timeouts_ns + index * 8, BigInt(DEFAULT_TIMEOUTS_MS[state]) * 1_000_000n);
  }

  /** Lets go of the pins: once programs are detached too, the kernel forgets everything. */
  unpin(): void {
    if (this.#pinFolder === undefined) return;
    removePins(this.#pinFolder);
    rmdirSync(this.#pinFolder);
  }

  [Symbol.dispose](): void {
    for (const array of Object.values(this.#arrays)) array[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }

  /** struct constants: hash_key, index_mask, slots_max, servers_max, test_clock, tick_ns, ticks_began_ns. */
  #setConstants(hashKey: Uint8Array, testClock: boolean): void {
    const constants = Buffer.alloc(48);
    const ticks = kernelTicks();
    constants.set(hashKey, 0);
    constants.writeUInt32LE(entriesOf(this.sizes, this.cpus).connections - 1, 16);
    constants.writeUInt32LE(this.sizes.slots, 20);
    constants.writeUInt32LE(this.sizes.servers, 24);
    constants.writeUInt32LE(testClock ? 1 : 0, 28);
    constants.writeBigUInt64LE(ticks.tick_ns, 32);
    constants.writeBigUInt64LE(BigInt.asUintN(64, ticks.began_ns), 40);
    this.#object.map('.rodata.constants').setInitialValue(constants);
  }

  #writeControl(hashKey: Uint8Array): void {
    const control = this.array('control');
    const { CONTROL } = layout;
    control.setU32(0, CONTROL.slots_max, this.sizes.slots);
    control.setU32(0, CONTROL.servers_max, this.sizes.servers);
    control.setU32(0, CONTROL.cpus, this.cpus);
    control.setBytes(0, CONTROL.hash_key, hashKey);
    this.writeDefaultTimeouts();
    control.setU32(0, CONTROL.layout, layout.LAYOUT_VERSION);
  }

  #pinMaps(folder: string): void {
    // `control` last: it is what findPinned looks for
    const names = [...OTHERS, ...MAPPED.filter((name) => name !== 'control'), 'control'] as const;
    for (const name of names) pin(this.#object.map(name).fd, join(folder, name));
  }

  /** Hooks hold the programs anyway; pinned, they can be looked at by name: `bpftool prog show pinned …`. */
  #pinPrograms(folder: string): void {
    for (const [name, fd] of Object.entries(this.programs)) {
      const path = join(folder, `program-${name}`);
      rmSync(path, { force: true }); // an earlier process's
      pin(fd, path);
    }
  }
}

/** Entries per map. Buckets: so many that the two keys of every nat connection fill half of their cells. */
function entriesOf(sizes: TableSizes, cpus: number) {
  return {
    control: 1,
    slots: sizes.slots,
    connections: 2 ** Math.ceil(Math.log2(Math.max((sizes.slots * 4) / layout.CELLS_PER_BUCKET, 8))),
    services: sizes.services,
    members: sizes.servers * 4 + 1024,
    servers: sizes.servers,
    hops: sizes.servers * 2 + 64,
    traffic: sizes.servers * cpus,
    totals: cpus,
    inbox: INBOX_RECORDS,
    listening: sizes.services * 2,
  };
}

function checkSizes(sizes: TableSizes): TableSizes {
  if (sizes.slots > SLOTS_LIMIT)
    throw new FairleadError('connections-too-many', `engine.connections is at most ${SLOTS_LIMIT}.`, {
      remedy: 'Lower engine.connections.',
    });
  return sizes;
}

/** CPUs that could ever run the program, not only those that are online. */
function possibleCpus(): number {
  // `0-3` or `0,2-5`: the last number is the highest CPU
  const listed = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8'))?.[1];
  return Math.max(availableParallelism(), listed === undefined ? 1 : Number(listed) + 1);
}

/** Another layout may have other tables, too: it is looked at before what there is. */
function refuseOtherLayout(folder: string, control: number, fds: ReadonlyMap<string, number>): void {
  const version = pinnedLayout(control);
  if (version === layout.LAYOUT_VERSION) return;
  for (const fd of fds.values()) close(fd);
  throw layoutChanged(folder, version);
}

/** The layout of the tables that a control map belongs to. */
export function pinnedLayout(control: number): number {
  using record = new MappedArray(control, 1, mapInfo(control).value_bytes);
  return record.getU32(0, layout.CONTROL.layout);
}

export function layoutChanged(folder: string, version: number): FairleadError {
  return new FairleadError(
    'layout-changed',
    `The tables in ${folder} are of layout ${version}, this version needs ${layout.LAYOUT_VERSION}.`,
    {
      remedy:
        'Stop the other version with fairlead run --release-on-exit, which ends its connections, and start again.',
    },
  );
}

interface Pinned {
  readonly fds: ReadonlyMap<string, number>;
  readonly sizes: TableSizes;
  readonly cpus: number;
  readonly hashKey: Uint8Array;
}

function findPinned(folder: string): Pinned | undefined {
  const fds = new Map<string, number>();
  for (const name of [...MAPPED, ...OTHERS]) {
    const fd = getPinned(join(folder, name));
    if (fd !== undefined) fds.set(name, fd);
  }
  const control = fds.get('control');
  if (control !== undefined) refuseOtherLayout(folder, control, fds);
  if (control === undefined || fds.size !== MAPPED.length + OTHERS.length) {
    // half of a pinning that was cut off: nothing can be attached to it yet
    for (const fd of fds.values()) close(fd);
    removePins(folder);
    return undefined;
  }
  using record = new MappedArray(control, 1, mapInfo(control).value_bytes);
  const { CONTROL } = layout;
  return {
    fds,
    sizes: {
      slots: record.getU32(0, CONTROL.slots_max),
      servers: record.getU32(0, CONTROL.servers_max),
      services: mapInfo(fds.get('services')!).entries_max,
    },
    cpus: record.getU32(0, CONTROL.cpus),
    hashKey: record.u8.slice(CONTROL.hash_key, CONTROL.hash_key + 16),
  };
}

function removePins(folder: string): void {
  for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
}
