// Bodies about drills: reports of what was broken on purpose, and what became of it.
import { z } from 'zod';

export const drillReportSchema = z.object({
  /** When it ended, milliseconds since 1970. */
  at: z.number().int().min(0),
  name: z.string().min(1).max(64),
  ok: z.boolean(),
  /** The entry of the schedule that had it done. */
  scheduled: z.string().min(1).max(64).optional(),
  outage_ms: z.number().optional(),
  limit_ms: z.number().optional(),
  established: z.number().optional(),
  lost: z.number().optional(),
  /** How long two directors were owners on the wire. */
  two_owners_ms: z.number().optional(),
  /** One sentence for each thing that was not as it should be. */
  complaints: z.array(z.string().max(1_024)).max(64),
  /** The report as the terminal shows it. */
  text: z
    .string()
    .max(64 << 10)
    .default(''),
});
export type DrillReport = z.infer<typeof drillReportSchema>;
export const drillListSchema = z.object({
  drills: z.array(drillReportSchema.extend({ id: z.number().int() })),
});
export const drillRecordedSchema = z.object({
  id: z.number().int(),
  /** false: the disk refuses for now, or too many reports wait for it. */
  stored: z.boolean(),
});
