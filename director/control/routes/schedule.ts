// Routes about what happens by itself, and about backups: each director has its own.
import type { Route } from '../route.ts';
import * as schedule from '../schedule-schema.ts';

export const scheduled = {
  schedule: {
    method: 'GET',
    path: '/schedule',
    summary: 'What happens by itself: when next, when last, and how that ended',
    reply: schedule.scheduleSchema,
    role: 'viewer',
  },
  backups: {
    method: 'GET',
    path: '/backups',
    summary: 'The backups that lie on this director, newest first',
    reply: schedule.backupListSchema,
    role: 'admin',
  },
  backup: {
    method: 'POST',
    path: '/backups',
    summary: 'Makes a backup now, on the director that is asked',
    body: schedule.backupBodySchema,
    reply: schedule.backupSchema,
    role: 'admin',
    audited: true,
  },
} as const satisfies Record<string, Route>;
