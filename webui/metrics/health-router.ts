// /healthz: this process works. /readyz: whoever asks here gets the truth about a director that works. Both are for everyone, so
// they name codes and counts, and neither services nor addresses.
import express from 'express';
import type { ControlClient } from '../../director/control/client.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { isRead, send } from './plain.ts';
import { shared } from './shared.ts';

/** Who looks after readiness gives up after a few seconds. */
const ANSWER_TIMEOUT_MS = 2_000;

export interface HealthOptions {
  readonly client: Pick<ControlClient, 'call'>;
  readonly clock: Clock;
  /** Why the console's picture of the director is old; undefined: it is fresh. */
  readonly trouble: () => { readonly code: string } | undefined;
}

interface Reason {
  readonly code: string;
  readonly detail: string;
}

export function healthRouter(options: HealthOptions): express.Router {
  const reasons = shared(() => findReasons(options));
  const router = express.Router();
  router.all('/healthz', (request, response) => {
    if (isRead(request, response)) tell(request, response, []);
  });
  router.all('/readyz', (request, response) => {
    if (!isRead(request, response)) return;
    reasons().then(
      (found) => tell(request, response, found),
      () => tell(request, response, [{ code: 'internal', detail: 'something went wrong inside' }]),
    );
  });
  return router;
}

function tell(request: express.Request, response: express.Response, reasons: readonly Reason[]): void {
  const ok = reasons.length === 0;
  const json = request.accepts(['text', 'json']) === 'json';
  const text = ok ? 'ok\n' : reasons.map(({ code, detail }) => `${code}: ${detail}\n`).join('');
  send(
    ...([request, response, ok ? 200 : 503] as const),
    json ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8',
    json ? `${JSON.stringify({ ok, reasons })}\n` : text,
  );
}

async function findReasons({ client, clock, trouble }: HealthOptions): Promise<Reason[]> {
  const found: Reason[] = [];
  try {
    const { problems } = await within(client.call('status'), clock);
    // Only what is tried again has a next attempt: steps that the engine refuses.
    const refused = problems.filter((problem) => problem.next_attempt !== undefined).length;
    if (refused > 0)
      found.push({ code: 'steps-refused', detail: `the engine refuses the steps of ${refused} services` });
  } catch (error) {
    const code = error instanceof FairleadError ? error.code : 'internal';
    found.push({ code, detail: 'the director does not answer' });
  }
  const old = trouble();
  if (old !== undefined)
    found.push({ code: 'picture-stale', detail: `the picture of the director is old (${old.code})` });
  return found;
}

async function within<T>(work: Promise<T>, clock: Clock): Promise<T> {
  using stack = new DisposableStack();
  return await Promise.race([
    work,
    new Promise<never>((_, reject) => {
      stack.use(
        clock.after(ANSWER_TIMEOUT_MS, () =>
          reject(new FairleadError('no-answer', 'The director is too slow.')),
        ),
      );
    }),
  ]);
}
