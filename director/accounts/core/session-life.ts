// How long sessions live, and how often that they were seen is written down. All of it in one table.
import type { SessionRecord, TokenRecord } from '../../model/account.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const LIFE = {
  /** Without a request. */
  idle_ms: 30 * MINUTE_MS,
  /** Whatever is done in it. */
  absolute_ms: 12 * HOUR_MS,
  /** At most once in this time goes "last seen" to the disk. */
  trace_ms: MINUTE_MS,
  /** How far a wall clock may have been set back before a session counts as from another time. */
  skew_ms: 5 * MINUTE_MS,
} as const;

export function sessionExpires(session: Pick<SessionRecord, 'created' | 'lastSeen'>): number {
  return Math.min(session.created + LIFE.absolute_ms, session.lastSeen + LIFE.idle_ms);
}

export function isSessionOver(session: Pick<SessionRecord, 'created' | 'lastSeen'>, now: number): boolean {
  return now >= sessionExpires(session) || now < session.created - LIFE.skew_ms;
}

export function isTokenOver(token: Pick<TokenRecord, 'expires'>, now: number): boolean {
  return token.expires !== undefined && now >= token.expires;
}
