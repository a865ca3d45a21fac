// Every page of the console.
import type { Page } from '../page.ts';
import { auditPages } from './audit.ts';
import { eventPages } from './events.ts';
import { haPages } from './ha.ts';
import { overviewPages } from './overview.ts';
import { servicePages } from './service.ts';

export const PAGES: readonly Page[] = [
  ...overviewPages,
  ...haPages(),
  ...eventPages,
  ...auditPages,
  ...servicePages,
];
