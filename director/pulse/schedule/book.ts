// What was done of the schedule, as the store and the peer have it, and what is being done just now.
import type { ScheduleRecord } from '../../model/schedule.ts';
import type { Store } from '../../store/store.ts';

export class ScheduleBook {
  /** Names of entries that this process is carrying out. */
  readonly running = new Set<string>();
  readonly #store: Pick<Store, 'saveSchedule' | 'forgetSchedule'>;
  readonly #records: Map<string, ScheduleRecord>;
  #shared: readonly ScheduleRecord[] | undefined;

  constructor(store: Pick<Store, 'saveSchedule' | 'forgetSchedule'>, records: readonly ScheduleRecord[]) {
    this.#store = store;
    this.#records = new Map(records.map((record) => [record.name, record]));
  }

  get records(): ReadonlyMap<string, ScheduleRecord> {
    return this.#records;
  }

  save(record: ScheduleRecord): void {
    this.#records.set(record.name, record);
    this.#shared = undefined;
    void this.#store.saveSchedule(record);
  }

  forget(name: string): void {
    if (!this.#records.delete(name)) return;
    this.#shared = undefined;
    this.#store.forgetSchedule(name);
  }

  /** What the peer is to know; its backups are its own. The same list until something changes. */
  shared(): readonly ScheduleRecord[] {
    this.#shared ??= [...this.#records.values()].filter(({ kind }) => kind !== 'backup');
    return this.#shared;
  }

  /** The active's in place of ours, but for what we know the end of and it does not. */
  adopt(records: readonly ScheduleRecord[]): void {
    const theirs = new Map(records.map((record) => [record.name, record]));
    for (const own of this.shared()) if (!theirs.has(own.name)) this.forget(own.name);
    for (const record of theirs.values()) {
      const own = this.#records.get(record.name);
      if (record.kind === 'backup' || own?.kind === 'backup') continue;
      const isKnownBetter =
        own?.moment === record.moment && record.outcome === 'under-way' && own.outcome !== 'under-way';
      if (!isKnownBetter && JSON.stringify(own) !== JSON.stringify(record)) this.save(record);
    }
  }
}
