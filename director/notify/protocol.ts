// What pulse and the notifying process say to each other over their IPC channel. Both ends check what they hear, since
// during an upgrade they may be of different versions.
import { z } from 'zod';
import { notificationsSchema, notifyTestSchema } from '../control/notify-schema.ts';

const count = z.number().int().min(0);

export const toNotifySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('begin'),
    socket: z.string(),
    node: z.string(),
    version: z.string(),
    stateFolder: z.string(),
    /** That file names of the configuration are relative to. */
    configFolder: z.string(),
    /** The last event before somebody was to be told: for one who has dealt with none yet. */
    since: count,
  }),
  z.object({ kind: z.literal('test'), id: count, target: z.number().int().min(1).optional() }),
]);
export type ToNotify = z.infer<typeof toNotifySchema>;
export type Begin = Extract<ToNotify, { kind: 'begin' }>;

export const notifyStatusSchema = notificationsSchema.pick({ position: true, not_kept: true, targets: true });
export type NotifyStatus = z.infer<typeof notifyStatusSchema>;

export const fromNotifySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('status'), status: notifyStatusSchema }),
  z.object({ kind: z.literal('tested'), id: count, ...notifyTestSchema.shape }),
]);
export type FromNotify = z.infer<typeof fromNotifySchema>;
