// Routes about the schedule and backups.
import { listBackups, MANUAL } from '../../backup/folder.ts';
import type { ScheduledWork, ScheduleEntry } from '../../config/configuration.ts';
import { formatDuration } from '../../config/units.ts';
import type { Handlers } from '../../control/backend.ts';
import type { Schedule, Scheduled } from '../../control/schedule-schema.ts';
import { Timetable } from '../../schedule/timetable.ts';
import type { Core } from '../core.ts';
import { machineZone } from './scheduler.ts';

export function scheduleHandlers(core: Core): Pick<Handlers, 'schedule' | 'backups' | 'backup'> {
  return {
    schedule: () => reportSchedule(core),
    backups: () => ({ folder: core.backups.folder, backups: listBackups(core.backups.folder) }),
    backup: async ({ body, author, note }) => {
      const { name, path, bytes, missing } = await core.backups.make({
        ...{ by: MANUAL, history: body.history, author, note },
      });
      return { name, path, bytes, missing: [...missing] };
    },
  };
}

function reportSchedule(core: Core): Schedule {
  const schedule = core.director.configuration.schedule ?? { entries: [] };
  const timetable = new Timetable(schedule, machineZone());
  return {
    timezone: timetable.zone.name,
    active: core.role.name === 'active',
    entries: schedule.entries.map((entry) => reportEntry(core, entry, timetable)),
  };
}

function reportEntry(core: Core, entry: ScheduleEntry, timetable: Timetable): Scheduled {
  const { name, kind, at } = entry;
  const found = core.schedule.records.get(name);
  const record = found?.kind === kind ? found : undefined;
  const { outcome = 'waiting', detail = '' } = record ?? {};
  const next = timetable.next(name, core.clock.now());
  return {
    ...{ name, kind, at, what: describe(entry), outcome, detail },
    ...(next === undefined ? {} : { next }),
    ...(record === undefined || outcome === 'waiting' ? {} : { last: record.moment, told: record.at }),
  };
}

function describe(work: ScheduledWork): string {
  switch (work.kind) {
    case 'maintenance': {
      const before = work.drainBefore_ms > 0 ? `, drained ${formatDuration(work.drainBefore_ms)} before` : '';
      return `${work.servers.join(', ')} out for ${formatDuration(work.for_ms)}${before}`;
    }
    case 'weight':
      return `${work.server}: weight ${work.weight ?? 'as configured'}`;
    case 'drill':
      return work.drill;
    case 'backup':
      return `keeps ${work.keep}${work.history ? ', with history' : ''}`;
  }
}
