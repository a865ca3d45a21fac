// The control API as one table: method, path, what may be asked and what is answered. The server serves exactly
// these, the client is typed by them, and documents are made from them.
import { z } from 'zod';
import * as ha from './ha-schema.ts';
import * as schema from './schema.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Below /api/v1; `:name` stands for one segment. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** How the body travels; default json. */
  readonly bodyKind?: 'json' | 'text';
  readonly reply: z.ZodType;
  /** true: needs If-Match with the present revision's ETag, since it changes what is in force. */
  readonly conditional?: boolean;
  /** true: only the active director does it; a standby hands it on. */
  readonly active?: boolean;
  readonly stream?: boolean;
}

const limit = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback);
const flag = z
  .enum(['0', '1'])
  .default('0')
  .transform((text) => text === '1');

const LIMITS = { events: 10_000, connections: 100_000 } as const;

export const routes = {
  status: { method: 'GET', path: '/status', summary: 'The director at a glance', reply: schema.statusSchema },
  services: {
    method: 'GET',
    path: '/services',
    summary: 'Every virtual service with its real servers',
    reply: schema.serviceListSchema,
  },
  service: {
    method: 'GET',
    path: '/services/:service',
    summary: 'One virtual service',
    reply: schema.serviceSchema,
  },
  server: {
    method: 'GET',
    path: '/services/:service/servers/:server',
    summary: 'One real server of one service',
    reply: schema.serverSchema,
  },
  servers: {
    method: 'GET',
    path: '/servers',
    summary: 'Every real server of every service',
    reply: schema.serverListSchema,
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
      limit: limit(1_000, LIMITS.connections),
    }),
    reply: schema.connectionListSchema,
  },
  events: {
    method: 'GET',
    path: '/events',
    summary: 'What happened and why, oldest first',
    query: z.strictObject({
      since: z.coerce.number().int().min(0).default(0),
      limit: limit(100, LIMITS.events),
    }),
    reply: schema.eventListSchema,
  },
  eventStream: {
    method: 'GET',
    path: '/events/stream',
    summary: 'Events as they happen (server-sent events); Last-Event-ID replays what was missed',
    query: z.strictObject({ since: z.coerce.number().int().min(0).optional() }),
    reply: schema.eventSchema,
    stream: true,
  },
  revisions: {
    method: 'GET',
    path: '/revisions',
    summary: 'Configurations that were in force',
    reply: schema.revisionListSchema,
  },
  revision: {
    method: 'GET',
    path: '/revisions/:revision',
    summary: 'One of them with its text',
    reply: schema.revisionTextSchema,
  },
  drain: {
    method: 'POST',
    path: '/services/:service/servers/:server/drain',
    summary: 'No new connection; the present ones go on',
    body: schema.drainBodySchema,
    reply: schema.changeSchema,
    conditional: true,
    active: true,
  },
  enable: {
    method: 'POST',
    path: '/services/:service/servers/:server/enable',
    summary: 'Back to work',
    reply: schema.changeSchema,
    conditional: true,
    active: true,
  },
  disable: {
    method: 'POST',
    path: '/services/:service/servers/:server/disable',
    summary: 'Out of service at once, by the removal policy of the service',
    reply: schema.changeSchema,
    conditional: true,
    active: true,
  },
  weight: {
    method: 'POST',
    path: '/services/:service/servers/:server/weight',
    summary: 'Another weight by order',
    body: schema.weightBodySchema,
    reply: schema.changeSchema,
    conditional: true,
    active: true,
  },
  apply: {
    method: 'POST',
    path: '/apply',
    summary: 'Takes a configuration (YAML) as the new revision',
    query: z.strictObject({
      dry_run: flag,
      comment: z.string().max(500).default(''),
      /** What the text is called in what is said about it: a file's name. */
      source: z.string().max(4_096).default('configuration'),
    }),
    body: z.string(),
    bodyKind: 'text',
    reply: schema.applySchema,
    conditional: true,
    active: true,
  },
  rollback: {
    method: 'POST',
    path: '/rollback',
    summary: 'Takes an older revision again, as a new one; default: the one before',
    body: schema.rollbackBodySchema,
    reply: schema.applySchema,
    conditional: true,
    active: true,
  },
  check: {
    method: 'POST',
    path: '/check',
    summary: 'Says what is wrong with a configuration (YAML)',
    body: schema.checkBodySchema,
    bodyKind: 'text',
    reply: schema.checkSchema,
  },
  explain: {
    method: 'POST',
    path: '/explain',
    summary: 'Which server a packet of this client would reach, and why',
    body: schema.explainBodySchema,
    reply: schema.explainSchema,
  },
  probe: {
    method: 'POST',
    path: '/probe-now',
    summary: 'Probes at once, without waiting for the interval',
    body: schema.probeBodySchema,
    reply: schema.probeSchema,
  },
  ha: { method: 'GET', path: '/ha', summary: 'The pair: heartbeat, peer, links, sync', reply: ha.haSchema },
  switchover: {
    method: 'POST',
    path: '/ha/switchover',
    summary: 'The active hands the virtual IPs to its peer, after checks',
    body: ha.switchoverBodySchema,
    reply: ha.switchoverSchema,
    active: true,
  },
  hold: {
    method: 'POST',
    path: '/ha/hold',
    summary: 'This director stands by, and claims nothing until release',
    reply: ha.haOrderSchema,
  },
  release: {
    method: 'POST',
    path: '/ha/release',
    summary: 'Ends hold',
    reply: ha.haOrderSchema,
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
type Field<R, K extends string> = R extends Record<K, infer S extends z.ZodType> ? S : never;
export type QueryOf<N extends RouteName> = z.output<Field<(typeof routes)[N], 'query'>>;
export type QueryInputOf<N extends RouteName> = z.input<Field<(typeof routes)[N], 'query'>>;
export type BodyOf<N extends RouteName> = z.output<Field<(typeof routes)[N], 'body'>>;
export type BodyInputOf<N extends RouteName> = z.input<Field<(typeof routes)[N], 'body'>>;
export type ReplyOf<N extends RouteName> = z.output<Field<(typeof routes)[N], 'reply'>>;
