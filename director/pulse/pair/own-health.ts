// What this director says of itself to its peer: whether it serves, by its own probes, and whether it knows as much as
// the active does. Pure.
import type { Health } from '../../../heartbeat/core/types.ts';
import type { Health as ServerHealth } from '../../model/monitor.ts';

export interface ServiceView {
  readonly name: string;
  /** By this director's own probes. Empty: the service has no servers, and says nothing. */
  readonly servers: readonly ServerHealth[];
}

export interface OwnFacts {
  readonly services: readonly ServiceView[];
  /** Services whose steps the engine refuses. */
  readonly refused: readonly string[];
  /** Interfaces where the packet program is missing. */
  readonly deaf: readonly string[];
}

/**
 * bad: no service has a server, or packets come in where nobody forwards them. impaired: some service has none, or the engine refuses something. A server that is down
 * among others is seen by the peer as well, and is no reason to move.
 */
export function ownHealth({ services, refused, deaf }: OwnFacts): {
  readonly health: Health;
  readonly reason: string;
} {
  if (deaf.length > 0) return { health: 'bad', reason: `the packet program is missing at ${list(deaf)}` };
  const served = services.filter((service) => service.servers.length > 0);
  const down = served.filter((service) => service.servers.every((health) => health === 'down'));
  if (down.length > 0 && down.length === served.length)
    return { health: 'bad', reason: 'no real server of any service answers probes from here' };
  if (down.length > 0)
    return {
      health: 'impaired',
      reason: `no real server answers probes from here: ${list(down.map((each) => each.name))}`,
    };
  if (refused.length > 0)
    return { health: 'impaired', reason: `the engine refuses steps of ${list(refused)}` };
  return { health: 'good', reason: served.length === 0 ? 'nothing to serve' : 'every service has a server' };
}

export interface CompleteFacts {
  /** Checks without a verdict. */
  readonly undecided: number;
  /** Undefined: connections are not synchronised. */
  readonly sync: { readonly complete: boolean; readonly because: string } | undefined;
}

export function ownCompleteness({ undecided, sync }: CompleteFacts): {
  readonly complete: boolean;
  readonly reason: string;
} {
  if (undecided > 0) return { complete: false, reason: `${undecided} checks have no verdict yet` };
  if (sync !== undefined && !sync.complete)
    return { complete: false, reason: `the connection table is not complete: ${sync.because}` };
  return {
    complete: true,
    reason: sync === undefined ? 'all verdicts are there' : 'verdicts and connections are there',
  };
}

const LISTED_MAX = 5;

function list(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return `${names.slice(0, LISTED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
