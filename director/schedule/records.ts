// Records of the schedule: which count, and what an entry begins with.
import type { ScheduleEntry } from '../config/configuration.ts';
import type { ScheduleKind, ScheduleRecord } from '../model/schedule.ts';

/** A record from further in the future than this was written by a clock that was wrong. */
export const CLOCK_STEP_MAX_MS = 86_400_000;

export function isUsable(record: ScheduleRecord, kind: ScheduleKind, now: number): boolean {
  return record.kind === kind && record.moment <= now + CLOCK_STEP_MAX_MS;
}

/** What was due before it was there is not done. */
export function seenFirst(entry: ScheduleEntry, now: number): ScheduleRecord {
  return {
    ...{ name: entry.name, kind: entry.kind, moment: now, phase: 'over' },
    ...{ servers: [], outcome: 'waiting', detail: '', at: now },
  };
}
