// What the control server and the peer ask for, answered from a running supervisor: handlers, events, the live picture, the
// audit.
import type { ControlBackend } from '../control/backend.ts';
import { answer, toRefusal } from '../control/dispatch.ts';
import type { PeerRequest } from '../peer/types.ts';
import { toAudit } from './audit-record.ts';
import { AuditRepeats } from './audit-repeats.ts';
import type { Core } from './core.ts';
import { createHandlers } from './handlers.ts';
import { LiveFeed } from './live.ts';
import type { Pair } from './pair/pair.ts';
import { reportServices } from './report.ts';
import { reportDirector } from './status.ts';

export function liveOf(core: Core, pair: () => Pair | undefined): LiveFeed {
  return new LiveFeed({
    clock: core.clock,
    report: () => ({
      at: core.clock.now(),
      status: reportDirector(core, pair()),
      services: reportServices(core),
    }),
    // What matters is an event, but for what the peer concludes.
    watch: (onChange) => core.store.follow(onChange),
  });
}

export function backendOf(core: Core, pair: () => Pair | undefined, live: LiveFeed): ControlBackend {
  const repeats = new AuditRepeats();
  return {
    handlers: createHandlers(core, pair),
    revision: () => core.revision.number,
    eventsAfter: (id, limit) => core.store.events(id, limit),
    follow: (onEvent) => core.store.follow(onEvent),
    followLive: (onLive) => live.follow(onLive),
    audit: (told) => {
      const entry = repeats.admit(told, core.clock.monotonic_ms());
      if (entry === undefined) return;
      const { id, hash } = core.store.audit.record(toAudit(entry, core.clock.now()));
      const { who, origin, action, target, outcome } = entry;
      // The log leaves the machine more often than the store does: a hash in it holds the whole audit up to there.
      core.log('info', `audit: ${who}: ${action} ${target}: ${outcome}`, { audit: id, hash, origin });
    },
    forward: async (request, cameFromPeer) => pair()?.forward(request, cameFromPeer),
    confirm: async () => (await pair()?.link.confirm()) ?? true,
  };
}

/** What the other director asks of us; it is trusted as whoever opens the socket is. */
export async function servePeer(
  backend: ControlBackend,
  request: PeerRequest & { readonly body: string; readonly peer: string },
) {
  const { method, path: target, headers, body, peer } = request;
  const readBody = async () => Buffer.from(body);
  try {
    return await answer(backend, { method, target, headers, readBody, cameFromPeer: true, peer });
  } catch (error) {
    return toRefusal(error);
  }
}
