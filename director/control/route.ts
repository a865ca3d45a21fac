// What a route of the control API is: one entry of the tables in routes/.
import { z } from 'zod';
import type { AccountRole } from './account-schema.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Below /api/v1; `:name` stands for one segment. */
  readonly path: string;
  readonly summary: string;
  /** What an account needs at least; whoever may open the socket may everything. */
  readonly role: AccountRole;
  /** true: on the socket only, never offered to the outside by the console. */
  readonly inside?: boolean;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** How the body travels; default json. */
  readonly bodyKind?: 'json' | 'text';
  readonly reply: z.ZodType;
  /** true: needs If-Match with the present revision's ETag, since it changes what is in force. */
  readonly conditional?: boolean;
  /** true: only the active director does it; a standby hands it on. */
  readonly active?: boolean;
  /** true: leaves a record in the audit, done or refused. */
  readonly audited?: boolean;
  readonly stream?: boolean;
}

export const limit = (fallback: number, max: number) =>
  z.coerce.number().int().min(1).max(max).default(fallback);
export const flag = z
  .enum(['0', '1'])
  .default('0')
  .transform((text) => text === '1');
/** Milliseconds since 1970 in a query. */
export const moment = z.coerce.number().int().min(0).max(8_640_000_000_000_000);
