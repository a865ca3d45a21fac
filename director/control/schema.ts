// Every body of the control API, as zod schemas and the types that follow from them. The command line and the
// console know nothing else of the director. Fields are only ever added.
import { z } from 'zod';
import { haSchema } from './ha-schema.ts';

const count = z.number().int().min(0);
const wallClock = z.number().describe('milliseconds since 1970');
/** Any JSON; z.json() would make the types recursive for no gain. */
const json = z.unknown();

export const adminSchema = z.enum(['enabled', 'disabled', 'draining']);
export type Admin = z.infer<typeof adminSchema>;
const healthSchema = z.enum(['unknown', 'up', 'down']);

const trafficSchema = z.object({
  connections: count,
  packets_in: count,
  packets_out: count,
  bytes_in: count,
  bytes_out: count,
});
export const ratesSchema = z.object({
  connections_per_s: z.number(),
  packets_in_per_s: z.number(),
  packets_out_per_s: z.number(),
  bytes_in_per_s: z.number(),
  bytes_out_per_s: z.number(),
});
export type Rates = z.infer<typeof ratesSchema>;

const drainSchema = z.object({
  since: wallClock,
  deadline: wallClock.optional(),
  at_deadline: z.enum(['cut', 'keep']).optional(),
  done: wallClock.optional().describe('when nothing was left, or the deadline came'),
});

export const serverSchema = z.object({
  service: z.string(),
  name: z.string(),
  role: z
    .enum(['server', 'sorry', 'removed'])
    .describe('removed: no longer configured, connections are left'),
  address: z.string(),
  method: z.enum(['nat', 'route', 'tunnel', 'local']),
  health: healthSchema,
  /** The last verdict in one sentence. */
  health_reason: z.string(),
  health_since: wallClock.optional(),
  latency_ms: z.number().optional(),
  admin: adminSchema,
  drain: drainSchema.optional(),
  weight_configured: count,
  /** By order; takes the place of the configured one. */
  weight_ordered: count.optional(),
  weight_effective: z
    .number()
    .min(0)
    .describe('share of new connections; 0 while it gets none; a fraction while it ramps up'),
  presence: z.enum(['present', 'leaving', 'absent']).describe('in the engine'),
  /** Why it is in the engine, or not, with this weight. */
  because: z.string(),
  active: count,
  inactive: count,
  templates: count,
  traffic: trafficSchema,
  rates: ratesSchema,
  path: z.string().optional(),
});
export type ServerStatus = z.infer<typeof serverSchema>;

export const serviceSchema = z.object({
  name: z.string(),
  listen: z.string().describe('tcp://10.0.0.100:80'),
  scheduler: z.string(),
  persistence: z.object({ timeout_s: count, netmask_bits: count }).optional(),
  removal: z
    .enum(['silent', 'reset', 'reassign'])
    .optional()
    .describe('what becomes of connections of a server that is taken out; absent once no longer configured'),
  /** up: every enabled server is. degraded: some are not. sorry: only the sorry server. down: none. empty: none configured. */
  health: z.enum(['up', 'degraded', 'sorry', 'down', 'unknown', 'empty']),
  because: z.string(),
  servers_total: count,
  servers_up: count,
  presence: z.enum(['present', 'leaving', 'absent']),
  active: count,
  inactive: count,
  templates: count,
  traffic: trafficSchema,
  rates: ratesSchema,
  servers: z.array(serverSchema),
});
export type ServiceStatus = z.infer<typeof serviceSchema>;
export const serviceListSchema = z.object({ services: z.array(serviceSchema) });
export const serverListSchema = z.object({ servers: z.array(serverSchema) });

export const revisionSchema = z.object({
  number: count,
  at: wallClock,
  author: z.string(),
  comment: z.string(),
  hash: z.string(),
});
export type Revision = z.infer<typeof revisionSchema>;
export const revisionListSchema = z.object({ current: count, revisions: z.array(revisionSchema) });
export const revisionTextSchema = revisionSchema.extend({ text: z.string() });

export const problemNoteSchema = z.object({
  subject: z.string(),
  code: z.string(),
  detail: z.string(),
  remedy: z.string().optional(),
  since: wallClock,
  next_attempt: wallClock.optional(),
});
export type ProblemNote = z.infer<typeof problemNoteSchema>;

export const virtualIpSchema = z.object({
  address: z.string(),
  interface: z.string(),
  role: z.string(),
  state: z.enum(['up', 'absent', 'failed']),
  detail: z.string().optional(),
});

export type VirtualIpStatus = z.infer<typeof virtualIpSchema>;

export const statusSchema = z.object({
  version: z.string(),
  node: z.string(),
  cluster: z.string(),
  pid: count,
  started: wallClock,
  now: wallClock,
  /** Whether this director holds the VIPs. */
  role: z.enum(['active', 'standby']),
  role_because: z.string(),
  revision: revisionSchema,
  engine: z.object({
    kind: z.enum(['ebpf', 'ipvs', 'memory']),
    hooks: z.array(z.object({ interface: z.string(), hook: z.string(), why: z.string() })),
    survives_restart: z.boolean(),
    limits: z.object({ services: count, servers: count, connections: count }),
    tables: z.array(z.object({ name: z.string(), used: count, limit: count })),
    totals: z.object({
      in: count,
      forwarded: count,
      local: count,
      dropped: z.record(z.string(), count),
    }),
  }),
  virtual_ips: z.array(virtualIpSchema),
  /** As GET /ha answers; absent where there is no peer. */
  ha: haSchema.optional(),
  services: z.array(serviceSchema.omit({ servers: true })),
  store: z.object({
    state: z.enum(['ok', 'behind', 'memory']),
    detail: z.string().optional(),
    waiting: count,
    dropped: count,
  }),
  monitor: z.object({
    /** Process ids of the monitors; one that has died is missing until it is back. */
    pids: z.array(count),
    restarts: count,
    checks: count,
    probes: count,
    failures: count,
    lateness_p99_ms: z.number(),
  }),
  problems: z.array(problemNoteSchema),
});
export type Status = z.infer<typeof statusSchema>;

const endpoint = z.string().describe('10.0.0.1:80 or [fd00::1]:80');
export const connectionSchema = z.object({
  kind: z.enum(['connection', 'template']),
  protocol: z.enum(['tcp', 'udp']),
  client: endpoint,
  virtual: endpoint,
  server: endpoint,
  service: z.string(),
  server_name: z.string(),
  method: z.string(),
  state: z.string(),
  expires_ms: z.number(),
  packets_in: count,
  packets_out: count,
  bytes_in: count,
  bytes_out: count,
  controls: count,
});
export type Connection = z.infer<typeof connectionSchema>;
export const connectionListSchema = z.object({
  connections: z.array(connectionSchema),
  /** Whether the limit cut the list. */
  truncated: z.boolean(),
});

export const eventSchema = z.object({
  id: count,
  at: wallClock,
  kind: z.string(),
  subject: z.string(),
  reason: z.string(),
  evidence: json.optional(),
});
export type ApiEvent = z.infer<typeof eventSchema>;
export const eventListSchema = z.object({ events: z.array(eventSchema) });

export const drainBodySchema = z.strictObject({
  deadline_ms: z
    .number()
    .int()
    .min(0)
    .max(7 * 86_400_000)
    .optional(),
  at_deadline: z.enum(['cut', 'keep']).optional(),
});
export const weightBodySchema = z.strictObject({
  weight: z
    .union([z.number().int().min(0).max(65_535), z.null()])
    .describe('null: back to the configured weight'),
});
export const rollbackBodySchema = z.strictObject({ revision: z.number().int().min(1).optional() });
export const checkBodySchema = z.string();
export const explainBodySchema = z.strictObject({ service: z.string(), client: z.string() });
export const probeBodySchema = z.strictObject({
  service: z.string().optional(),
  server: z.string().optional(),
});

export const changeSchema = z.object({
  revision: count,
  /** false: the disk refused; it holds until the process ends and is stored as soon as the disk takes it. */
  stored: z.boolean(),
  server: serverSchema.optional(),
});
export type Change = z.infer<typeof changeSchema>;

export const applySchema = z.object({
  revision: count,
  dry_run: z.boolean(),
  changed: z.boolean(),
  stored: z.boolean(),
  /** What changes in the configuration, in words. */
  changes: z.array(z.string()),
  warnings: z.array(z.string()),
  /** What is done to the engine, in words. */
  steps: z.array(z.string()),
  failed: z.array(z.object({ service: z.string(), code: z.string(), detail: z.string() })),
  /** Changes that only a restart brings. */
  needs_restart: z.array(z.string()),
});
export type ApplyReply = z.infer<typeof applySchema>;

export const checkSchema = z.object({
  ok: z.boolean(),
  problems: z.array(
    z.object({
      line: count.optional(),
      column: count.optional(),
      message: z.string(),
      remedy: z.string().optional(),
    }),
  ),
});
export type CheckReply = z.infer<typeof checkSchema>;

export const explainSchema = z.object({
  outcome: z.enum(['forward', 'local', 'drop']),
  server: z.string().optional(),
  method: z.string().optional(),
  because: z.array(z.string()),
});

export const probeSchema = z.object({
  probed: count,
  /** When it was asked for: outcomes from then on are the answer. */
  at: wallClock.optional(),
});

/** What someone who helps from afar wants to see: named texts, secrets left out. */
export const diagnosticsSchema = z.object({
  at: wallClock,
  node: z.string(),
  version: z.string(),
  texts: z.record(z.string(), z.string()),
});
export type Diagnostics = z.infer<typeof diagnosticsSchema>;

/** RFC 9457. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: count,
  detail: z.string(),
  code: z.string(),
  remedy: z.string().optional(),
  /** Exit status that a command ends with because of it. */
  exit: z.number().int().min(1).max(4),
  problems: checkSchema.shape.problems.optional(),
});
export type Problem = z.infer<typeof problemSchema>;
