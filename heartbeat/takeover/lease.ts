// The lease on the VIPs: opens or adopts the pinned program and tables of director/bpf/lease.bpf.c, keeps the program on
// the VIPs' interfaces, and renews the lease. Guarantees: what an earlier process left (time and all) goes on; renewing
// is one store into mapped memory and never throws; where BPF is refused the answer is an `unguarded` lease, not an error.
import { readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { addressBytes } from '../../director/model/address.ts';
import { FairleadError } from '../../director/model/error.ts';
import { preparePinFolder } from '../../director/native/bpffs.ts';
import {
  attachTc,
  BpfObject,
  deleteElement,
  detachTc,
  getPinned,
  mapInfo,
  nextKey,
  pin,
  programId,
  queryTc,
  type TcPlace,
  updateElement,
} from '../../director/native/libbpf.ts';
import { bootTime_ns, close } from '../../director/native/libc.ts';
import type { Link } from '../../director/native/rtnetlink.ts';
import { LEASE, type LeaseCounters, LeaseRecord } from './lease-record.ts';
import type { Vip } from './vip.ts';

export const LEASE_OBJECT_PATH = join(import.meta.dirname, '../../build/bpf/lease.o');
const MAPS = ['vips', 'lease'] as const; // the one that findPinned looks for comes last
const PROGRAMS = { ingress: 'lease_in', egress: 'lease_out' } as const;
const POINTS = ['ingress', 'egress'] as const;
type Point = (typeof POINTS)[number];
/** One before the engine's filter (director/engine/ebpf/hooks.ts), which sends frames on by itself. */
const TC_PRIORITY = 0x45;
const TC_HANDLE = 2;

export interface EnsureReport {
  /** Interfaces that the program had to be put on. */
  readonly attached: readonly string[];
  readonly failures: readonly { readonly interface: string; readonly reason: string }[];
}

export interface Lease extends Disposable {
  /** `unguarded`: this kernel does not silence a dead director; `detail` says why. */
  readonly state: 'guarded' | 'unguarded';
  readonly detail: string;
  /** Whether an earlier process left it. */
  readonly adopted: boolean;
  /** The addresses that need the lease, and their interfaces, from the next ensure() on. */
  setVips(vips: readonly Vip[]): void;
  /** Puts the program where it is missing, takes it from interfaces without VIPs. Never throws. */
  ensure(links: readonly Link[]): EnsureReport;
  renew(valid_ms: number): void;
  letGo(): void;
  /** 0: not held. */
  remaining_ms(): number;
  /** Since the last renewal, while it is held. */
  age_ms(): number | undefined;
  counters(): LeaseCounters;
  /** Takes everything out of the kernel. Only disposal is left to do afterwards. */
  remove(): void;
}

/** In the network namespace of the calling thread. */
export function openLease(options: { readonly pinFolder: string }): Lease {
  try {
    return new Guarded(options.pinFolder);
  } catch (error) {
    if (!(error instanceof FairleadError) && !isSystemRefusal(error)) throw error;
    return new Unguarded((error as Error).message);
  }
}

class Guarded implements Lease {
  readonly state = 'guarded';
  readonly detail = '';
  readonly adopted: boolean;
  readonly #folder: string;
  readonly #object: BpfObject;
  readonly #record: LeaseRecord;
  readonly #vips = new Map<string, Uint8Array>();
  #interfaces: ReadonlySet<string> = new Set();

  constructor(folder: string) {
    this.#folder = folder;
    preparePinFolder(folder);
    const found = findPinned(folder);
    this.adopted = found !== undefined;
    this.#object = new BpfObject(LEASE_OBJECT_PATH);
    try {
      for (const name of MAPS) {
        const fd = found?.fds.get(name);
        if (fd !== undefined) this.#object.map(name).reuse(fd);
      }
      this.#object.load();
      this.#record = new LeaseRecord(this.#object.map('lease').fd);
      if (found?.carried !== undefined) this.#record.carryOver(found.carried);
      this.#record.writeLayout();
      if (found === undefined || found.fds.size === 0)
        for (const name of MAPS) replacePin(this.#object.map(name).fd, join(folder, name));
      for (const name of Object.values(PROGRAMS))
        replacePin(this.#object.programFd(name), join(folder, name));
      this.#readVips();
    } catch (error) {
      this.#object[Symbol.dispose]();
      throw error;
    } finally {
      for (const fd of found?.fds.values() ?? []) close(fd);
    }
  }

  setVips(vips: readonly Vip[]): void {
    const wanted = new Map(vips.map((vip) => [String(addressBytes(vip.address)), addressBytes(vip.address)]));
    if (wanted.size > LEASE.vips_max)
      throw new FairleadError('vips-too-many', `A lease is for at most ${LEASE.vips_max} VIPs.`);
    const { fd } = this.#object.map('vips');
    const gone = [...this.#vips].filter(([name]) => !wanted.has(name));
    // Removed first only as far as there would be no room.
    const early = gone.splice(0, Math.max(0, wanted.size + this.#vips.size - LEASE.vips_max));
    this.#forget(fd, early);
    for (const [name, key] of wanted) {
      updateElement(fd, key, new Uint8Array(4));
      this.#vips.set(name, key);
    }
    this.#forget(fd, gone);
    this.#interfaces = new Set(vips.map((vip) => vip.interface));
  }

  ensure(links: readonly Link[]): EnsureReport {
    const attached: string[] = [];
    const failures: { interface: string; reason: string }[] = [];
    const wanted = links.filter((link) => this.#interfaces.has(link.name) && hasNeighbours(link));
    this.#leaveAllBut(new Set(wanted.map((link) => link.index)));
    for (const link of wanted)
      try {
        if (this.#attachWhereMissing(link.index)) attached.push(link.name);
      } catch (error) {
        failures.push({ interface: link.name, reason: messageOf(error) });
      }
    return { attached, failures };
  }

  renew(valid_ms: number): void {
    this.#record.renew(bootTime_ns(), valid_ms);
  }
  letGo(): void {
    this.#record.letGo();
  }
  remaining_ms(): number {
    return this.#record.remaining_ms(bootTime_ns());
  }
  age_ms(): number | undefined {
    return this.#record.age_ms(bootTime_ns());
  }
  counters(): LeaseCounters {
    return this.#record.counters();
  }

  remove(): void {
    this.#record.letGo();
    this.#leaveAllBut(new Set());
    for (const name of readdirSync(this.#folder)) unlinkSync(join(this.#folder, name));
    rmdirSync(this.#folder);
  }

  [Symbol.dispose](): void {
    this.#record[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }

  #attachWhereMissing(interface_index: number): boolean {
    if (!this.#record.noteInterface(interface_index))
      throw new FairleadError(
        'lease-interfaces-too-many',
        `VIPs are on more than ${LEASE.interfaces_max} interfaces.`,
      );
    const inward = this.#object.programFd(PROGRAMS.ingress);
    const outward = this.#object.programFd(PROGRAMS.egress);
    const fresh = attachUnless(placeOn(interface_index, 'ingress'), inward);
    // A qdisc `ingress` has one list of filters, which egress is taken for as well (net/sched/sch_ingress.c,
    // ingress_tcf_block): attaching there would take the place of what has just been attached.
    if (queryTc(placeOn(interface_index, 'egress')) === programId(inward))
      throw new FairleadError(
        'lease-not-outward',
        'it has a qdisc ingress in the place of clsact, so that only questions are silenced there, not announcements',
        {
          remedy:
            'Remove it: tc qdisc del dev NAME ingress. A clsact is made then, which does the same and more.',
        },
      );
    return attachUnless(placeOn(interface_index, 'egress'), outward) || fresh;
  }

  #leaveAllBut(wanted: ReadonlySet<number>): void {
    for (const index of this.#record.interfaces()) {
      if (wanted.has(index)) continue;
      for (const point of POINTS) detachQuietly(placeOn(index, point));
      this.#record.forgetInterface(index);
    }
  }

  #forget(fd: number, entries: readonly (readonly [string, Uint8Array])[]): void {
    for (const [name, key] of entries) {
      deleteElement(fd, key);
      this.#vips.delete(name);
    }
  }

  #readVips(): void {
    const { fd } = this.#object.map('vips');
    let key: Uint8Array | undefined;
    for (let turn = 0; turn < LEASE.vips_max; turn++) {
      const next = new Uint8Array(16);
      if (!nextKey(fd, key, next)) return;
      this.#vips.set(String(next), next);
      key = next;
    }
  }
}

/** Keeps time all the same, so that its owner need not tell the difference. */
class Unguarded implements Lease {
  readonly state = 'unguarded';
  readonly adopted = false;
  readonly detail: string;
  readonly #record = LeaseRecord.inMemory();
  constructor(detail: string) {
    this.detail = detail;
  }
  setVips(): void {}
  ensure(): EnsureReport {
    return { attached: [], failures: [] };
  }
  renew(valid_ms: number): void {
    this.#record.renew(bootTime_ns(), valid_ms);
  }
  letGo(): void {
    this.#record.letGo();
  }
  remaining_ms(): number {
    return this.#record.remaining_ms(bootTime_ns());
  }
  age_ms(): number | undefined {
    return this.#record.age_ms(bootTime_ns());
  }
  counters(): LeaseCounters {
    return this.#record.counters();
  }
  remove(): void {}
  [Symbol.dispose](): void {}
}

interface Pinned {
  /** Empty: of another layout, to be replaced. */
  readonly fds: ReadonlyMap<string, number>;
  readonly carried: { readonly until_ns: bigint; readonly renewed_ns: bigint } | undefined;
}

function findPinned(folder: string): Pinned | undefined {
  const fds = new Map<string, number>();
  for (const name of MAPS) {
    const fd = getPinned(join(folder, name));
    if (fd !== undefined) fds.set(name, fd);
  }
  const lease = fds.get('lease');
  const vips = fds.get('vips');
  if (lease === undefined || vips === undefined) {
    for (const fd of fds.values()) close(fd);
    return undefined;
  }
  const same =
    mapInfo(lease).value_bytes === LEASE.size &&
    mapInfo(vips).key_bytes === 16 &&
    mapInfo(vips).entries_max === LEASE.vips_max;
  using record = new LeaseRecord(lease);
  if (same && record.isOurLayout()) return { fds, carried: undefined };
  const carried = record.times();
  for (const fd of fds.values()) close(fd);
  return { fds: new Map(), carried };
}

function replacePin(fd: number, path: string): void {
  rmSync(path, { force: true });
  pin(fd, path);
}

/** False when it stands there already. */
function attachUnless(place: TcPlace, fd: number): boolean {
  if (queryTc(place) === programId(fd)) return false;
  attachTc(place, fd);
  return true;
}

function placeOn(interface_index: number, point: Point): TcPlace {
  return { interface_index, point, handle: TC_HANDLE, priority: TC_PRIORITY };
}

/** Interfaces that are gone took the program with them. */
function detachQuietly(place: TcPlace): void {
  try {
    detachTc(place);
  } catch (error) {
    if (!isSystemRefusal(error)) throw error;
  }
}

function hasNeighbours(link: Link): boolean {
  return link.ethernet && !link.loopback && !link.noArp;
}

function isSystemRefusal(error: unknown): boolean {
  return error instanceof FairleadError || (error instanceof Error && 'code' in error);
}

function messageOf(error: unknown): string {
  if (!isSystemRefusal(error)) throw error;
  return (error as Error).message;
}
