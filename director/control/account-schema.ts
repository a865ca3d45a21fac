// Bodies about who may use the console and the API: users, sessions, tokens. Secrets come in and, once, go out; they are
// never listed.
import { z } from 'zod';
import { ACCOUNT_NAME, type AccountRole, PASSWORD_MIN_LENGTH, ROLES } from '../model/account.ts';

export { type AccountRole, PASSWORD_MIN_LENGTH, ROLES };

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');

export const accountRoleSchema = z.enum(ROLES);

export function isAllowed(role: AccountRole, needed: AccountRole): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Longer ones would only make hashing slow. */
const PASSWORD_MAX_LENGTH = 1_024;
export const accountName = z
  .string()
  .regex(ACCOUNT_NAME, 'a name is 1 to 32 of a-z, 0-9, ".", "_", "-", and begins with a letter');
/** What is too short or too well known is refused by the handler, with a sentence. */
const password = z.string().min(1).max(PASSWORD_MAX_LENGTH);

export const userSchema = z.object({
  name: z.string(),
  role: accountRoleSchema,
  created: wallClock,
  created_by: z.string(),
  password_changed: wallClock,
  last_login: wallClock.optional(),
  last_login_from: z.string().optional(),
  sessions: count,
});
export type User = z.infer<typeof userSchema>;
export const userListSchema = z.object({
  users: z.array(userSchema),
  /** true: nobody has an account yet; the one-time password makes the first one. */
  first_run: z.boolean(),
});
export const userBodySchema = z.strictObject({ name: accountName, role: accountRoleSchema, password });
export const passwordBodySchema = z.strictObject({ password });
export const roleBodySchema = z.strictObject({ role: accountRoleSchema });
/** false: in force, but refused by the disk for now. */
const stored = z.boolean();
export const userReplySchema = z.object({ user: userSchema, stored });

export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: accountRoleSchema,
  created: wallClock,
  created_by: z.string(),
  expires: wallClock.optional(),
  last_used: wallClock.optional(),
  last_used_from: z.string().optional(),
});
export type Token = z.infer<typeof tokenSchema>;
export const tokenListSchema = z.object({ tokens: z.array(tokenSchema) });
export const tokenBodySchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'a token’s name is 1 to 64 of letters, digits, ".", "_", "-", and begins with a letter or digit',
    ),
  role: accountRoleSchema,
  expires_days: z.number().int().min(1).max(3_650).optional(),
});
export const tokenReplySchema = z.object({
  token: tokenSchema,
  stored,
  /** Shown this once. */
  secret: z.string(),
});

export const sessionSchema = z.object({
  /** Not the secret. */
  id: z.string(),
  user: z.string(),
  role: accountRoleSchema,
  from: z.string(),
  agent: z.string(),
  created: wallClock,
  last_seen: wallClock,
  expires: wallClock,
});
export type Session = z.infer<typeof sessionSchema>;
export const sessionListSchema = z.object({ sessions: z.array(sessionSchema) });
export const doneSchema = z.object({ done: z.literal(true), stored });

/** From here on: for the console alone, which asks in somebody's name. Not offered to the outside. */
export const loginBodySchema = z.strictObject({
  name: z.string().max(256),
  password: z.string().max(PASSWORD_MAX_LENGTH),
  from: z.string().max(256),
  agent: z.string().max(512),
});
export const loginReplySchema = z.object({
  /** The secret that the browser keeps. */
  session: z.string(),
  user: z.string(),
  role: accountRoleSchema,
  csrf: z.string(),
  expires: wallClock,
  /** true: logged in with the one-time password; only `setup` is possible. */
  first_run: z.boolean(),
});
export type LoginReply = z.infer<typeof loginReplySchema>;
/** The first account; ends the one-time password and the session that it gave. */
export const setupBodySchema = z.strictObject({
  session: z.string().max(256),
  name: accountName,
  password,
  from: z.string().max(256),
  agent: z.string().max(512),
});
export const ownPasswordBodySchema = z.strictObject({
  current: z.string().max(PASSWORD_MAX_LENGTH),
  password,
  /** The secret of the session in which it is asked: it stays, all others of the user end. */
  session: z.string().max(256).optional(),
});
export const authenticateBodySchema = z.strictObject({
  /** Exactly one of these. */
  session: z.string().max(256).optional(),
  token: z.string().max(256).optional(),
  from: z.string().max(256),
});
export const identitySchema = z.object({
  kind: z.enum(['session', 'token']),
  /** Session or token id. */
  id: z.string(),
  /** Whose name stands in records: a user's, or `token NAME`, which no user can have. */
  user: z.string(),
  role: accountRoleSchema,
  /** Sessions only. */
  csrf: z.string().optional(),
  expires: wallClock.optional(),
  first_run: z.boolean(),
});
export type Identity = z.infer<typeof identitySchema>;
export const logoutBodySchema = z.strictObject({ session: z.string().max(256) });
