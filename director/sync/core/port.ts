// What the core has of the engine's tables. In a director: the engine's SyncPort behind table-port.ts; in tests: memory.

/** What is to be put into the table or taken out of it: the entry at word `at` of `words`, laid out like a slot. */
export interface Put {
  readonly close: boolean;
  /** close: its time was over. */
  readonly expired: boolean;
  /** The word of the authority. */
  readonly authoritative: boolean;
  readonly controlled: boolean;
  readonly left_ms: number;
}

export interface TablePort {
  /** Of each entry that install() made or found: where it is, and how long it was said to live. */
  installed: ((slot: number, left_ms: number) => void) | undefined;
  /** The slots, SLOT_WORDS each. They change under the reader. */
  readonly slots: Uint32Array;
  readonly slotsLimit: number;
  /** Slots from this number on have never been taken. */
  readonly slotsInUse: number;
  isControlled(slot: number): boolean;
  /** Lifetimes by number of state. */
  timeouts_ms(): readonly number[];
  /** Hands over at most `limit` events; each begins at word `at` of `words`, which is good during the call only. */
  drain(limit: number, take: (words: Uint32Array, at: number) => void): number;
  /** Events that found no room so far. */
  lost(): number;
  /** Notes what is to be done. False: there is no room, install first. */
  put(words: Uint32Array, at: number, what: Put): boolean;
  /** Carries out what was noted, and tells of each entry that there is now in what slot it is. */
  install(): void;
}
