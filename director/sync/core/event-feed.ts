// Events of the ring into the mirror and, unless they came from the peer, into the batch for the peer. No object is made
// for an event.
import { entryHash, hashEntry } from './hash.ts';
import type { HashSet } from './hash-set.ts';
import type { Mirror } from './mirror.ts';
import type { Outbound } from './outbound.ts';
import type { TablePort } from './port.ts';
import { endedWord, OPERATION, RECORD_FLAG, writeRecord } from './record.ts';
import { CHANGE, EVENT_FLAG, EVENT_WORD, KIND, kindOf, msAt, stateOf, WORD } from './slot.ts';

const OPERATION_OF = [OPERATION.created, OPERATION.state, OPERATION.closed, OPERATION.touch] as const;

export class EventFeed {
  readonly counts = { events: 0, sent: 0, strange: 0 };
  /** Entries made here while the peer tells of its own: not to be taken for leftovers. */
  protect: HashSet | undefined;
  /** Whether there is a peer to tell. */
  on = false;
  readonly #port: TablePort;
  readonly #mirror: Mirror;
  readonly #outbound: Outbound;
  #timeouts_ms: readonly number[];

  constructor(port: TablePort, mirror: Mirror, outbound: Outbound) {
    this.#port = port;
    this.#mirror = mirror;
    this.#outbound = outbound;
    this.#timeouts_ms = port.timeouts_ms();
  }

  /** At most `limit` events; returns how many there were. */
  drain(limit: number): number {
    return this.#port.drain(limit, this.#take);
  }

  refreshTimeouts(): void {
    this.#timeouts_ms = this.#port.timeouts_ms();
  }

  /** The whole life of the entry at word `at`. */
  lifetime_ms(words: Uint32Array, at: number): number {
    const word = words[at]!;
    return kindOf(word) === KIND.template
      ? words[at + WORD.timeout_ms]!
      : (this.#timeouts_ms[stateOf(word)] ?? 0);
  }

  readonly #take = (words: Uint32Array, at: number): void => {
    const head = words[at]!;
    const change = head & 0xff;
    const flags = (head >>> 8) & 0xff;
    const slot = words[at + EVENT_WORD.slot_index]!;
    const from = at + EVENT_WORD.slot;
    this.counts.events++;
    if (slot >= this.#mirror.slots || change > CHANGE.refreshed) {
      this.counts.strange++;
      return;
    }
    const own = (flags & EVENT_FLAG.from_peer) === 0;
    if (change === CHANGE.closed) this.#closed(words, at, slot, flags, own);
    else this.#changed(words, at, from, slot, change, flags, own);
  };

  #closed(words: Uint32Array, at: number, slot: number, flags: number, own: boolean): void {
    const from = at + EVENT_WORD.slot;
    // A template has no client port; but the mirror knows.
    const template = this.#mirror.holds(slot)
      ? this.#mirror.isTemplate(slot)
      : (words[from + WORD.ports]! & 0xffff) === 0;
    this.#mirror.clear(slot);
    if (!own || !this.on) return;
    const expired = (flags & EVENT_FLAG.expired) !== 0 ? RECORD_FLAG.expired : 0;
    this.#tell(words, at, endedWord(words, from, template), OPERATION.closed, expired, 0);
  }

  #changed(
    words: Uint32Array,
    at: number,
    from: number,
    slot: number,
    change: number,
    flags: number,
    own: boolean,
  ): void {
    const kind = kindOf(words[from]!);
    if (kind !== KIND.connection && kind !== KIND.template) {
      this.counts.strange++;
      return;
    }
    // whoever has news of an entry is to tell it until the tables were found equal
    this.#mirror.put(slot, words, from, own);
    const seen_ms = msAt(words, from + WORD.seen_ns);
    const lifetime_ms = this.lifetime_ms(words, from);
    this.#mirror.tell(slot, seen_ms + lifetime_ms);
    if (!own) return;
    if (this.protect) {
      hashEntry(words, from);
      this.protect.add(entryHash.key, entryHash.whole);
    }
    if (!this.on) return;
    const left_ms = seen_ms + lifetime_ms - msAt(words, at + EVENT_WORD.at_ns);
    const controlled = (flags & EVENT_FLAG.controlled) !== 0 ? RECORD_FLAG.controlled : 0;
    this.#tell(words, at, words[from]!, OPERATION_OF[change]!, controlled, left_ms);
  }

  #tell(
    words: Uint32Array,
    at: number,
    word: number,
    operation: number,
    flags: number,
    left_ms: number,
  ): void {
    const batch = this.#outbound.room();
    const end = writeRecord(
      batch.view,
      batch.end,
      words,
      at + EVENT_WORD.slot,
      word,
      operation,
      flags,
      left_ms,
    );
    this.#outbound.wrote(batch, end, msAt(words, at + EVENT_WORD.at_ns));
    this.counts.sent++;
  }
}
