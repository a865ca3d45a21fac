// What goes over the wire. A state goes out complete at first, then as what differs from the last one that the peer has
// acknowledged (`base`), so that a repetition costs some hundred bytes; a revision's text only if the peer lacks it.
import { z } from 'zod';
import {
  epoch,
  hash,
  LIST_MAX,
  name,
  orderSchema,
  revisionSchema,
  role,
  scheduleSchema,
  verdictSchema,
} from './state.ts';

export const HELLO_PATH = '/peer/hello';
export const STATE_PATH = '/peer/state';
/** Paths of the control API; nothing else is handed on. */
export const CONTROL_PREFIX = '/api/';

/** 20 000 verdicts, the store's limit, take some 10 MiB. */
export const STATE_MAX_BYTES = 64 * 2 ** 20;
export const ANSWER_MAX_BYTES = 64 * 2 ** 10;

const SCHEDULE_MAX = 1_024;

/** One life of a channel: serials of another one say nothing. */
const session = z.string().regex(/^[0-9a-f]{16}$/);
const serial = z.number().int().min(0);

export const stateMessageSchema = z.object({
  session,
  serial,
  /** Whatever is absent below is as in this one. */
  base: serial.exactOptional(),
  director: name,
  epoch,
  role,
  revision: revisionSchema.partial({ text: true }),
  orders: z.array(orderSchema).max(LIST_MAX).exactOptional(),
  verdicts: z.array(verdictSchema).max(LIST_MAX).exactOptional(),
  schedule: z.array(scheduleSchema).max(SCHEDULE_MAX).exactOptional(),
  /** Keys of verdicts that the base has and this state has not. */
  forgotten: z
    .array(z.string().max(64 << 10))
    .max(LIST_MAX)
    .exactOptional(),
});
export type StateMessage = z.infer<typeof stateMessageSchema>;

export const haveSchema = z.object({
  session,
  serial,
  /** Hashes of revision texts that need not be sent. */
  texts: z.array(hash).max(8),
});
export type Have = z.infer<typeof haveSchema>;

export const answerSchema = z.object({
  director: name,
  epoch,
  role,
  /** What the answering end has of the asking one's; session of zeros: nothing. */
  have: haveSchema,
  /** To a state: whether what stands in it stands here too now. Absent: it does, or this is no answer to a state. */
  heeded: z.boolean().exactOptional(),
});
export type Answer = z.infer<typeof answerSchema>;

export const NOTHING: Have = { session: '0'.repeat(16), serial: 0, texts: [] };
