// Bodies about notifications: to whom, what has become of messages, and trying it out.
import { z } from 'zod';

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');

export const notifyTargetSchema = z.object({
  number: z.number().int().min(1).describe('its place in the configuration, from 1'),
  kind: z.enum(['webhook', 'email', 'command']),
  /** Whom it reaches; never what may be secret. */
  name: z.string(),
  on: z.array(z.enum(['critical', 'warning', 'notice', 'recovery'])),
  services: z.array(z.string()).optional(),
  sent: count,
  /** Attempts that failed. */
  failed: count,
  /** Messages in the queue, the one under way included. */
  waiting: count,
  /** Held back for the next digest. */
  held: count,
  /** Reason -> messages that nobody will get. */
  dropped: z.record(z.string(), count),
  /** What it was told of as bad and not as over. */
  open: count,
  sent_at: wallClock.optional(),
  failing_since: wallClock.optional(),
  last_error: z.object({ at: wallClock, detail: z.string() }).optional(),
});
export type NotifyTarget = z.infer<typeof notifyTargetSchema>;

export const notificationsSchema = z.object({
  /** Whether the process that sends them runs; it does not where no target is configured. */
  running: z.boolean(),
  pid: count.optional(),
  restarts: count,
  /** Why it does not run. */
  detail: z.string().optional(),
  /** The last event that was dealt with. */
  position: count.optional(),
  /** Why what was dealt with cannot be kept: after a restart a message might come twice. */
  not_kept: z.string().optional(),
  targets: z.array(notifyTargetSchema),
});
export type Notifications = z.infer<typeof notificationsSchema>;

export const notifyTestBodySchema = z.strictObject({
  target: z.number().int().min(1).max(16).optional().describe('default: all of them'),
});
export const notifyTestSchema = z.object({
  tests: z.array(
    z.object({
      number: z.number().int().min(1),
      kind: notifyTargetSchema.shape.kind,
      name: z.string(),
      ok: z.boolean(),
      detail: z.string(),
      took_ms: z.number(),
    }),
  ),
});
export type NotifyTest = z.infer<typeof notifyTestSchema>;
