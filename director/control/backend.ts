// What the control server needs from whoever holds the director: one handler per route, the present revision, and
// the events. The server brings parsed input and turns errors into answers.
import type { BodyOf, QueryOf, ReplyOf, RouteName } from './routes.ts';
import type { ApiEvent } from './schema.ts';

export interface ControlRequest<N extends RouteName> {
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryOf<N>;
  readonly body: BodyOf<N>;
  /** Who asks, for the record. */
  readonly author: string;
  /** Through which door, and from where: `cli`, `console 192.0.2.7`. */
  readonly origin: string;
  /** For the audit: what it was done to, as it was before and as it is now. Never secrets. */
  note(change: AuditNote): void;
  /** For handlers that wait before they act: throws, as the server did before, when If-Match holds no more. */
  checkPrecondition(): void;
}

export interface AuditNote {
  readonly target?: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** How a write that is `audited` ended, told once for each. */
export interface AuditEntry extends AuditNote {
  readonly who: string;
  readonly origin: string;
  readonly action: RouteName;
  readonly target: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly detail: string;
}

export type Handlers = {
  readonly [N in Exclude<RouteName, 'eventStream' | 'live'>]: (
    request: ControlRequest<N>,
  ) => ReplyOf<N> | Promise<ReplyOf<N>>;
};

/** A request as it came, for handing on. */
export interface RawRequest {
  readonly method: string;
  /** With its query: `/api/v1/…`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ControlBackend {
  readonly handlers: Handlers;
  /** Number of the revision in force: the ETag. */
  revision(): number;
  /** Events after an id that can still be replayed, oldest first, at most `limit`. */
  eventsAfter(id: number, limit: number): Promise<readonly ApiEvent[]>;
  follow(onEvent: (event: ApiEvent) => void): Disposable;
  /** Everything at once, then once a second what has changed, until disposed of. Each follower gets the same JSON: a `Live`. */
  followLive(onLive: (encoded: Uint8Array) => void): Disposable;
  audit(entry: AuditEntry): void;
  /**
   * For routes that only the active does: its answer, or undefined where this director is the active itself. Throws
   * `not-active` where the active cannot be asked. Without it every director takes itself for the active.
   */
  forward?(request: RawRequest, cameFromPeer: boolean): Promise<RawReply | undefined>;
  /**
   * After a change of orders or configuration: settles when the peer has it, or cannot be waited for. False: the peer has
   * become active without it. Without it there is no peer.
   */
  confirm?(): Promise<boolean>;
}
