// Routes that look at what was: events, audit, history, drills.
import { z } from 'zod';
import * as audit from '../audit-schema.ts';
import * as drill from '../drill-schema.ts';
import * as history from '../history-schema.ts';
import { limit, moment, type Route } from '../route.ts';
import * as schema from '../schema.ts';

const LIMITS = { events: 10_000, audit: 1_000, points: 10_000, drills: 1_000 } as const;

export const past = {
  events: {
    method: 'GET',
    path: '/events',
    summary: 'What happened and why, oldest first',
    query: z.strictObject({
      since: z.coerce.number().int().min(0).default(0),
      /** Only those with a lower id: for turning pages backwards. */
      before: z.coerce.number().int().min(1).optional(),
      /** Comma-separated kinds. */
      kind: z.string().max(1_024).optional(),
      /** As a whole, or up to a slash: `www` finds `www/rs1` too. */
      subject: z.string().max(256).optional(),
      /** In kind, subject or reason. */
      q: z.string().max(256).optional(),
      from: moment.optional(),
      to: moment.optional(),
      limit: limit(100, LIMITS.events),
    }),
    reply: schema.eventListSchema,
    role: 'viewer',
  },
  audit: {
    method: 'GET',
    path: '/audit',
    summary: 'Who changed what, newest first',
    role: 'admin',
    query: z.strictObject({
      before: z.coerce.number().int().min(1).optional(),
      who: z.string().max(64).optional(),
      action: z.string().max(64).optional(),
      q: z.string().max(256).optional(),
      limit: limit(100, LIMITS.audit),
    }),
    reply: audit.auditListSchema,
  },
  auditVerify: {
    method: 'GET',
    path: '/audit/verify',
    summary: 'Follows the chain of hashes through the whole audit',
    role: 'admin',
    reply: audit.auditVerifySchema,
  },
  history: {
    method: 'GET',
    path: '/history',
    summary: 'What history is kept, and how much room it takes',
    role: 'viewer',
    reply: history.historyStatusSchema,
  },
  series: {
    method: 'GET',
    path: '/history/series',
    summary:
      'Metrics of one subject over time, from the finest level that has the span, joined to at most `points`',
    role: 'viewer',
    query: z.strictObject({
      subject: z.string().min(1).max(256),
      /** Comma-separated; default: all of the subject. */
      metrics: z.string().max(512).optional(),
      from: moment,
      to: moment,
      points: limit(600, LIMITS.points),
      level: history.levelSchema.optional(),
    }),
    reply: history.seriesSchema,
  },
  moment: {
    method: 'GET',
    path: '/history/moment',
    summary: 'Every subject as it was at one time',
    role: 'viewer',
    query: z.strictObject({ at: moment }),
    reply: history.momentSchema,
  },
  recent: {
    method: 'GET',
    path: '/history/recent',
    summary: 'The last two minutes of several subjects, for sparklines',
    role: 'viewer',
    query: z.strictObject({
      metric: history.recentMetricSchema,
      /** Comma-separated; default: every service. */
      subjects: z
        .string()
        .max(64 << 10)
        .optional(),
    }),
    reply: history.recentSchema,
  },
  drills: {
    method: 'GET',
    path: '/drills',
    summary: 'Reports of drills, newest first',
    role: 'viewer',
    query: z.strictObject({ limit: limit(100, LIMITS.drills) }),
    reply: drill.drillListSchema,
  },
  drillRecord: {
    method: 'POST',
    path: '/drills',
    summary: 'Takes the report of a drill',
    role: 'admin',
    inside: true,
    body: drill.drillReportSchema,
    reply: drill.drillRecordedSchema,
    audited: true,
  },
} as const satisfies Record<string, Route>;
