// Routes about reports of drills: what their runners tell is kept, and shown newest first.
import type { Handlers } from '../control/backend.ts';
import { drillReportSchema } from '../control/drill-schema.ts';
import type { JsonValue } from '../store/record.ts';
import type { Core } from './core.ts';

export function drillHandlers(core: Core): Pick<Handlers, 'drills' | 'drillRecord'> {
  return {
    drills: async ({ query }) => {
      const kept = await core.store.drills(query.limit);
      return {
        drills: kept.flatMap(({ id, report }) => {
          // Of another release, perhaps.
          const parsed = drillReportSchema.safeParse(report);
          return parsed.success ? [{ id, ...parsed.data }] : [];
        }),
      };
    },
    drillRecord: async ({ body, note }) => {
      const { id, saved } = core.store.saveDrill(body as JsonValue);
      const { name, ok, at } = body;
      note({ target: `drill ${name}`, after: { id, ok, at } });
      const [first = 'no reason given'] = body.complaints;
      core.record('drill-recorded', name, ok ? 'the drill went well' : `not well: ${first}`, { drill: id });
      return { id, stored: await saved };
    },
  };
}
