// Every mapping of the configuration as a table: key, how it is read, default. The tables are the one list of keys:
// unknown keys are compared with them and docs/configuration.md is held against them.
import { z } from 'zod';
import { METHODS, REMOVAL_POLICIES, SCHEDULERS } from '../model/service.ts';
import { CONNECTION_STATES, type ConnectionState } from '../model/state.ts';
import { SCHEDULED_DRILLS } from './configuration.ts';
import { PART, type Shape } from './fields.ts';
import { mailAddress, smtpUrl, webhookUrl } from './notify-scalars.ts';
import {
  command,
  domainName,
  hostHeader,
  hostName,
  httpPath,
  httpStatus,
  pattern,
  sentText,
} from './probe-scalars.ts';
import * as scalar from './scalars.ts';
import { cronExpression, orderedWeight, serverName, timeZone } from './schedule-scalars.ts';

const DAY_MS = 86_400_000;

export const ROOT = {
  cluster: scalar.name,
  directors: PART,
  heartbeat: PART,
  virtual_ips: PART,
  engine: PART,
  sync: PART,
  services: PART,
  notifications: PART,
  schedule: PART,
  console: PART,
  history: PART,
} satisfies Shape;

export const DIRECTOR = {
  address: scalar.ipAddress,
  priority: scalar.number(1, 255).default(100),
} satisfies Shape;

export const HEARTBEAT = {
  interval: scalar.duration(10, 60_000).default(100),
  /** Default: four intervals. */
  deadtime: scalar.duration(20, 600_000).optional(),
  key_file: scalar.text(4096),
  links: PART,
  witnesses: z.array(scalar.ipAddress).max(8).default([]),
  failback: scalar.choice(['manual', 'auto']).default('manual'),
  /** Default: two deadtimes, at least a second. */
  initdead: scalar.duration(0, 600_000).optional(),
  fence: PART,
} satisfies Shape;

export const UDP_LINK = {
  udp: scalar.interfaceName,
  port: scalar.port.default(694),
  /** Default: the directors' addresses where they are on this interface, else multicast. */
  addresses: PART,
} satisfies Shape;

export const SERIAL_LINK = {
  serial: scalar.text(255),
  baud: scalar.rate([9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600]).default(115200),
} satisfies Shape;

export const FENCE = {
  command,
  timeout: scalar.duration(100, 600_000).default(5_000),
  on_failure: scalar.choice(['refuse', 'proceed']).default('refuse'),
} satisfies Shape;

export const VIRTUAL_IP = {
  address: scalar.addressWithPrefix,
  interface: scalar.interfaceName,
  role: scalar.choice(['service', 'nat-gateway']).default('service'),
  probe: z.boolean().default(false),
} satisfies Shape;

export const ENGINE = {
  kind: scalar.choice(['ebpf', 'ipvs', 'memory']).default('ebpf'),
  /** Default: the interfaces of the virtual IPs. */
  interfaces: z.array(scalar.interfaceName).max(64).optional(),
  hook: scalar.choice(['auto', 'tc', 'xdp']).default('auto'),
  connections: scalar.size(1_024, 16 * 2 ** 20).default(262_144),
  timeouts: PART,
} satisfies Shape;

/** Timeout key -> state. A template's lifetime is its service's persistence timeout, so it has no key. */
export const TIMEOUT_STATES: Readonly<Record<string, ConnectionState>> = {
  tcp: 'ESTABLISHED',
  tcp_fin: 'FIN_WAIT',
  ...Object.fromEntries(
    CONNECTION_STATES.filter((state) => state !== 'TEMPLATE').map((state) => [state.toLowerCase(), state]),
  ),
};

export const TIMEOUTS: Readonly<Record<string, z.ZodType<number | undefined>>> = Object.fromEntries(
  Object.keys(TIMEOUT_STATES).map((key) => [key, scalar.duration(100, 31 * DAY_MS).optional()]),
);

export const SYNC = {
  /** Default: the interface of the first udp link. */
  link: scalar.interfaceName.optional(),
  port: scalar.port.default(8849),
} satisfies Shape;

export const CONSOLE = { listen: scalar.socketAddress } satisfies Shape;

export const HISTORY = {
  /** Of the file on disk; 0: nothing is kept. */
  size: scalar.bytesOrNone(8 * 2 ** 20, 64 * 2 ** 30).default(256 * 2 ** 20),
  /** How many are kept; the oldest go (director/store/record.ts). */
  events: scalar.number(1_000, 400_000).default(100_000),
  audit: scalar.number(1_000, 200_000).default(50_000),
} satisfies Shape;

export const SERVICE = {
  listen: scalar.listen,
  scheduler: scalar.choice(SCHEDULERS).default('wlc'),
  method: scalar.choice(METHODS).default('nat'),
  persistence: PART,
  monitor: PART,
  servers: PART,
  sorry: PART,
  /** Default: udp reassign, tcp reset. */
  removal: scalar.choice(REMOVAL_POLICIES).optional(),
  down: scalar.choice(['remove', 'quiesce']).default('remove'),
  slow_start: scalar.duration(0, DAY_MS).default(0),
} satisfies Shape;

export const PERSISTENCE = {
  timeout: scalar.duration(1_000, 31 * DAY_MS).default(360_000),
  /** Default: every client for itself. */
  netmask: scalar.number(0, 128).optional(),
} satisfies Shape;

export const SERVER = {
  address: scalar.serverAddress,
  method: scalar.choice(METHODS).optional(),
  weight: scalar.weight.default(1),
  probe_port: scalar.port.optional(),
} satisfies Shape;

export const SORRY = {
  address: scalar.serverAddress,
  method: scalar.choice(METHODS).optional(),
} satisfies Shape;

/** Keys of every monitor. */
export const MONITOR = {
  interval: scalar.duration(10, DAY_MS).default(1_000),
  /** Default: half the interval, but at least 50 ms where the interval allows. */
  fast_interval: scalar.duration(10, DAY_MS).optional(),
  /** Default: the interval, but at most 1 s. */
  timeout: scalar.duration(10, 600_000).optional(),
  rise: scalar.number(1, 100).default(2),
  fall: scalar.number(1, 100).default(3),
  jitter: scalar.percent.default(0.1),
  port: scalar.port.optional(),
} satisfies Shape;

const flag = z.boolean();
const HTTP_OPTIONS = {
  method: scalar.choice(['GET', 'HEAD']).default('GET'),
  host: hostHeader.optional(),
  sni: hostName.optional(),
  verify: flag.optional(),
  status: httpStatus.optional(),
  match: pattern.optional(),
};

/** Kind of probe -> its own keys, the kind's key first. */
export const PROBES = {
  tcp: { tcp: z.literal(true) },
  http: { http: httpPath, ...HTTP_OPTIONS },
  https: { https: httpPath, ...HTTP_OPTIONS },
  ping: { ping: z.literal(true) },
  dns: {
    dns: domainName,
    type: scalar.choice(['A', 'AAAA', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'PTR', 'SRV']).default('A'),
    answer: pattern.optional(),
  },
  expect: { expect: PART },
  exec: { exec: command },
} satisfies Readonly<Record<string, Shape>>;
export type ProbeKind = keyof typeof PROBES;
export const PROBE_KINDS = Object.keys(PROBES) as ProbeKind[];

export const EXPECT = {
  banner: pattern.optional(),
  send: sentText.optional(),
  match: pattern.optional(),
  steps: PART,
  starttls: flag.default(false),
  tls: flag.default(false),
  sni: hostName.optional(),
} satisfies Shape;

export const EXPECT_STEP = {
  expect: pattern.optional(),
  send: sentText.optional(),
  starttls: z.literal(true).optional(),
} satisfies Shape;

const SEVERITIES = ['critical', 'warning', 'notice', 'recovery'] as const;

/** Keys of every target of notifications. */
export const NOTIFICATION = {
  on: z
    .array(scalar.choice(SEVERITIES))
    .min(1)
    .max(SEVERITIES.length)
    .default(['critical', 'warning', 'recovery']),
  /** Default: everything. */
  services: z.array(scalar.name).min(1).max(256).optional(),
  group: scalar.duration(0, 600_000).default(5_000),
  /** Default: never. */
  remind: scalar.duration(60_000, 7 * DAY_MS).optional(),
  timeout: scalar.duration(100, 120_000).default(10_000),
} satisfies Shape;

/** Kind of target -> its own keys, the kind's key first. */
export const NOTIFY = {
  webhook: {
    webhook: webhookUrl,
    headers: PART,
    secret_file: scalar.text(4096).optional(),
    ca_file: scalar.text(4096).optional(),
  },
  email: {
    email: z.array(mailAddress).min(1).max(16),
    from: mailAddress,
    smtp: smtpUrl,
    user: scalar.text(256).optional(),
    password_file: scalar.text(4096).optional(),
    /** Default: starttls; tls for smtps. */
    tls: scalar.choice(['starttls', 'tls', 'none']).optional(),
    ca_file: scalar.text(4096).optional(),
  },
  command: { command },
} satisfies Readonly<Record<string, Shape>>;
export type NotifyKind = keyof typeof NOTIFY;

/** Beside the names of what is scheduled. */
export const SCHEDULE = { timezone: timeZone.optional() } satisfies Shape;

/** Kind of scheduled work -> its keys. */
export const SCHEDULED = {
  maintenance: {
    at: cronExpression,
    for: scalar.duration(1_000, 31 * DAY_MS),
    servers: z.array(serverName).min(1).max(256),
    drain_before: scalar.duration(0, DAY_MS).default(0),
  },
  weight: { at: cronExpression, server: serverName, weight: orderedWeight },
  drill: { at: cronExpression, name: scalar.choice(SCHEDULED_DRILLS) },
  backup: { at: cronExpression, keep: scalar.number(1, 1_000).default(14), history: flag.default(false) },
} satisfies Readonly<Record<string, Shape>>;
export type ScheduledKind = keyof typeof SCHEDULED;

/** Everything a file may say, for the documentation's test. */
export const TABLES: Readonly<Record<string, Shape>> = {
  root: ROOT,
  directors: DIRECTOR,
  heartbeat: HEARTBEAT,
  'udp link': UDP_LINK,
  'serial link': SERIAL_LINK,
  fence: FENCE,
  virtual_ips: VIRTUAL_IP,
  engine: ENGINE,
  timeouts: TIMEOUTS,
  sync: SYNC,
  console: CONSOLE,
  history: HISTORY,
  services: SERVICE,
  persistence: PERSISTENCE,
  servers: SERVER,
  sorry: SORRY,
  monitor: MONITOR,
  ...PROBES,
  'expect options': EXPECT,
  'expect steps': EXPECT_STEP,
  notifications: NOTIFICATION,
  ...NOTIFY,
  schedule: SCHEDULE,
  'scheduled work': Object.fromEntries(Object.keys(SCHEDULED).map((kind) => [kind, PART])),
  ...SCHEDULED,
};
