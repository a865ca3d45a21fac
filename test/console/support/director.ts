// A made-up director behind a real control socket: says what a test or a benchmark wants it to say, to a real console.
// Whoever logs in is an admin; what it was not told to answer it refuses.
import type { ControlBackend, Handlers } from '../../../director/control/backend.ts';
import type { Recent } from '../../../director/control/history-schema.ts';
import { openControlServer } from '../../../director/control/server.ts';
import { FairleadError } from '../../../director/model/error.ts';
import { systemClock } from '../../../director/native/system-clock.ts';
import { LiveFeed } from '../../../director/pulse/live.ts';
import type { Picture } from '../../../webui/mirror/mirror.ts';

export interface MadeUp {
  /** Asked whenever somebody follows, and then once a second. */
  picture(): Picture;
  recent?(subjects: readonly string[]): Recent['series'];
  /** Whatever else it is to answer. */
  readonly handlers?: Partial<Handlers>;
}

const TICK_MS = 1_000;

export async function openMadeUpDirector(socket: string, made: MadeUp): Promise<AsyncDisposable> {
  const session = { user: 'admin', role: 'admin', csrf: 'made up', first_run: false } as const;
  const known: Partial<Handlers> = {
    login: () => ({ ...session, session: 'made-up', expires: Date.now() + 3_600_000 }),
    authenticate: () => ({ ...session, kind: 'session', id: 'made up', expires: Date.now() + 3_600_000 }),
    recent: ({ query }) => ({
      step_ms: TICK_MS,
      metric: query.metric,
      series: made.recent?.((query.subjects ?? '').split(',')) ?? {},
    }),
    history: () => ({
      state: 'off',
      bytes: 0,
      bytes_max: 0,
      subjects: 0,
      subjects_max: 0,
      left_out: 0,
      levels: [],
      dropped: 0,
    }),
    revisions: () => {
      const { revision } = made.picture().status;
      return { current: revision.number, revisions: [revision] };
    },
    connections: () => ({ connections: [], truncated: false }),
    ...made.handlers,
  };
  const handlers = new Proxy(known, {
    get: (target, name) =>
      target[name as keyof Handlers] ??
      (() => {
        throw new FairleadError('refused', `The made-up director knows nothing of ${String(name)}.`);
      }),
  }) as Handlers;
  const feed = new LiveFeed({
    clock: systemClock,
    report: () => ({ ...made.picture(), at: systemClock.now() }),
    watch: () => ({ [Symbol.dispose]() {} }),
  });
  const backend: ControlBackend = {
    handlers,
    revision: () => made.picture().status.revision.number,
    eventsAfter: async () => [],
    follow: () => ({ [Symbol.dispose]() {} }),
    followLive: (onLive) => feed.follow(onLive),
    audit() {},
  };
  await using parts = new AsyncDisposableStack();
  parts.use(feed);
  const timer = setInterval(() => feed.tick(), TICK_MS);
  parts.defer(() => clearInterval(timer));
  parts.use(await openControlServer({ socket, backend, clock: systemClock }));
  return parts.move();
}
