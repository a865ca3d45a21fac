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
  /** For handlers that wait before they act: throws, as the server did before, when If-Match holds no more. */
  checkPrecondition(): void;
}

export type Handlers = {
  readonly [N in Exclude<RouteName, 'eventStream'>]: (
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
  /**
   * For routes that only the active does: its answer, or undefined where this director is the active itself. Throws
   * `not-active` where the active cannot be asked. Without it every director takes itself for the active.
   */
  forward?(request: RawRequest, cameFromPeer: boolean): Promise<RawReply | undefined>;
}
