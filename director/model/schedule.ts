// What was done of the schedule: one record per entry, kept in the store and told to the peer, so that nothing is done twice
// and whoever takes over goes on where the other was.

export const SCHEDULE_KINDS = ['maintenance', 'weight', 'drill', 'backup'] as const;
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];

/**
 * waiting: nothing was due since it was seen first. left: an operator's word stood against it. missed: nobody could do it in
 * time.
 */
export const SCHEDULE_OUTCOMES = [
  'waiting',
  'under-way',
  'done',
  'left',
  'refused',
  'failed',
  'missed',
] as const;
export type ScheduleOutcome = (typeof SCHEDULE_OUTCOMES)[number];

export const SCHEDULE_PHASES = ['drain', 'window', 'over'] as const;
export type SchedulePhase = (typeof SCHEDULE_PHASES)[number];

export interface ScheduleRecord {
  readonly name: string;
  readonly kind: ScheduleKind;
  /** What is due later than this is still to be done. */
  readonly moment: number;
  /** Of a window; all else is over at once. */
  readonly phase: SchedulePhase;
  /** What an open window has ordered; `left`: an operator has decided since, or before. */
  readonly servers: readonly { readonly server: string; readonly gave: 'drain' | 'disable' | 'left' }[];
  readonly outcome: ScheduleOutcome;
  /** One sentence, or nothing. */
  readonly detail: string;
  /** When it was last written. */
  readonly at: number;
}

const AUTHOR = 'schedule:';

/** Names of accounts and of people on this machine hold no colon. */
export function scheduleAuthor(name: string): string {
  return AUTHOR + name;
}

export function isScheduleAuthor(author: string): boolean {
  return author.startsWith(AUTHOR);
}
