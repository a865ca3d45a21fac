// A director's schedule without a director: orders, records, a clock and operators, and a ledger of what must not happen.
import type { ScheduleEntry } from '../../config/configuration.ts';
import { type ScheduleRecord, scheduleAuthor } from '../../model/schedule.ts';
import { decideSchedule } from '../decide.ts';
import { Timetable } from '../timetable.ts';
import type { Action, StandingOrder } from '../types.ts';

const LOOK_MS = 60_000;

export class World {
  now: number;
  readonly records = new Map<string, ScheduleRecord>();
  readonly orders = new Map<string, StandingOrder>();
  readonly running = new Set<string>();
  readonly notes: string[] = [];
  /** What was begun more than once. */
  readonly twice: string[] = [];
  /** Actions against an operator's word. */
  readonly overridden: string[] = [];
  readonly #begun = new Set<string>();
  /** Servers that an operator has enabled -> the windows that were open then. */
  readonly #freed = new Map<string, readonly string[]>();
  #activeSince: number | undefined;
  #entries: readonly ScheduleEntry[] = [];
  #timetable!: Timetable;

  constructor(entries: readonly ScheduleEntry[], now: number) {
    this.now = now;
    this.#activeSince = now;
    this.configure(entries);
  }

  configure(entries: readonly ScheduleEntry[]): void {
    this.#entries = entries;
    this.#timetable = new Timetable({ entries, timezone: 'UTC' }, 'UTC');
  }

  standby(): void {
    this.#activeSince = undefined;
  }

  takeOver(): void {
    this.#activeSince = this.now;
  }

  setClock(now: number): void {
    this.now = now;
  }

  record(name: string): ScheduleRecord {
    return this.records.get(name)!;
  }

  finish(name: string): void {
    this.running.delete(name);
    this.records.set(name, { ...this.record(name), outcome: 'done', at: this.now });
  }

  goTo(end: number): string[] {
    const done: string[] = [];
    while (this.now < end) {
      this.now = Math.min(end, this.now + LOOK_MS);
      done.push(...this.look());
    }
    return done;
  }

  /** One decision, carried out; what was done, in words. */
  look(): string[] {
    const { now, records, orders, running } = this;
    const decision = decideSchedule({
      ...{ now, records, orders, running, entries: this.#entries, timetable: this.#timetable },
      activeSince: this.#activeSince,
    });
    for (const record of decision.records) records.set(record.name, record);
    for (const name of decision.forgotten) records.delete(name);
    for (const { kind, name, reason } of decision.notes) {
      this.notes.push(`${kind} ${name} ${reason}`);
      if (kind === 'schedule-begun') this.#begin(`window ${name} ${this.record(name).moment}`);
    }
    return decision.actions.map((action) => this.#carryOut(action));
  }

  operator(word: 'enable' | 'drain' | 'disable' | 'weight', server: string, weight?: number): void {
    if (word === 'enable') {
      const open = [...this.records.values()].filter(({ phase }) => phase !== 'over').map(windowOf);
      if (this.orders.get(server)?.admin !== 'enabled' && this.orders.has(server))
        this.#freed.set(server, open);
    } else if (word !== 'weight') this.#freed.delete(server);
    this.#change(server, 'ann', word, weight);
  }

  operatorsWords(): string[] {
    return [...this.orders].flatMap(([server, { admin, author, weight, weightAuthor }]) => [
      ...(author === 'ann' && admin !== 'enabled' ? [`${server} ${admin}`] : []),
      ...(weightAuthor === 'ann' && weight !== undefined ? [`${server} weight ${weight}`] : []),
    ]);
  }

  #begin(what: string): void {
    if (this.#begun.has(what)) this.twice.push(what);
    this.#begun.add(what);
  }

  #carryOut(action: Action): string {
    const { name } = action;
    if (action.kind === 'drill' || action.kind === 'backup') {
      this.running.add(name);
      this.#begin(`${action.kind} ${name} ${this.record(name).moment}`);
      return action.kind === 'drill' ? `drill ${name} ${action.drill}` : `backup ${name}`;
    }
    const { server } = action;
    const standing = this.orders.get(server);
    const words = `${scheduleAuthor(name)} ${action.kind === 'weight' ? `weight ${server} ${action.weight ?? 'configured'}` : `${action.order} ${server}`}`;
    if (action.kind === 'weight') {
      if (standing?.weight !== undefined && standing.weightAuthor === 'ann') this.overridden.push(words);
      this.#change(server, scheduleAuthor(name), 'weight', action.weight);
    } else {
      const freedIn = this.#freed.get(server);
      const isTaken = standing !== undefined && standing.admin !== 'enabled';
      if ((isTaken && standing.author === 'ann') || freedIn?.includes(windowOf(this.record(name))))
        this.overridden.push(words);
      if (action.order !== 'enable') this.#freed.delete(server);
      this.#change(server, scheduleAuthor(name), action.order, undefined);
    }
    return words;
  }

  #change(
    server: string,
    author: string,
    word: 'enable' | 'drain' | 'disable' | 'weight',
    weight: number | undefined,
  ): void {
    const before = this.orders.get(server) ?? { admin: 'enabled', author, weightAuthor: author };
    const { weight: _, ...rest } = before;
    const after: StandingOrder =
      word === 'weight'
        ? { ...rest, weightAuthor: author, ...(weight === undefined ? {} : { weight }) }
        : { ...before, author, admin: ADMIN[word] };
    if (after.admin === 'enabled' && after.weight === undefined) this.orders.delete(server);
    else this.orders.set(server, after);
  }
}

function windowOf({ name, moment }: ScheduleRecord): string {
  return `${name} ${moment}`;
}

const ADMIN = { enable: 'enabled', drain: 'draining', disable: 'disabled' } as const;
