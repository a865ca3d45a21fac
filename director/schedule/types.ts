// What a decision about the schedule is made from, and what comes out of it. All plain data.
import type { ScheduledDrill, ScheduleEntry } from '../config/configuration.ts';
import type { ScheduleRecord } from '../model/schedule.ts';
import type { Timetable } from './timetable.ts';

export interface StandingOrder {
  readonly admin: 'enabled' | 'disabled' | 'draining';
  readonly author: string;
  readonly weight?: number;
  /** Who gave the weight. */
  readonly weightAuthor: string;
}

export interface Situation {
  /** Wall clock. */
  readonly now: number;
  /** Since when this director is active; undefined: it stands by. */
  readonly activeSince: number | undefined;
  readonly entries: readonly ScheduleEntry[];
  readonly timetable: Timetable;
  readonly records: ReadonlyMap<string, ScheduleRecord>;
  /** Every order that stands, by `service/server`. */
  readonly orders: ReadonlyMap<string, StandingOrder>;
  /** Names of entries that are being carried out here. */
  readonly running: ReadonlySet<string>;
}

export type Action =
  | {
      readonly kind: 'order';
      readonly name: string;
      readonly server: string;
      readonly order: 'drain' | 'disable' | 'enable';
    }
  /** Undefined: back to the configured weight. */
  | {
      readonly kind: 'weight';
      readonly name: string;
      readonly server: string;
      readonly weight: number | undefined;
    }
  | { readonly kind: 'drill'; readonly name: string; readonly drill: ScheduledDrill }
  | { readonly kind: 'backup'; readonly name: string; readonly keep: number; readonly history: boolean };

/** Something to be told, beside what the actions tell. */
export interface Note {
  readonly kind:
    | 'schedule-begun'
    | 'schedule-ended'
    | 'schedule-left'
    | 'schedule-missed'
    | 'schedule-failed';
  readonly name: string;
  readonly reason: string;
}

export interface Decision {
  readonly actions: readonly Action[];
  /** Those that differ from what was given; to be kept before the actions are carried out. */
  readonly records: readonly ScheduleRecord[];
  /** Of entries that are no more. */
  readonly forgotten: readonly string[];
  readonly notes: readonly Note[];
}
