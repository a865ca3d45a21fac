// The director as it is, kept by one stream however many browsers look: pages are drawn from here at once, and whoever
// follows is told of every change. When the stream ends it is taken up again with back-off; until then the last picture
// stays, and says of itself that it is old.
import type { ControlClient } from '../../director/control/client.ts';
import type { Live } from '../../director/control/live-schema.ts';
import { applyLive, type LivePicture } from '../../director/control/live-view.ts';
import type { ServerStatus } from '../../director/control/schema.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';

/** Never changed in place: what is the same object as before is the same as before. */
export type Picture = Pick<LivePicture, 'at' | 'status' | 'services'>;

/** Why the picture is not fresh. */
export interface Trouble {
  /** When it was last right, by the console's wall clock; undefined: never. */
  readonly since: number | undefined;
  readonly code: string;
  readonly detail: string;
  readonly remedy: string | undefined;
}

export interface MirrorOptions {
  readonly client: Pick<ControlClient, 'live'>;
  readonly clock: Clock;
}

export interface Mirror extends AsyncDisposable {
  picture(): Picture | undefined;
  trouble(): Trouble | undefined;
  /** What an order has just been answered with: the page that comes after it shows it already. */
  learn(server: ServerStatus): void;
  /** Told of each message as it has been taken in. Must not throw. */
  follow(onChange: (live: Live) => void): Disposable;
}

/** A tick may be late by most of a second on a busy machine; people are told within two that it is missing. */
const FRESH_MS = 1_900;
const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 2_000;

export function openMirror({ client, clock }: MirrorOptions): Mirror {
  const ended = new AbortController();
  const followers = new Set<(live: Live) => void>();
  let picture: LivePicture | undefined;
  let failure: FairleadError | undefined;
  let heardAt_ms = Number.NEGATIVE_INFINITY;
  let heardAt: number | undefined;

  const take = (live: Live): void => {
    const applied = applyLive(picture, live);
    if ('problem' in applied)
      throw new FairleadError('no-answer', `What the director says is not understood: ${applied.problem}.`, {
        remedy: 'Restart the console, in case director and console are of different versions.',
      });
    picture = applied.picture;
    failure = undefined;
    heardAt_ms = clock.monotonic_ms();
    heardAt = clock.now();
    for (const follower of followers) follower(live);
  };
  const pause = (delay_ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = clock.after(delay_ms, resolve);
      ended.signal.addEventListener('abort', () => {
        timer[Symbol.dispose]();
        resolve();
      });
    });
  const run = async (): Promise<void> => {
    let retry_ms = RETRY_FIRST_MS;
    while (!ended.signal.aborted) {
      try {
        for await (const live of client.live(ended.signal)) {
          retry_ms = RETRY_FIRST_MS;
          take(live);
        }
        failure = new FairleadError('connection-lost', 'The director has ended the connection.', {
          remedy: 'See its log: it may be restarting.',
        });
      } catch (error) {
        failure =
          error instanceof FairleadError
            ? error
            : new FairleadError('no-answer', `The director cannot be followed: ${String(error)}`);
      }
      if (!ended.signal.aborted) await pause(retry_ms);
      retry_ms = Math.min(retry_ms * 2, RETRY_LAST_MS);
    }
  };
  const running = run();

  return {
    picture: () => picture,
    trouble() {
      const late = clock.monotonic_ms() - heardAt_ms > FRESH_MS;
      if (failure === undefined && !late) return undefined;
      return {
        since: heardAt,
        code: failure?.code ?? 'no-answer',
        detail: failure?.message ?? 'The director is connected, but says nothing.',
        remedy: failure?.remedy ?? 'See "fairlead status" and its log.',
      };
    },
    learn(server) {
      if (picture === undefined) return;
      const services = picture.services.map((service) =>
        service.name === server.service
          ? { ...service, servers: service.servers.map((each) => (isSame(each, server) ? server : each)) }
          : service,
      );
      picture = { ...picture, services };
    },
    follow(onChange) {
      followers.add(onChange);
      return { [Symbol.dispose]: () => void followers.delete(onChange) };
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await running;
    },
  };
}

/** What is left of a removed server may have the name of one that came after it. */
function isSame(one: ServerStatus, other: ServerStatus): boolean {
  return one.name === other.name && (one.role === 'removed') === (other.role === 'removed');
}
