// Carries out the schedule: looks every second, and at the moments that node-cron tells; what is to be done is decided in
// director/schedule. Records are on their way to the disk and the peer before anything is done. Every action is an event and
// a record of the audit, by `schedule:NAME`.
import cron from 'node-cron';
import type { ScheduleConfig } from '../../config/configuration.ts';
import type { AuditEntry, AuditNote } from '../../control/backend.ts';
import { FairleadError } from '../../model/error.ts';
import { type ScheduleOutcome, scheduleAuthor } from '../../model/schedule.ts';
import { decideSchedule } from '../../schedule/decide.ts';
import { Timetable } from '../../schedule/timetable.ts';
import type { Action } from '../../schedule/types.ts';
import type { Core } from '../core.ts';
import { findServer } from '../core.ts';
import { recordDrill } from '../drill-handlers.ts';
import { every } from '../every.ts';
import { giveOrder } from '../give-order.ts';
import { type OrderChange, weightAuthorOf } from '../order-book.ts';
import type { Pair } from '../pair/pair.ts';
import { carryOutDrill } from './drill.ts';

const LOOK_MS = 1_000;
const NOTHING: ScheduleConfig = { entries: [] };

export interface SchedulerOptions {
  readonly core: Core;
  readonly pair: () => Pair | undefined;
  readonly audit: (entry: AuditEntry) => void;
}

export class Scheduler implements Disposable {
  readonly #options: SchedulerOptions;
  readonly #round: Disposable;
  #moments: Disposable | undefined;
  #configured: ScheduleConfig | undefined;
  #timetable = new Timetable(NOTHING, 'UTC');
  #activeSince: number | undefined;
  #ended = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#round = every(options.core.clock, LOOK_MS, () => this.look());
  }

  /** As often as one likes. */
  look(): void {
    const { core } = this.#options;
    if (this.#ended) return;
    this.#configure(core.director.configuration.schedule ?? NOTHING);
    const now = core.clock.now();
    if (core.role.name !== 'active') this.#activeSince = undefined;
    else this.#activeSince ??= now;
    const { actions, records, forgotten, notes } = decideSchedule({
      ...{ now, activeSince: this.#activeSince, timetable: this.#timetable },
      entries: (this.#configured ?? NOTHING).entries,
      records: core.schedule.records,
      orders: standingOrders(core),
      running: core.schedule.running,
    });
    for (const record of records) core.schedule.save(record);
    for (const name of forgotten) core.schedule.forget(name);
    for (const { kind, name, reason } of notes)
      core.record(kind, name, reason, { author: scheduleAuthor(name) });
    for (const action of actions) this.#carryOut(action);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#round[Symbol.dispose]();
    this.#moments?.[Symbol.dispose]();
  }

  #configure(schedule: ScheduleConfig): void {
    if (schedule === this.#configured) return;
    this.#configured = schedule;
    this.#timetable = new Timetable(schedule, machineZone());
    this.#moments?.[Symbol.dispose]();
    this.#moments = atMoments(schedule, this.#timetable.zone.name, () => this.look());
  }

  #carryOut(action: Action): void {
    switch (action.kind) {
      case 'order':
        this.#order(action.name, action.server, ORDERS[action.order]);
        return;
      case 'weight': {
        const { weight } = action;
        const what = weight === undefined ? 'back to the configured weight' : `weight ${weight}`;
        this.#order(action.name, action.server, { ...WEIGHT, what, change: { weight } });
        return;
      }
      case 'drill':
        void this.#run(action.name, 'switchover', action.drill, (note) => this.#drill(action, note));
        return;
      case 'backup':
        void this.#run(action.name, 'backup', 'backup', async (note) => {
          const { name, keep, history } = action;
          const author = scheduleAuthor(name);
          const { name: file } = await this.#options.core.backups.make({
            by: name,
            keep,
            history,
            author,
            note,
          });
          return { outcome: 'done', detail: file };
        });
    }
  }

  #order(name: string, target: string, { action, kind, what, change }: OrderKind): void {
    const { core } = this.#options;
    const [service = '', server = ''] = target.split('/');
    const told = this.#auditing(name, action, target);
    try {
      // To give back what is no longer configured, it need not be known.
      if (action !== 'enable') findServer(core, service, server);
      const author = scheduleAuthor(name);
      void giveOrder(core, { service, server, author, kind, what, change, note: told.note });
      told.end('done', '');
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      core.record('schedule-failed', name, `${action} ${target}: ${error.message}`, { code: error.code });
      told.end('failed', `${error.code}: ${error.message}`);
    }
  }

  /** What takes its time; the record learns how it ended. */
  async #run(
    name: string,
    action: 'switchover' | 'backup',
    target: string,
    work: (note: (note: AuditNote) => void) => Promise<{ outcome: ScheduleOutcome; detail: string }>,
  ): Promise<void> {
    const { core } = this.#options;
    const told = this.#auditing(name, action, target);
    core.schedule.running.add(name);
    let end: { readonly outcome: ScheduleOutcome; readonly detail: string };
    try {
      end = await work(told.note);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      end = { outcome: 'failed', detail };
      core.record(`${action === 'backup' ? 'backup' : 'drill'}-failed`, name, detail, {
        ...{ author: scheduleAuthor(name) },
        ...(error instanceof FairleadError ? { code: error.code } : {}),
      });
    } finally {
      core.schedule.running.delete(name);
    }
    told.end(end.outcome === 'refused' || end.outcome === 'failed' ? end.outcome : 'done', end.detail);
    const record = core.schedule.records.get(name);
    if (record !== undefined && !this.#ended) core.schedule.save({ ...record, ...end, at: core.clock.now() });
  }

  async #drill(
    { name, drill }: Extract<Action, { kind: 'drill' }>,
    note: (note: AuditNote) => void,
  ): Promise<{ outcome: ScheduleOutcome; detail: string }> {
    const { core } = this.#options;
    const pair = this.#options.pair();
    const author = scheduleAuthor(name);
    core.record('drill-begun', name, `the drill ${drill} has begun`, { author });
    const end = await carryOutDrill(core, pair, { name, drill, author, note });
    if (end.kind === 'needless') {
      core.record('drill-needless', name, `nothing to do: ${end.detail}`, { author });
      return { outcome: 'done', detail: end.detail };
    }
    const { report } = end;
    const { id } = recordDrill(core, report);
    const outcome = end.kind === 'refused' ? 'refused' : report.ok ? 'done' : 'failed';
    const detail = report.complaints[0] ?? `report ${id}`;
    if (!report.ok) core.record(`drill-${outcome}`, name, detail, { author, drill: id });
    // Whoever is active now is asked about it.
    if (end.kind === 'ended')
      await pair?.link
        .tell('/api/v1/drills', report)
        .catch((error: unknown) =>
          core.log('warn', 'the peer was not told of the drill', { error: String(error) }),
        );
    return { outcome, detail };
  }

  #auditing(name: string, action: AuditEntry['action'], target: string) {
    let noted: AuditNote = {};
    return {
      note: (note: AuditNote): void => {
        noted = { ...noted, ...note };
      },
      end: (outcome: AuditEntry['outcome'], detail: string): void =>
        this.#options.audit({
          ...{ who: scheduleAuthor(name), origin: 'schedule', action, target, ...noted },
          ...{ outcome, detail: outcome === 'done' ? '' : detail },
        }),
    };
  }
}

interface OrderKind {
  readonly action: 'drain' | 'enable' | 'disable' | 'weight';
  readonly kind: string;
  readonly what: string;
  readonly change: OrderChange;
}

const WEIGHT = { action: 'weight', kind: 'weight-ordered' } as const;
const ORDERS: Readonly<Record<'drain' | 'disable' | 'enable', OrderKind>> = {
  drain: {
    ...{ action: 'drain', kind: 'drain-ordered', what: 'no new connections' },
    change: { admin: 'draining' },
  },
  disable: { action: 'disable', kind: 'disabled', what: 'taken out', change: { admin: 'disabled' } },
  enable: {
    ...{ action: 'enable', kind: 'enabled', what: 'takes connections again' },
    change: { admin: 'enabled' },
  },
};

function standingOrders(core: Core) {
  return new Map(
    core.orders.list().map((order) => [
      `${order.service}/${order.server}`,
      {
        ...{ admin: order.admin, author: order.author, weightAuthor: weightAuthorOf(order) },
        ...(order.weight === undefined ? {} : { weight: order.weight }),
      },
    ]),
  );
}

export function machineZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** node-cron's timers, for the second that is meant; what they miss is found by the round. */
function atMoments(schedule: ScheduleConfig, timezone: string, look: () => void): Disposable {
  const tasks = schedule.entries.map(({ at }) =>
    cron.schedule(at, look, { timezone, noOverlap: true, unref: true, suppressMissedWarning: true }),
  );
  return {
    [Symbol.dispose]() {
      for (const task of tasks) void task.destroy();
    },
  };
}
