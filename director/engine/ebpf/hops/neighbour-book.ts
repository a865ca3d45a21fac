// The neighbours that real servers are reached by: who needs which, what the kernel knows of them, and when it must be
// made to ask. Several real servers behind one gateway share an entry.
// Guarantees: holds only neighbours that somebody needs; asks at most once per neighbour and decision (kick.ts).
import type { Address } from '../../../model/address.ts';
import type { Clock } from '../../../model/clock.ts';
import type { Neighbour, Rtnetlink } from '../../../native/rtnetlink.ts';
import { NUD } from '../../../native/rtnetlink-codec.ts';
import { SystemError } from '../../../native/system-error.ts';
import { type HopFacts, isUsable, type NeighbourKey } from './choose.ts';
import { conditionOf, decideKick, type Kick, type KickState } from './kick.ts';

/** Questions per round: a rack that went dark must not hold the thread. */
const KICKS_MAX = 256;
/** Pause when the kernel's table is full. */
const TABLE_FULL_REST_MS = 1_000;

export interface KickRound {
  /** When a question is due next. */
  readonly due_ms: number | undefined;
  /** The first refusal of the round. */
  readonly refused: SystemError | undefined;
}

interface KnownNeighbour {
  readonly key: NeighbourKey;
  readonly users: Set<Address>;
  neighbour: Neighbour | undefined;
  known_mac: Uint8Array | undefined;
  /** A failure was told since it was last read. */
  failed: boolean;
  kick: KickState | undefined;
}

export class NeighbourBook {
  readonly #rtnetlink: Rtnetlink;
  readonly #clock: Clock;
  readonly #records = new Map<string, KnownNeighbour>();
  readonly #byUser = new Map<Address, KnownNeighbour>();
  readonly #touched = new Set<KnownNeighbour>();

  constructor(rtnetlink: Rtnetlink, clock: Clock) {
    this.#rtnetlink = rtnetlink;
    this.#clock = clock;
  }

  /** From now on `user` is reached by this neighbour, or by none; the neighbour is read. */
  assign(user: Address, key: NeighbourKey | undefined): void {
    const before = this.#byUser.get(user);
    const next = key === undefined ? undefined : this.#open(key);
    if (next !== undefined) {
      next.users.add(user);
      this.#byUser.set(user, next);
      this.#read(next);
    } else this.#byUser.delete(user);
    if (before !== undefined && before !== next) this.#leave(before, user);
  }

  factsFor(user: Address): Pick<HopFacts, 'neighbour' | 'known_mac'> {
    const record = this.#byUser.get(user);
    return { neighbour: record?.neighbour, known_mac: record?.known_mac };
  }

  /**
   * Notes that the kernel spoke of a neighbour. Returns false when nobody needs it. A failure counts even if it is over
   * before we look; but an entry that is removed by hand or by collection is declared failed in the same breath
   * (net/core/neighbour.c, neigh_delete), and then it is not the neighbour that failed.
   */
  touch(interface_index: number, gateway: Address, news: 'changed' | 'failed' | 'gone'): boolean {
    const record = this.#records.get(nameOf({ interface_index, gateway }));
    if (record === undefined) return false;
    if (news !== 'changed') record.failed = news === 'failed';
    this.#touched.add(record);
    return true;
  }

  hasTouched(): boolean {
    return this.#touched.size > 0;
  }

  /** Reads at most `limit` of the noted neighbours; returns the users of those. */
  readTouched(limit: number): Address[] {
    const users: Address[] = [];
    for (const record of [...this.#touched.values().take(limit)]) {
      this.#read(record);
      this.#touched.delete(record);
      users.push(...record.users);
    }
    return users;
  }

  /** Has the kernel ask where that is due. */
  kick(canAsk: (interface_index: number) => boolean): KickRound {
    const now_ms = this.#clock.monotonic_ms();
    const round: { due_ms: number | undefined; refused: SystemError | undefined } = {
      due_ms: undefined,
      refused: undefined,
    };
    const dueBy = (at_ms: number) => {
      round.due_ms = Math.min(round.due_ms ?? at_ms, at_ms);
    };
    let left = KICKS_MAX;
    for (const record of this.#records.values()) {
      if (!canAsk(record.key.interface_index)) {
        record.kick = undefined; // once it can be asked again, that is done at once
        continue;
      }
      const decision = decideKick(record.kick, conditionOf(record.neighbour), now_ms);
      if (decision.kick !== undefined && left-- === 0) {
        dueBy(now_ms);
        return round;
      }
      record.kick = decision.state;
      if (decision.due_ms !== undefined) dueBy(decision.due_ms);
      if (decision.kick === undefined) continue;
      const refusal = this.#ask(record.key, decision.kick);
      round.refused ??= refusal;
      if (refusal?.is('ENOBUFS') !== true) continue;
      dueBy(now_ms + TABLE_FULL_REST_MS); // nobody else would find room either
      return round;
    }
    return round;
  }

  #open(key: NeighbourKey): KnownNeighbour {
    const name = nameOf(key);
    const present = this.#records.get(name);
    if (present !== undefined) return present;
    const record = {
      key,
      users: new Set<Address>(),
      neighbour: undefined,
      known_mac: undefined,
      failed: false,
      kick: undefined,
    };
    this.#records.set(name, record);
    return record;
  }

  #leave(record: KnownNeighbour, user: Address): void {
    record.users.delete(user);
    if (record.users.size > 0) return;
    this.#records.delete(nameOf(record.key));
    this.#touched.delete(record);
  }

  #read(record: KnownNeighbour): void {
    const { interface_index, gateway } = record.key;
    record.neighbour = this.#lookUp(interface_index, gateway);
    if (isUsable(record.neighbour)) record.known_mac = record.neighbour.mac;
    else if (record.failed || record.neighbour?.state === NUD.FAILED) record.known_mac = undefined;
    record.failed = false;
  }

  /** A neighbour that cannot be looked up is missing; asking for it will say why. */
  #lookUp(interface_index: number, gateway: Address): Neighbour | undefined {
    try {
      return this.#rtnetlink.neighbour(interface_index, gateway);
    } catch (error) {
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }

  /** A stale entry may have been settled by an administrator since it was read, and must not be overruled then. */
  #ask(key: NeighbourKey, kick: Kick): SystemError | undefined {
    const { interface_index, gateway } = key;
    try {
      const stale = kick === 'probe' && this.#lookUp(interface_index, gateway)?.state === NUD.STALE;
      if (!stale || !this.#rtnetlink.probeNeighbour(interface_index, gateway))
        this.#rtnetlink.useNeighbour(interface_index, gateway);
      return undefined;
    } catch (error) {
      if (error instanceof SystemError) return error;
      throw error;
    }
  }
}

function nameOf(key: NeighbourKey): string {
  return `${key.interface_index} ${key.gateway}`;
}
