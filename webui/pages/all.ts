// Every page of the console.
import type { Page } from '../page.ts';
import { auditPages } from './audit.ts';
import { configurationPages } from './configuration.ts';
import { connectionPages } from './connections.ts';
import { eventPages } from './events.ts';
import { haPages } from './ha.ts';
import { monitorPages } from './monitors.ts';
import { notificationPages } from './notifications.ts';
import { overviewPages } from './overview.ts';
import { schedulePages } from './schedule.ts';
import { serverPages } from './server.ts';
import { servicePages } from './service.ts';
import { systemPages } from './system.ts';

export const PAGES: readonly Page[] = [
  ...overviewPages,
  ...haPages(),
  ...eventPages,
  ...auditPages,
  ...configurationPages(),
  ...systemPages(),
  ...notificationPages,
  ...schedulePages,
  ...servicePages,
  ...serverPages,
  ...monitorPages,
  ...connectionPages,
];
