// Routes about reports of drills: what their runners tell is kept, and shown newest first.
import type { Handlers } from '../control/backend.ts';
import { type DrillReport, drillReportSchema } from '../control/drill-schema.ts';
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
      const { id, saved } = recordDrill(core, body);
      const { name, ok, at } = body;
      note({ target: `drill ${name}`, after: { id, ok, at } });
      return { id, stored: await saved };
    },
  };
}

/** Kept and told; of a scheduled one, that the peer did before it handed over, the schedule learns how it ended. */
export function recordDrill(core: Core, report: DrillReport) {
  const { name, ok, scheduled } = report;
  const { id, saved } = core.store.saveDrill(report as JsonValue);
  const [first = 'no reason given'] = report.complaints;
  core.record('drill-recorded', name, ok ? 'the drill went well' : `not well: ${first}`, { drill: id });
  const record = scheduled === undefined ? undefined : core.schedule.records.get(scheduled);
  if (record?.kind === 'drill' && record.outcome === 'under-way')
    core.schedule.save({
      ...{ ...record, outcome: ok ? 'done' : 'failed', at: core.clock.now() },
      detail: ok ? `report ${id}` : first,
    });
  return { id, saved };
}
