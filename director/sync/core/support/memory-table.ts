// A table in memory that does what the engine's does for connection sync (director/bpf/install.h), for tests: slots, events in
// order, lifetimes, a ring that overflows. Told the time by hand.
import type { Put, TablePort } from '../port.ts';
import {
  CHANGE,
  EVENT_FLAG,
  EVENT_WORD,
  EVENT_WORDS,
  KIND,
  kindOf,
  MAPPED,
  msAt,
  SLOT_WORDS,
  stateOf,
  TCP,
  WORD,
} from '../slot.ts';

export const ESTABLISHED = 1;
const TEMPLATE_STATE = 12;
/** Lifetimes by state; short, so that simulations see ends. */
const LIFETIMES_MS = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120, 300, 360].map((s) => s * 1_000);

export interface Ends {
  readonly client: number;
  readonly client_port: number;
  readonly server: number;
}

interface Pending {
  readonly words: Uint32Array;
  readonly what: Put;
}

export class MemoryTable implements TablePort {
  readonly slots: Uint32Array;
  readonly slotsLimit: number;
  slotsInUse = 0;
  now_ms = 1_000;
  installed: ((slot: number, left_ms: number) => void) | undefined;
  readonly results: Record<string, number> = {};
  /** Who is in what slot. */
  readonly index = new Map<string, number>();
  readonly #ringMax: number;
  readonly #ring: Uint32Array[] = [];
  readonly #free: number[] = [];
  #pending: Pending[] = [];
  #lost = 0;

  constructor(slots: number, ringMax = 1 << 20) {
    this.slotsLimit = slots;
    this.slots = new Uint32Array(slots * SLOT_WORDS);
    this.#ringMax = ringMax;
  }

  timeouts_ms(): readonly number[] {
    return LIFETIMES_MS;
  }
  isControlled(): boolean {
    return false;
  }
  lost(): number {
    return this.#lost;
  }
  drain(limit: number, take: (words: Uint32Array, at: number) => void): number {
    const events = this.#ring.splice(0, limit);
    for (const event of events) take(event, 0);
    return events.length;
  }

  /** A client's packet: makes the connection or keeps it alive. */
  open(ends: Ends, state = ESTABLISHED): boolean {
    return this.#upsert(slotOf(ends, state), this.now_ms, false, false) === 'created';
  }
  setState(ends: Ends, state: number): void {
    const slot = this.index.get(keyOf(slotOf(ends, state), 0));
    if (slot === undefined) return;
    const at = slot * SLOT_WORDS;
    this.slots[at] = (this.slots[at]! & ~0xff) | state;
    this.#see(at, this.now_ms);
    this.#emit(slot, CHANGE.state, 0);
  }
  /** Packets that change nothing but the time. */
  see(ends: Ends): void {
    const slot = this.index.get(keyOf(slotOf(ends, ESTABLISHED), 0));
    if (slot !== undefined) this.#see(slot * SLOT_WORDS, this.now_ms);
  }
  close(ends: Ends): void {
    const slot = this.index.get(keyOf(slotOf(ends, ESTABLISHED), 0));
    if (slot !== undefined) this.#release(slot, 0);
  }
  /** Whether there is such a connection. */
  left(ends: Ends): boolean {
    return this.index.has(keyOf(slotOf(ends, ESTABLISHED), 0));
  }
  /** Ends what is over. */
  sweep(): void {
    for (const slot of [...this.index.values()])
      if (this.left_ms(slot) <= 0) this.#release(slot, EVENT_FLAG.expired);
  }
  left_ms(slot: number): number {
    const at = slot * SLOT_WORDS;
    const word = this.slots[at]!;
    const lifetime =
      kindOf(word) === KIND.template ? this.slots[at + WORD.timeout_ms]! : LIFETIMES_MS[stateOf(word)]!;
    return msAt(this.slots, at + WORD.seen_ns) + lifetime - this.now_ms;
  }

  /** What two equal tables say alike: key, destination, state. */
  dump(): string[] {
    return [...this.index.entries()]
      .map(([key, slot]) => {
        const at = slot * SLOT_WORDS;
        const server = [...this.slots.subarray(at + WORD.destination, at + WORD.destination + 4)].join('.');
        return `${key} ${server} ${this.slots[at + WORD.server_end]} ${this.slots[at]! & 0xffff}`;
      })
      .sort();
  }

  put(words: Uint32Array, at: number, what: Put): boolean {
    if (this.#pending.length >= 512) return false;
    this.#pending.push({ words: words.slice(at, at + SLOT_WORDS), what: { ...what } });
    return true;
  }
  install(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { words, what } of pending) {
      const result = what.close
        ? this.#shut(words, what)
        : this.#upsert(words, this.now_ms + what.left_ms - lifetimeOf(words), true, what.authoritative);
      this.results[result] = (this.results[result] ?? 0) + 1;
      const slot = this.index.get(keyOf(words, 0));
      if (!what.close && slot !== undefined) this.installed?.(slot, what.left_ms);
    }
  }

  #shut(words: Uint32Array, what: Put): string {
    const slot = this.index.get(keyOf(words, 0));
    if (slot === undefined) return 'absent';
    if (!sameDestination(words, 0, this.slots, slot * SLOT_WORDS)) return 'conflict';
    if (what.expired && !what.authoritative && this.left_ms(slot) > 0) return 'unchanged';
    this.#release(slot, EVENT_FLAG.from_peer);
    return 'closed';
  }

  #upsert(words: Uint32Array, seen_ms: number, fromPeer: boolean, authoritative: boolean): string {
    const key = keyOf(words, 0);
    const flag = fromPeer ? EVENT_FLAG.from_peer : 0;
    const found = this.index.get(key);
    if (found === undefined) return this.#make(key, words, seen_ms, flag);
    const at = found * SLOT_WORDS;
    if (!sameDestination(words, 0, this.slots, at)) {
      if (fromPeer && !authoritative) return 'conflict';
      this.#release(found, flag);
      this.#make(key, words, seen_ms, flag);
      return 'replaced';
    }
    if (fromPeer && !authoritative && seen_ms < msAt(this.slots, at + WORD.seen_ns)) return 'unchanged';
    const changed = stateOf(words[0]!) !== stateOf(this.slots[at]!);
    this.slots[at] = words[0]!;
    this.#see(at, seen_ms);
    if (changed) this.#emit(found, CHANGE.state, flag);
    return 'updated';
  }

  #make(key: string, words: Uint32Array, seen_ms: number, flag: number): string {
    const slot = this.#free.pop() ?? (this.slotsInUse < this.slotsLimit ? this.slotsInUse++ : undefined);
    if (slot === undefined) return 'table_full';
    const at = slot * SLOT_WORDS;
    const generation = this.slots[at + WORD.generation]! + 1;
    this.slots.set(words, at);
    this.slots[at + WORD.generation] = generation;
    this.#see(at, seen_ms);
    this.index.set(key, slot);
    this.#emit(slot, CHANGE.created, flag);
    return 'created';
  }

  #release(slot: number, flags: number): void {
    const at = slot * SLOT_WORDS;
    this.index.delete(keyOf(this.slots, at));
    this.slots[at] = 0;
    this.#emit(slot, CHANGE.closed, flags);
    this.#free.push(slot);
  }

  #see(at: number, seen_ms: number): void {
    const ns = BigInt(Math.round(seen_ms * 1e6));
    this.slots[at + WORD.seen_ns] = Number(BigInt.asUintN(32, ns));
    this.slots[at + WORD.seen_ns + 1] = Number(BigInt.asUintN(32, ns >> 32n));
  }

  #emit(slot: number, change: number, flags: number): void {
    if (this.#ring.length >= this.#ringMax) {
      this.#lost++;
      return;
    }
    const event = new Uint32Array(EVENT_WORDS);
    event[EVENT_WORD.change] = change | (flags << 8);
    event[EVENT_WORD.slot_index] = slot;
    const ns = BigInt(Math.round(this.now_ms * 1e6));
    event[EVENT_WORD.at_ns] = Number(BigInt.asUintN(32, ns));
    event[EVENT_WORD.at_ns + 1] = Number(BigInt.asUintN(32, ns >> 32n));
    event.set(this.slots.subarray(slot * SLOT_WORDS, (slot + 1) * SLOT_WORDS), EVENT_WORD.slot);
    this.#ring.push(event);
  }
}

/** An IPv4 connection of one service, as its slot has it. */
export function slotOf(ends: Ends, state: number): Uint32Array {
  const words = new Uint32Array(SLOT_WORDS);
  words[0] = state | ((state === TEMPLATE_STATE ? KIND.template : KIND.connection) << 8);
  for (const [place, address] of [
    [WORD.client, ends.client],
    [WORD.virtual, 0x0a00_00fe],
    [WORD.destination, ends.server],
  ] as const) {
    words[place + 2] = MAPPED;
    words[place + 3] = address;
  }
  words[WORD.ports] = ends.client_port | (0x5000 << 16);
  words[WORD.server_end] = 0x901f | (TCP << 16);
  return words;
}

function lifetimeOf(words: Uint32Array): number {
  return kindOf(words[0]!) === KIND.template ? words[WORD.timeout_ms]! : LIFETIMES_MS[stateOf(words[0]!)]!;
}

function keyOf(words: Uint32Array, at: number): string {
  const template = words[at] !== 0 && kindOf(words[at]!) === KIND.template;
  const protocol = (words[at + WORD.server_end]! >>> 16) & 0xff;
  return `${template ? 't' : 'c'} ${protocol} ${words.subarray(at + WORD.client, at + WORD.ports + 1).join('.')}`;
}

function sameDestination(one: Uint32Array, from: number, other: Uint32Array, at: number): boolean {
  for (let word = 0; word < 4; word++)
    if (one[from + WORD.destination + word] !== other[at + WORD.destination + word]) return false;
  return ((one[from + WORD.server_end]! ^ other[at + WORD.server_end]!) & 0xffff) === 0;
}
