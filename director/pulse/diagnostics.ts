// What someone who helps from afar wants to see.
import type { Handlers } from '../control/backend.ts';
import type { Core } from './core.ts';

export function diagnosticsHandlers(core: Core): Pick<Handlers, 'diagnostics'> {
  return {
    diagnostics: () => ({ at: core.clock.now(), node: core.node, version: core.version, texts: {} }),
  };
}
