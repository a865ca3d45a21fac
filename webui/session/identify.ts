// Who asks: the session in the cookie, as the director knows it. Asked for every page but remembered for a second, so that
// the pieces of one page cost one question and the end of a session shows at once. While the director is away, who was
// known a short while ago is still known: the pages must be able to say that it is away.
import { createHash } from 'node:crypto';
import type { Identity } from '../../director/control/account-schema.ts';
import type { ControlClient } from '../../director/control/client.ts';
import type { Clock } from '../../director/model/clock.ts';
import { FairleadError } from '../../director/model/error.ts';
import { isAbsence } from '../mirror/absence.ts';

const REMEMBERED_MS = 1_000;
const ABSENCE_MS = 600_000;
const REMEMBERED_MAX = 4_096;
const SECRET_MAX_LENGTH = 256;

interface Known {
  readonly identity: Identity;
  readonly at_ms: number;
}

export interface Identifier {
  /** Undefined: nobody. Throws when nothing can be said, as the director is away and the secret was not known before. */
  identify(kind: 'session' | 'token', secret: string, from: string): Promise<Identity | undefined>;
  /** After a logout, and whenever what an account may has changed. */
  forget(): void;
}

/** `away`: the director is known not to answer, so that it need not be waited for. */
export function createIdentifier(
  client: Pick<ControlClient, 'call'>,
  clock: Clock,
  away: () => boolean,
): Identifier {
  const known = new Map<string, Known>();
  const remember = (key: string, identity: Identity): void => {
    known.delete(key);
    known.set(key, { identity, at_ms: clock.monotonic_ms() });
    const oldest = known.keys().next().value;
    if (known.size > REMEMBERED_MAX && oldest !== undefined) known.delete(oldest);
  };
  return {
    async identify(kind, secret, from) {
      if (secret === '' || secret.length > SECRET_MAX_LENGTH) return undefined;
      const key = createHash('sha256').update(`${kind} ${secret}`).digest('base64');
      const found = known.get(key);
      const age_ms = found === undefined ? Number.POSITIVE_INFINITY : clock.monotonic_ms() - found.at_ms;
      if (found !== undefined && age_ms < (away() ? ABSENCE_MS : REMEMBERED_MS)) return found.identity;
      try {
        const identity = await client.call('authenticate', { body: { [kind]: secret, from } });
        remember(key, identity);
        return identity;
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
        if (error.code === 'unauthenticated') {
          known.delete(key);
          return undefined;
        }
        if (isAbsence(error) && found !== undefined && age_ms < ABSENCE_MS) return found.identity;
        throw error;
      }
    },
    forget: () => known.clear(),
  };
}
