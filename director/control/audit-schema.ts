// Bodies about the audit: every write that somebody asked for, with who, from where, before and after. Each record
// carries the hash of the one before it, so that a gap or a change shows.
import { z } from 'zod';

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');

export const auditRecordSchema = z.object({
  id: count,
  at: wallClock,
  who: z.string(),
  /** Through which door and from where: `cli`, `console 192.0.2.7`, `api token backup 192.0.2.7`, `peer lb2: …`. */
  origin: z.string(),
  /** Name of the route: drain, apply, user-create. */
  action: z.string(),
  /** What it was done to: `www/rs1`, `revision 7`, `user ann`. */
  target: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  outcome: z.enum(['done', 'refused', 'failed']),
  /** Code and sentence of a refusal; empty when it was done. */
  detail: z.string(),
  /** SHA-256 over the hash before and this record, hexadecimal. */
  hash: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

/** Newest first. */
export const auditListSchema = z.object({
  records: z.array(auditRecordSchema),
  /** Whether there are older ones. */
  more: z.boolean(),
});

export const auditVerifySchema = z.object({
  ok: z.boolean(),
  checked: count,
  first_id: count.optional(),
  last_id: count.optional(),
  last_hash: z.string().optional(),
  /** The record at which the chain breaks. */
  broken_at: count.optional(),
  detail: z.string(),
});
export type AuditVerify = z.infer<typeof auditVerifySchema>;
