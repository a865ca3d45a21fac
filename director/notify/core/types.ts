// What the decision about notifications speaks in: what has happened, what is known and told, what is to be sent. Plain
// data all of it; core/ decides by it, the process around it reads events and carries messages.
import type { Severity } from '../../config/configuration.ts';

export type { Severity };
export type Level = 'ok' | 'warning' | 'critical';
/** Things that break for a common cause, and are told together. */
export const CAUSES = ['servers', 'pair', 'director', 'store', 'configuration', 'orders'] as const;
export type Cause = (typeof CAUSES)[number];
export type MessageKind = Cause | 'takeover' | 'reminder' | 'digest' | 'test';
export type Role = 'active' | 'standby';

/** As the control API tells it. */
export interface NewsEvent {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly reason: string;
  readonly evidence?: unknown;
}

export interface TargetSettings {
  /** Stays the same as long as it is the same target. */
  readonly key: string;
  readonly on: readonly Severity[];
  readonly services?: readonly string[];
  readonly group_ms: number;
  readonly remind_ms?: number;
}

export interface Settings {
  readonly node: string;
  readonly cluster: string;
  /** Undefined: the only director. */
  readonly peer?: string;
  readonly services: readonly {
    readonly name: string;
    readonly servers: readonly { readonly name: string; readonly address: string }[];
  }[];
  readonly targets: readonly TargetSettings[];
}

/** How things stand, as asked for at one moment: puts right what no event has told. */
export interface Facts {
  readonly at: number;
  /** Undefined: it is not decided yet. */
  readonly role?: Role;
  readonly because: string;
  readonly news: readonly StateNews[];
  /** Kinds of subjects that are well where `news` does not name them. */
  readonly complete: readonly string[];
}

/** A thing that has a state, and may be bad. */
export interface StateNews {
  readonly kind: 'state';
  /** `server www/rs1`: what kind of thing, then which. */
  readonly key: string;
  readonly cause: Cause;
  /** For people. */
  readonly name: string;
  readonly service?: string;
  readonly level: Level;
  /** down, lost, up: for people. */
  readonly word: string;
  readonly reason: string;
  readonly since?: number;
}

/** Something that happens and is over. */
export interface Occurrence {
  readonly kind: 'occurrence';
  readonly cause: Cause;
  readonly severity: Severity;
  readonly text: string;
  readonly service?: string;
  /** Told only beside something else. */
  readonly aside?: boolean;
  /** Does not wait for the window's end. */
  readonly urgent?: boolean;
  /** This director's new role. */
  readonly role?: Role;
}
export type News = StateNews | Occurrence;

export interface Item {
  readonly subject: string;
  readonly state: string;
  readonly severity: Severity;
  readonly since: number;
  readonly reason: string;
}

export interface Message {
  /** Unique for this director and target, the same at every attempt, also after a restart. */
  readonly id: string;
  readonly at: number;
  /** When the first of what it tells happened. */
  readonly since: number;
  readonly kind: MessageKind;
  readonly severity: Severity;
  /** One line. */
  readonly subject: string;
  readonly lines: readonly string[];
  readonly items: readonly Item[];
  /** Items that found no room. */
  readonly more: number;
  readonly services: readonly string[];
  /** Ids of the events behind it, the first ones. */
  readonly events: readonly number[];
}

export type Input =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'events'; readonly events: readonly NewsEvent[] }
  | { readonly kind: 'facts'; readonly facts: Facts }
  /** The director's book of events was begun anew. */
  | { readonly kind: 'rewound'; readonly id: number }
  | { readonly kind: 'tick' }
  | {
      readonly kind: 'result';
      readonly target: string;
      readonly id: string;
      readonly ok: boolean;
      /** Whether it may be tried again. */
      readonly retry: boolean;
      readonly detail: string;
    };

export interface Effect {
  readonly kind: 'deliver';
  readonly target: string;
  readonly message: Message;
  readonly attempt: number;
  /** Messages that did not get through since the last one that did. */
  readonly lost: number;
}

export interface Subject extends Omit<StateNews, 'kind' | 'since'> {
  readonly since: number;
  /** When it last turned from worse to better or back, oldest first; getting worse in steps is one turn. */
  readonly changes: readonly number[];
  readonly worsened: boolean;
  readonly flapping: boolean;
  /** When it has been quiet for long enough. */
  readonly quiet_at: number;
}

/** Of one subject in one window. */
export interface Mark {
  readonly worst: Level;
  readonly first: number;
  readonly flap?: 'began' | 'ended';
}

export interface Window {
  readonly opened: number;
  readonly until: number;
  readonly marks: Map<string, Mark>;
  readonly occurrences: (Occurrence & { readonly at: number; readonly id: number })[];
  /** Occurrences that found no room. */
  readonly more: number;
  readonly events: readonly number[];
}

/** What one target is to hear of one subject at the end of a window. */
export interface Change {
  readonly how: 'worse' | 'better' | 'flaps' | 'settled' | 'blip';
  readonly subject: Subject;
  readonly severity: Severity;
  readonly first: number;
}

/** What one target knows to be bad. */
export interface Told {
  readonly level: 'warning' | 'critical';
  /** When it was last said. */
  readonly at: number;
  readonly flapping: boolean;
}

export interface Waiting {
  readonly message: Message;
  readonly queued: number;
  readonly attempts: number;
  readonly retry_at: number;
}

export interface Held {
  readonly count: number;
  readonly since: number;
  readonly severity: Severity;
  readonly subjects: readonly string[];
}

export interface Target {
  readonly settings: TargetSettings;
  readonly windows: Map<Cause, Window>;
  /** When the last message of a cause was made. */
  readonly last: Map<Cause, number>;
  readonly told: Map<string, Told>;
  /** When the latest messages were made, at most as many as one hour may have. */
  made: readonly number[];
  held: Held | undefined;
  outbox: readonly Waiting[];
  sending: boolean;
  sent: number;
  failed: number;
  dropped: Readonly<Record<string, number>>;
  /** Dropped since the last one that got through. */
  lost: number;
  sent_at: number | undefined;
  failing_since: number | undefined;
  error: { readonly at: number; readonly detail: string } | undefined;
}

export interface State {
  now: number;
  settings: Settings | undefined;
  role: Role | undefined;
  /** Since when facts have named another role than events did. */
  doubted: number | undefined;
  /** The last event that was dealt with. */
  position: number;
  /** When an operator last ordered a change of roles. */
  ordered_at: number;
  subjects: Map<string, Subject>;
  /** Subjects that found no room. */
  untracked: number;
  targets: Map<string, Target>;
  /** Number of the next message. */
  next: number;
}

export type ReadonlyState = Readonly<State>;

const RANKS: Readonly<Record<Level, number>> = { ok: 0, warning: 1, critical: 2 };
export const rank = (level: Level): number => RANKS[level];

/** The worst of them. */
export function worstOf(severities: readonly Severity[]): Severity {
  for (const severity of ['critical', 'warning', 'recovery'] as const)
    if (severities.includes(severity)) return severity;
  return 'notice';
}
