// Routes about reports of drills.
import type { Handlers } from '../control/backend.ts';

export function drillHandlers(): Pick<Handlers, 'drills' | 'drillRecord'> {
  return { drills: () => ({ drills: [] }), drillRecord: () => ({ id: 0 }) };
}
