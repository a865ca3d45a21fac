// What a director tells its peer about itself, and the schemas of its parts that the receiving end holds it against.
// Unknown keys are ignored, as the two may run different versions; everything has a limit.
import { z } from 'zod';
import {
  SCHEDULE_KINDS,
  SCHEDULE_OUTCOMES,
  SCHEDULE_PHASES,
  type ScheduleRecord,
} from '../model/schedule.ts';

/** As much as a configuration file may hold (director/config/parse.ts). */
const REVISION_TEXT_MAX = 4 * 2 ** 20;
export const LIST_MAX = 100_000;

const count = z.number().int().min(0);
/** Names are 64 bytes at most; room is left for what a later version allows. */
export const name = z.string().min(1).max(256);
/** SHA-256, hexadecimal. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const role = z.enum(['starting', 'standby', 'active']);
export const epoch = count;

/** The shape in which the store keeps an order; `undefined` stands for absent. */
export const orderSchema = z.object({
  service: name,
  server: name,
  admin: z.enum(['enabled', 'disabled', 'draining']),
  weight: z.number().int().min(0).max(65_535).exactOptional(),
  since: z.number(),
  deadline: z.number().exactOptional(),
  atDeadline: z.enum(['cut', 'keep']).exactOptional(),
  drained: z.number().exactOptional(),
  author: z.string().max(256),
  weightAuthor: z.string().max(256).exactOptional(),
});
export type PeerOrder = Readonly<z.infer<typeof orderSchema>>;

export const scheduleSchema = z.object({
  name,
  kind: z.enum(SCHEDULE_KINDS),
  moment: z.number(),
  phase: z.enum(SCHEDULE_PHASES),
  servers: z.array(z.object({ server: name, gave: z.enum(['drain', 'disable', 'left']) })).max(1_024),
  outcome: z.enum(SCHEDULE_OUTCOMES),
  detail: z.string().max(16 << 10),
  at: z.number(),
}) satisfies z.ZodType<ScheduleRecord>;

export const verdictSchema = z.object({
  /** A nanny's key tells its whole recipe, patterns included. */
  key: z
    .string()
    .min(1)
    .max(64 << 10),
  health: z.enum(['up', 'down']),
  reason: z.string().max(16 << 10),
  at: z.number(),
});
export type PeerVerdict = Readonly<z.infer<typeof verdictSchema>>;

export const revisionSchema = z.object({
  number: count,
  hash,
  at: z.number(),
  author: z.string().max(256),
  comment: z.string().max(4_096),
  text: z.string().max(REVISION_TEXT_MAX),
});
export type PeerRevision = Readonly<z.infer<typeof revisionSchema>>;

export interface PeerState {
  readonly director: string;
  readonly epoch: number;
  readonly role: 'starting' | 'standby' | 'active';
  readonly revision: PeerRevision;
  readonly orders: readonly PeerOrder[];
  readonly verdicts: readonly PeerVerdict[];
  /** What was done of the schedule; undefined from a release that knows none. */
  readonly schedule?: readonly ScheduleRecord[] | undefined;
}
