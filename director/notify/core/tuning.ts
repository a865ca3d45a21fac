// How long, how many, how often. Numbers that a site may want otherwise are keys of the configuration; these are not.

/** A role change is told at once; so long it waits for what belongs to it. */
export const URGENT_MS = 500;
/** So many turns within this time are flapping (three times down and up). */
export const FLAP_CHANGES = 6;
export const FLAP_WINDOW_MS = 600_000;
/** Quiet for so long, it has settled. */
export const QUIET_MS = 300_000;
/** So long facts must contradict events before they are believed about the role. */
export const DOUBT_MS = 5_000;
/** After an order, a change of roles is what was wanted. */
export const ORDER_MS = 60_000;

/** Messages of one target in one hour; what is more goes into one digest. */
export const RATE_MAX = 30;
export const RATE_WINDOW_MS = 3_600_000;
/** Messages that may wait for one target. */
export const OUTBOX_MAX = 100;
/** A message older than this is no news. */
export const AGE_MAX_MS = 3_600_000;
export const RETRY_FIRST_MS = 2_000;
export const RETRY_LAST_MS = 300_000;

/** Subjects that are remembered; a subject that is well and quiet is not. */
export const SUBJECTS_MAX = 4_096;
export const OCCURRENCES_MAX = 50;
export const ITEMS_MAX = 50;
export const LINES_MAX = 40;
export const NAMED_MAX = 8;
export const EVENTS_MAX = 50;
export const HELD_SUBJECTS_MAX = 20;
export const TEXT_CHARS_MAX = 500;
export const SUBJECT_CHARS_MAX = 160;
