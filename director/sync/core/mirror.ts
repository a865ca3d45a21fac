// What is in the table, slot by slot, by its events: hashes, for digests of its ranges; who made the entry; until when the
// peer believes that it lives. Guarantee: after the events of a slot are taken in, or a scan has seen it, the mirror says
// of it what the table says, whatever it said before; digests are always the sum of what the mirror holds.
import { type Digests, emptyDigests } from './control-record.ts';
import { entryHash, hashEntry, rangeOf } from './hash.ts';
import { KIND, kindOf, SLOT_WORDS, WORD } from './slot.ts';

const MADE = { own: 1, template: 2 } as const;

export class Mirror {
  readonly keys: Uint32Array;
  readonly wholes: Uint32Array;
  readonly digests: Digests = emptyDigests();
  /** Bits MADE. */
  readonly #made: Uint8Array;
  /** In tenths of a second of the kernel's clock; 0: nothing was told. */
  readonly #told: Uint32Array;
  entries = 0;

  constructor(slots: number) {
    this.keys = new Uint32Array(slots);
    this.wholes = new Uint32Array(slots);
    this.#made = new Uint8Array(slots);
    this.#told = new Uint32Array(slots);
  }

  get slots(): number {
    return this.keys.length;
  }
  holds(slot: number): boolean {
    return this.wholes[slot] !== 0;
  }
  isOwn(slot: number): boolean {
    return (this.#made[slot]! & MADE.own) !== 0;
  }
  isTemplate(slot: number): boolean {
    return (this.#made[slot]! & MADE.template) !== 0;
  }
  told_ms(slot: number): number {
    return this.#told[slot]! * 100;
  }
  tell(slot: number, until_ms: number): void {
    this.#told[slot] = until_ms > 0 ? Math.floor(until_ms / 100) : 0;
  }

  /** The slot holds the entry at word `at`. `own` undefined: as before, or not known. */
  put(slot: number, words: Uint32Array, at: number, own: boolean | undefined): void {
    hashEntry(words, at);
    const was = this.#made[slot]!;
    if (this.keys[slot] !== entryHash.key || this.wholes[slot] !== entryHash.whole) {
      if (this.holds(slot)) this.#take(slot);
      this.#add(slot, entryHash.key, entryHash.whole);
      this.#told[slot] = 0;
    }
    const mine = own === undefined ? was & MADE.own : own ? MADE.own : 0;
    this.#made[slot] = mine | (kindOf(words[at]!) === KIND.template ? MADE.template : 0);
  }

  clear(slot: number): void {
    if (!this.holds(slot)) return;
    this.#take(slot);
    this.keys[slot] = this.wholes[slot] = this.#told[slot] = 0;
    this.#made[slot] = 0;
  }

  /** The peer has all entries that there are. */
  disown(): void {
    for (let slot = 0; slot < this.#made.length; slot++) this.#made[slot]! &= ~MADE.own;
  }

  /** Brings one slot in line with the table itself, as after events were lost. `own`: what is found was made here. */
  look(slot: number, slots: Uint32Array, own: boolean): void {
    const at = slot * SLOT_WORDS;
    const kind = kindOf(slots[at]!);
    const generation = slots[at + WORD.generation];
    if (kind !== KIND.connection && kind !== KIND.template) {
      if (kind === KIND.free) this.clear(slot);
      return; // being made: its event comes
    }
    hashEntry(slots, at);
    if (slots[at + WORD.generation] !== generation || kindOf(slots[at]!) !== kind) return;
    if (this.keys[slot] !== entryHash.key || this.wholes[slot] !== entryHash.whole)
      this.put(slot, slots, at, own || undefined);
  }

  #add(slot: number, key: number, whole: number): void {
    const range = rangeOf(key);
    const { entries, keys, wholes } = this.digests;
    entries[range]!++;
    keys[range]! += key;
    wholes[range]! += whole;
    this.keys[slot] = key;
    this.wholes[slot] = whole;
    this.entries++;
  }

  #take(slot: number): void {
    const range = rangeOf(this.keys[slot]!);
    const { entries, keys, wholes } = this.digests;
    entries[range]!--;
    keys[range]! -= this.keys[slot]!;
    wholes[range]! -= this.wholes[slot]!;
    this.entries--;
  }
}
