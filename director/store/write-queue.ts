// Writes on their way to the disk: one batch under way at a time, in order, at most `limit` waiting. A disk that
// refuses (full, read-only, busy) is asked again with back-off; a single write that the database will not take is
// dropped and counted, so that it cannot hold up the rest.
import type { Clock } from '../model/clock.ts';
import type { StoreWrite } from './record.ts';
import type { StoreLink } from './store-link.ts';

const BATCH_MAX = 1_024;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 30_000;

/** Codes by which the disk says "not now" (sqlite.org/rescode.html); every other failure is the write's own. */
const NOT_NOW = ['FULL', 'READONLY', 'IOERR', 'BUSY', 'LOCKED', 'CANTOPEN', 'NOMEM', 'CORRUPT', 'NOTADB'];

/** What nobody waits for, and what the next one of its kind makes good for. */
const DROPPABLE: ReadonlySet<StoreWrite['kind']> = new Set([
  ...(['event', 'verdict', 'drill'] as const),
  ...(['user-login', 'token-used', 'session-seen'] as const),
]);

interface Entry {
  readonly write: StoreWrite;
  settle: ((stored: boolean) => void) | undefined;
}

export class WriteQueue {
  readonly #link: StoreLink;
  readonly #clock: Clock;
  readonly #limit: number;
  /** Room that no event may take, and half of it no audit either: neither floods away an operator's word. */
  readonly #reserve: number;
  #entries: Entry[] = [];
  #underWay: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #retry_ms = RETRY_FIRST_MS;
  #failure: string | undefined;
  #dropped = 0;
  /** Batch size 1 while looking for the write that the database will not take. */
  #single = false;

  constructor(link: StoreLink, clock: Clock, limit: number) {
    this.#link = link;
    this.#clock = clock;
    this.#limit = limit;
    this.#reserve = Math.floor(limit / 8);
  }

  push(write: StoreWrite): void {
    this.#add({ write, settle: undefined });
  }

  pushAndWait(write: StoreWrite): Promise<boolean> {
    return new Promise((resolve) => this.#add({ write, settle: resolve }));
  }

  waiting(): readonly StoreWrite[] {
    return this.#entries.map((entry) => entry.write);
  }

  status(): { failure: string | undefined; dropped: number; length: number } {
    return { failure: this.#failure, dropped: this.#dropped, length: this.#entries.length };
  }

  /** Waits until everything is written or the disk refuses. */
  async drain(): Promise<void> {
    this.#cancelRetry();
    this.#start();
    while (this.#underWay !== undefined) await this.#underWay;
    this.#cancelRetry();
  }

  #cancelRetry(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }

  #add(entry: Entry): void {
    if (this.#entries.length >= this.#limit - this.#keptFree(entry.write.kind)) {
      this.#dropped++;
      entry.settle?.(false);
      return;
    }
    this.#entries.push(entry);
    if (this.#failure !== undefined) settle(entry, false);
    // Started a turn later, so that what is recorded together is written together.
    if (this.#retry === undefined && this.#underWay === undefined) this.#start();
  }

  #keptFree(kind: StoreWrite['kind']): number {
    if (DROPPABLE.has(kind)) return this.#reserve;
    return kind === 'audit' ? this.#reserve >> 1 : 0;
  }

  #start(): void {
    if (this.#underWay !== undefined || this.#entries.length === 0) return;
    this.#underWay = Promise.resolve()
      .then(() => this.#writeBatch())
      .finally(() => {
        this.#underWay = undefined;
        if (this.#retry === undefined) this.#start();
      });
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#entries.slice(0, this.#single ? 1 : BATCH_MAX);
    const result = await this.#link.write(batch.map((entry) => entry.write));
    if (result.ok) {
      this.#entries.splice(0, batch.length);
      this.#failure = undefined;
      this.#single = false;
      this.#retry_ms = RETRY_FIRST_MS;
      for (const entry of batch) settle(entry, true);
      return;
    }
    if (result.code !== 'store-closed' && !NOT_NOW.some((name) => result.code.startsWith(`SQLITE_${name}`))) {
      if (batch.length > 1) {
        this.#single = true;
        return;
      }
      this.#entries.shift();
      this.#dropped++;
      settle(batch[0]!, false);
      return;
    }
    this.#failure = result.detail;
    for (const entry of this.#entries) settle(entry, false);
    this.#retry = this.#clock.after(this.#retry_ms, () => {
      this.#retry = undefined;
      this.#start();
    });
    this.#retry_ms = Math.min(this.#retry_ms * 2, RETRY_LAST_MS);
  }
}

function settle(entry: Entry, stored: boolean): void {
  entry.settle?.(stored);
  entry.settle = undefined;
}
