// Bodies about what happens by itself, and about backups.
import { z } from 'zod';
import { SCHEDULE_KINDS, SCHEDULE_OUTCOMES } from '../model/schedule.ts';

const wallClock = z.number().describe('milliseconds since 1970');

export const scheduledSchema = z.object({
  name: z.string(),
  kind: z.enum(SCHEDULE_KINDS),
  /** The cron expression. */
  at: z.string(),
  /** What is done, in words. */
  what: z.string(),
  /** When it is due next; of a window when it begins, its drain not counted. */
  next: wallClock.optional(),
  /** When it was last due. */
  last: wallClock.optional(),
  outcome: z.enum(SCHEDULE_OUTCOMES),
  /** Why, or where the result is; may be empty. */
  detail: z.string(),
  /** When the outcome was written down. */
  told: wallClock.optional(),
});
export type Scheduled = z.infer<typeof scheduledSchema>;

export const scheduleSchema = z.object({
  timezone: z.string(),
  /** Whether this director carries out what only the active does. */
  active: z.boolean(),
  entries: z.array(scheduledSchema),
});
export type Schedule = z.infer<typeof scheduleSchema>;

export const backupBodySchema = z.strictObject({
  history: z.boolean().default(false).describe('what was sampled, too; that may be large'),
});
export const backupSchema = z.object({
  name: z.string(),
  /** On the director that was asked. */
  path: z.string(),
  bytes: z.number().int(),
  /** What should be in it and could not be read. */
  missing: z.array(z.string()),
});
export type Backup = z.infer<typeof backupSchema>;

export const backupListSchema = z.object({
  folder: z.string(),
  /** Newest first. */
  backups: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      node: z.string(),
      at: wallClock,
      /** `manual`, or the entry of the schedule. */
      by: z.string(),
      bytes: z.number().int(),
    }),
  ),
});
export type BackupList = z.infer<typeof backupListSchema>;
