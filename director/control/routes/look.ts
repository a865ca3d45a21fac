// Routes that look at the director as it is.
import { z } from 'zod';
import * as live from '../live-schema.ts';
import * as monitor from '../monitor-schema.ts';
import * as notify from '../notify-schema.ts';
import { limit, type Route } from '../route.ts';
import * as schema from '../schema.ts';

const CONNECTIONS_MAX = 100_000;

export const look = {
  status: {
    method: 'GET',
    path: '/status',
    summary: 'The director at a glance',
    reply: schema.statusSchema,
    role: 'viewer',
  },
  services: {
    method: 'GET',
    path: '/services',
    summary: 'Every virtual service with its real servers',
    reply: schema.serviceListSchema,
    role: 'viewer',
  },
  service: {
    method: 'GET',
    path: '/services/:service',
    summary: 'One virtual service',
    reply: schema.serviceSchema,
    role: 'viewer',
  },
  server: {
    method: 'GET',
    path: '/services/:service/servers/:server',
    summary: 'One real server of one service',
    reply: schema.serverSchema,
    role: 'viewer',
  },
  servers: {
    method: 'GET',
    path: '/servers',
    summary: 'Every real server of every service',
    reply: schema.serverListSchema,
    role: 'viewer',
  },
  connections: {
    method: 'GET',
    path: '/connections',
    summary: 'Connection entries and persistence templates',
    query: z.strictObject({
      kind: z.enum(['connection', 'template']).optional(),
      service: z.string().optional(),
      server: z.string().optional(),
      client: z.string().optional(),
      state: z.string().optional(),
      limit: limit(1_000, CONNECTIONS_MAX),
    }),
    reply: schema.connectionListSchema,
    role: 'viewer',
  },
  explain: {
    method: 'POST',
    path: '/explain',
    summary: 'Which server a packet of this client would reach, and why',
    body: schema.explainBodySchema,
    reply: schema.explainSchema,
    role: 'viewer',
  },
  check: {
    method: 'POST',
    path: '/check',
    summary: 'Says what is wrong with a configuration (YAML)',
    body: schema.checkBodySchema,
    bodyKind: 'text',
    reply: schema.checkSchema,
    role: 'viewer',
  },
  eventStream: {
    method: 'GET',
    path: '/events/stream',
    summary: 'Events as they happen (server-sent events); Last-Event-ID replays what was missed',
    query: z.strictObject({ since: z.coerce.number().int().min(0).optional() }),
    reply: schema.eventSchema,
    stream: true,
    role: 'viewer',
  },
  live: {
    method: 'GET',
    path: '/live',
    summary: 'Everything, then what changes, once a second (server-sent events)',
    role: 'viewer',
    inside: true,
    reply: live.liveSchema,
    stream: true,
  },
  monitors: {
    method: 'GET',
    path: '/monitors',
    summary: 'Every check: recipe, schedule, latest probe, latencies',
    role: 'viewer',
    reply: monitor.checkListSchema,
  },
  probes: {
    method: 'GET',
    path: '/services/:service/servers/:server/probes',
    summary: 'The latest probes of one real server, one by one',
    role: 'viewer',
    reply: monitor.probeHistorySchema,
  },
  notifications: {
    method: 'GET',
    path: '/notifications',
    summary: 'Who is told what happens, and whether messages get through',
    role: 'viewer',
    reply: notify.notificationsSchema,
  },
  notificationsTest: {
    method: 'POST',
    path: '/notifications/test',
    summary: 'Sends a test message to one target, or to all',
    role: 'operator',
    audited: true,
    body: notify.notifyTestBodySchema,
    reply: notify.notifyTestSchema,
  },
  diagnostics: {
    method: 'GET',
    path: '/diagnostics',
    summary: 'What someone who helps from afar wants to see, without secrets',
    role: 'admin',
    reply: schema.diagnosticsSchema,
  },
} as const satisfies Record<string, Route>;
