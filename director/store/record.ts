// What the store keeps, as values. Nothing here knows SQLite.
import type { AccountTrace, AccountWrite, StoredAccounts } from '../model/account.ts';
import type { EventFilter } from '../model/event-filter.ts';
import type { ScheduleRecord } from '../model/schedule.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Something that happened, and why. `subject` is what it happened to: `www/rs1`, `www`, `director`, `store`. */
export interface NewEvent {
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** Stable, kebab-case. */
  readonly kind: string;
  readonly subject: string;
  /** One sentence. */
  readonly reason: string;
  readonly evidence?: JsonValue;
}

/** Ids grow and are never used twice. */
export interface EventRecord extends NewEvent {
  readonly id: number;
}

export interface RevisionSummary {
  readonly number: number;
  readonly at: number;
  readonly author: string;
  readonly comment: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string;
}

export interface RevisionRecord extends RevisionSummary {
  readonly text: string;
}

/** An operator's word about one server; it outlives restarts and revisions. */
export interface OrderRecord {
  readonly service: string;
  readonly server: string;
  readonly admin: 'enabled' | 'disabled' | 'draining';
  /** Configured weight by order, in place of the configuration's. */
  readonly weight?: number;
  readonly since: number;
  /** Drains only: when it ends though connections are left, and what becomes of those. */
  readonly deadline?: number;
  readonly atDeadline?: 'cut' | 'keep';
  /** When a drain was found complete. */
  readonly drained?: number;
  readonly author: string;
  /** Who gave the weight, if that was somebody else. */
  readonly weightAuthor?: string;
}

/** What a nanny last concluded, so that a restart does not begin with ignorance. */
export interface VerdictRecord {
  readonly key: string;
  readonly health: 'up' | 'down';
  readonly reason: string;
  readonly at: number;
}

/** A write that somebody asked for, however it ended. */
export interface NewAudit {
  readonly at: number;
  readonly who: string;
  readonly origin: string;
  readonly action: string;
  readonly target: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly detail: string;
}

/** Ids follow each other without a gap; `hash` is over the record and the hash before it. */
export interface AuditRecord extends NewAudit {
  readonly id: number;
  readonly hash: string;
}

export interface AuditFilter {
  readonly who?: string;
  readonly action?: string;
  /** In who, origin, action, target or detail. */
  readonly q?: string;
}

/** What became of a drill, as its runner tells it. */
export interface DrillRecord {
  readonly id: number;
  readonly report: JsonValue;
}

/** Everything that is needed at start, read once. */
export interface StoredState {
  readonly lastEventId: number;
  /** The newest audit record: what the next one chains from. */
  readonly lastAudit: { readonly id: number; readonly hash: string };
  readonly lastDrillId: number;
  readonly revision: RevisionRecord | undefined;
  /** Hash of every stored revision. */
  readonly revisions: readonly RevisionSummary[];
  readonly orders: readonly OrderRecord[];
  readonly schedule: readonly ScheduleRecord[];
  readonly verdicts: readonly VerdictRecord[];
  readonly accounts: StoredAccounts;
}

/** One write; they are carried out in the order given. */
export type StoreWrite =
  | { readonly kind: 'event'; readonly event: EventRecord }
  | { readonly kind: 'audit'; readonly record: AuditRecord }
  | { readonly kind: 'drill'; readonly drill: DrillRecord }
  | { readonly kind: 'revision'; readonly revision: RevisionRecord }
  | { readonly kind: 'order'; readonly order: OrderRecord }
  | { readonly kind: 'forget-order'; readonly service: string; readonly server: string }
  | { readonly kind: 'schedule'; readonly record: ScheduleRecord }
  | { readonly kind: 'forget-schedule'; readonly name: string }
  | { readonly kind: 'verdict'; readonly verdict: VerdictRecord }
  | AccountWrite
  | AccountTrace;

export type StoreRead =
  /** Newest `limit` of those with since < id < before, oldest first. */
  | {
      readonly kind: 'events';
      readonly since: number;
      readonly before: number;
      readonly limit: number;
      readonly filter: EventFilter;
    }
  /** Newest `limit` of those with id < before, newest first. */
  | {
      readonly kind: 'audit';
      readonly before: number;
      readonly limit: number;
      readonly filter: AuditFilter;
    }
  /** Follows the chain through the next `limit` records; `after` undefined: from the oldest that is kept. */
  | {
      readonly kind: 'audit-walk';
      readonly after: { readonly id: number; readonly hash: string } | undefined;
      readonly limit: number;
    }
  /** Newest first. */
  | { readonly kind: 'drills'; readonly limit: number }
  | { readonly kind: 'revisions' }
  | { readonly kind: 'revision'; readonly number: number };

/** How many rows of each are kept; the oldest go. */
export const STORE_LIMITS = {
  events: 100_000,
  revisions: 200,
  orders: 20_000,
  verdicts: 20_000,
  audit: 50_000,
  /** The audit's records may also be large: this much of them, though they be fewer. */
  audit_bytes: 64 << 20,
  drills: 1_000,
} as const;

/** How many events and audit records are kept; what the configuration says. */
export interface StoreKeep {
  readonly events: number;
  readonly audit: number;
}
export const KEEP_DEFAULT: StoreKeep = { events: STORE_LIMITS.events, audit: STORE_LIMITS.audit };
/** director/config/schema.ts allows no more. */
export const KEEP_MAX: StoreKeep = { events: 400_000, audit: 200_000 };
