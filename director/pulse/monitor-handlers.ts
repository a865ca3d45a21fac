// Routes about checks and their probes.
import type { Handlers } from '../control/backend.ts';

export function monitorHandlers(): Pick<Handlers, 'monitors' | 'probes'> {
  return {
    monitors: () => ({ checks: [] }),
    probes: ({ params }) => ({ service: params.service!, server: params.server!, checks: [] }),
  };
}
