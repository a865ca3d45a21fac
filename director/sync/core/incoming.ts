// Whether this director has the peer's whole table: digests compared, differing ranges asked for, and entries removed that the
// authority does not have. Guarantees: removed is only what neither the authority mentioned nor anybody made since the
// request; a range that does not heal is asked for less and less often.
import type { ControlRecord, Digests } from './control-record.ts';
import { RangeSet } from './control-record.ts';
import { entryHash, hashEntry, RANGES, rangeOf } from './hash.ts';
import { HashSet } from './hash-set.ts';
import type { Mirror } from './mirror.ts';
import type { TablePort } from './port.ts';
import { endedWord } from './record.ts';
import { KIND, kindOf, SLOT_WORDS, WORD } from './slot.ts';

const REMOVE_SLICE = 65_536;
const WAIT_LEAST_MS = 4_000;
const WAIT_MAX_MS = 60_000;
/** A repair that nothing is heard of is begun anew. */
const STALLED_MS = 10_000;

interface Repair {
  readonly number: number;
  readonly ranges: RangeSet;
  /** What the authority has, and what was made here since the request. */
  readonly mentioned: HashSet;
  readonly expected: number;
  received: number;
  heard_at: number;
  /** Once everything was told: how far leftovers have been looked for. */
  cursor: number | undefined;
}

export class Incoming {
  readonly counts = { compared: 0, differing: 0, repaired_entries: 0, removed: 0 };
  has = false;
  readonly #port: TablePort;
  readonly #mirror: Mirror;
  readonly #differed = new RangeSet();
  readonly #again_at = new Float64Array(RANGES);
  readonly #wait_ms = new Float64Array(RANGES).fill(WAIT_LEAST_MS);
  readonly #own: Digests;
  readonly #words = new Uint32Array(SLOT_WORDS);
  #repair: Repair | undefined;
  #number = 0;

  constructor(port: TablePort, mirror: Mirror) {
    this.#port = port;
    this.#mirror = mirror;
    this.#own = {
      entries: new Uint32Array(RANGES),
      keys: new Uint32Array(RANGES),
      wholes: new Uint32Array(RANGES),
    };
  }

  get isRepairing(): boolean {
    return this.#repair !== undefined;
  }
  get mentioned(): HashSet | undefined {
    return this.#repair?.mentioned;
  }
  get progress(): number | undefined {
    const repair = this.#repair;
    if (!repair) return undefined;
    return repair.cursor !== undefined ? 1 : Math.min(1, repair.received / Math.max(1, repair.expected));
  }

  /** What was begun with the peer is void. */
  stop(): void {
    this.#repair = undefined;
    this.#differed.clear();
  }

  /** Whatever differs next is to be asked for at once. */
  suspect(): void {
    this.#differed.fill();
    this.#again_at.fill(0);
  }

  /** This moment's digests are what the following ones of the authority are compared with. */
  freeze(): void {
    const { entries, keys, wholes } = this.#mirror.digests;
    this.#own.entries.set(entries);
    this.#own.keys.set(keys);
    this.#own.wholes.set(wholes);
  }

  /**
   * All digests have come. Returns what to ask for, with its number; undefined: nothing, now.
   * A director that has missed something asks for all, since digests know nothing of states. Later a range must differ
   * twice in a row: ends of connections are on their way at any time.
   */
  compare(theirs: Digests, now: number): { number: number; ranges: RangeSet } | undefined {
    if (this.#repair) return undefined;
    this.counts.compared++;
    const wanted = new RangeSet();
    let expected = 0;
    let differing = 0;
    for (let range = 0; range < RANGES; range++) {
      const equal = this.#isEqual(theirs, range);
      if (!equal) differing++;
      if (!(this.has ? this.#isDue(range, equal, now) : this.#isThere(theirs, range))) continue;
      wanted.add(range);
      expected += theirs.entries[range]!;
    }
    this.counts.differing += differing;
    if (wanted.size > 0) return this.request(wanted, expected, now);
    this.has = true;
    if (differing === 0) this.#mirror.disown();
    return undefined;
  }

  /** Begins a repair of these ranges. */
  request(ranges: RangeSet, expected: number, now: number): { number: number; ranges: RangeSet } {
    this.#number = (this.#number + 1) >>> 0;
    this.#repair = {
      number: this.#number,
      ranges,
      mentioned: new HashSet(),
      expected,
      received: 0,
      heard_at: now,
      cursor: undefined,
    };
    return { number: this.#number, ranges };
  }

  /** The entry at word 0 is in the peer's table. */
  upserted(words: Uint32Array, now: number): void {
    const repair = this.#repair;
    if (!repair) return;
    hashEntry(words, 0);
    repair.mentioned.add(entryHash.key, entryHash.whole);
    repair.received++;
    repair.heard_at = now;
  }

  /** Everything was told. What came before is in the mirror. */
  told(record: ControlRecord): void {
    const repair = this.#repair;
    if (repair?.number !== record.number || repair.cursor !== undefined) return;
    repair.cursor = 0;
    this.counts.repaired_entries += repair.received;
  }

  /** One slice of looking for leftovers. True: there is more to do. */
  work(now: number, authoritative: boolean): boolean {
    const repair = this.#repair;
    if (!repair) return false;
    if (repair.cursor === undefined) {
      if (now - repair.heard_at > STALLED_MS) this.#repair = undefined;
      return false;
    }
    const to = Math.min(repair.cursor + REMOVE_SLICE, this.#mirror.slots);
    // A director that has authority by now keeps what it has.
    if (authoritative)
      for (let slot = repair.cursor; slot < to; slot++)
        if (this.#isLeftover(slot, repair)) this.#remove(slot);
    this.#port.install();
    repair.cursor = to;
    if (to < this.#mirror.slots) return true;
    this.#repair = undefined;
    this.has = true;
    return false;
  }

  /** Of a complete table: whether to ask for a range, and less often each time. */
  #isDue(range: number, equal: boolean, now: number): boolean {
    const before = this.#differed.has(range);
    if (equal) {
      this.#differed.remove(range);
      this.#wait_ms[range] = WAIT_LEAST_MS;
      return false;
    }
    this.#differed.add(range);
    if (!before || now < this.#again_at[range]!) return false;
    this.#again_at[range] = now + this.#wait_ms[range]!;
    this.#wait_ms[range] = Math.min(WAIT_MAX_MS, this.#wait_ms[range]! * 2);
    return true;
  }

  /** Either side has something in this range. */
  #isThere(theirs: Digests, range: number): boolean {
    return theirs.entries[range] !== 0 || this.#own.entries[range] !== 0;
  }

  #isEqual(theirs: Digests, range: number): boolean {
    const own = this.#own;
    return (
      theirs.entries[range] === own.entries[range] &&
      theirs.keys[range] === own.keys[range] &&
      theirs.wholes[range] === own.wholes[range]
    );
  }

  #isLeftover(slot: number, { ranges, mentioned }: Repair): boolean {
    if (!this.#mirror.holds(slot)) return false;
    const key = this.#mirror.keys[slot]!;
    return ranges.has(rangeOf(key)) && !mentioned.has(key, this.#mirror.wholes[slot]!);
  }

  #remove(slot: number): void {
    const { slots } = this.#port;
    const at = slot * SLOT_WORDS;
    const kind = kindOf(slots[at]!);
    if (kind !== KIND.connection && kind !== KIND.template) return;
    const generation = slots[at + WORD.generation];
    this.#words.set(slots.subarray(at, at + SLOT_WORDS));
    hashEntry(this.#words, 0);
    // another entry by now: its event is on its way
    if (entryHash.key !== this.#mirror.keys[slot] || entryHash.whole !== this.#mirror.wholes[slot]) return;
    if (slots[at + WORD.generation] !== generation) return;
    this.#words[0] = endedWord(this.#words, 0, kind === KIND.template);
    const put = { close: true, expired: false, authoritative: true, controlled: false, left_ms: 0 };
    if (!this.#port.put(this.#words, 0, put)) {
      this.#port.install();
      this.#port.put(this.#words, 0, put);
    }
    this.counts.removed++;
  }
}
