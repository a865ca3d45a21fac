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

export interface ControlBackend {
  readonly handlers: Handlers;
  /** Number of the revision in force: the ETag. */
  revision(): number;
  /** Events after an id that can still be replayed, oldest first, at most `limit`. */
  eventsAfter(id: number, limit: number): Promise<readonly ApiEvent[]>;
  follow(onEvent: (event: ApiEvent) => void): Disposable;
}
