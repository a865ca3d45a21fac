// Made-up pictures of a director, for what a page shows in states that are hard to bring about, and for sizes that no
// machine here has. Typed by the control API's schemas, so that they cannot drift from what a director says.
import type { ServerStatus, ServiceStatus, Status } from '../../../director/control/schema.ts';
import type { Picture } from '../../../webui/mirror/mirror.ts';

export const AT = Date.UTC(2026, 10, 25, 22, 50, 39);

const NO_TRAFFIC = { connections: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 };

function rates(connections_per_s: number): ServiceStatus['rates'] {
  return {
    connections_per_s,
    packets_in_per_s: connections_per_s * 10,
    packets_out_per_s: connections_per_s * 12,
    bytes_in_per_s: connections_per_s * 1_500,
    bytes_out_per_s: connections_per_s * 40_000,
  };
}

export function serverOf(change: Partial<ServerStatus> = {}): ServerStatus {
  return {
    service: 'www',
    name: 'rs1',
    role: 'server',
    address: '10.1.0.21:80',
    method: 'nat',
    health: 'up',
    health_reason: 'status 200 after 2 ms',
    health_since: AT - 3_600_000,
    latency_ms: 2.1,
    admin: 'enabled',
    weight_configured: 1,
    weight_effective: 1,
    presence: 'present',
    because: 'serving',
    active: 12,
    inactive: 3,
    templates: 0,
    traffic: NO_TRAFFIC,
    rates: rates(4),
    ...change,
  };
}

export function serviceOf(change: Partial<ServiceStatus> = {}): ServiceStatus {
  const name = change.name ?? 'www';
  const servers = change.servers ?? [
    serverOf({ service: name }),
    serverOf({ service: name, name: 'rs2', address: '10.1.0.22:80' }),
  ];
  const regular = servers.filter(({ role }) => role === 'server');
  const sum = (of: (server: ServerStatus) => number): number =>
    servers.reduce((total, server) => total + of(server), 0);
  return {
    name,
    listen: 'tcp://10.0.0.100:80',
    scheduler: 'wlc',
    removal: 'reset',
    health: 'up',
    because: 'every enabled server is up',
    servers_total: regular.length,
    servers_up: regular.filter(({ health }) => health === 'up').length,
    presence: 'present',
    active: sum(({ active }) => active),
    inactive: sum(({ inactive }) => inactive),
    templates: sum(({ templates }) => templates),
    traffic: NO_TRAFFIC,
    rates: rates(sum((server) => server.rates.connections_per_s)),
    ...change,
    servers,
  };
}

function statusOf(change: Partial<Status> = {}): Status {
  return {
    version: '0.1.0',
    node: 'lb1',
    cluster: 'web',
    pid: 1,
    started: AT - 86_400_000,
    now: AT,
    role: 'active',
    role_because: 'the only director',
    revision: { number: 12, at: AT - 7_200_000, author: 'alice', comment: '', hash: 'a' },
    engine: {
      kind: 'memory',
      hooks: [],
      survives_restart: false,
      limits: { services: 1_000, servers: 1_000, connections: 1_000 },
      tables: [],
      totals: { in: 0, forwarded: 0, local: 0, dropped: {} },
    },
    virtual_ips: [],
    services: [],
    store: { state: 'ok', waiting: 0, dropped: 0 },
    monitor: { pids: [], restarts: 0, checks: 0, probes: 0, failures: 0, lateness_p99_ms: 0 },
    problems: [],
    ...change,
  };
}

export function pictureOf(services: readonly ServiceStatus[], status: Partial<Status> = {}): Picture {
  return { at: AT, status: statusOf(status), services };
}

/** Every state that a row can be in, once. */
export function everyState(): ServiceStatus[] {
  const of = (service: string, name: string, change: Partial<ServerStatus> = {}): ServerStatus =>
    serverOf({ service, name, address: `10.1.0.${20 + Number(name.replace(/\D/g, '') || 9)}:80`, ...change });
  const drained = { since: AT - 300_000, done: AT - 60_000 };
  return [
    serviceOf({
      name: 'www',
      health: 'degraded',
      because: 'some enabled servers are not up',
      persistence: { timeout_s: 360, netmask_bits: 32 },
      servers: [
        of('www', 'rs1', { active: 1_204, inactive: 310, templates: 88, rates: rates(48) }),
        of('www', 'rs2', {
          ...{ health: 'down', health_reason: 'connection refused after 3 ms', health_since: AT - 190_000 },
          ...{ weight_effective: 0, presence: 'absent', because: 'down: taken out', active: 0, inactive: 0 },
          rates: rates(0),
        }),
        of('www', 'rs3', {
          ...{ admin: 'draining', drain: { since: AT - 60_000, deadline: AT + 240_000, at_deadline: 'cut' } },
          ...{ weight_effective: 0, because: 'draining by order of alice', active: 37, templates: 12 },
        }),
        of('www', 'rs4', {
          admin: 'draining',
          drain: drained,
          weight_effective: 0,
          because: 'drained',
          active: 0,
          inactive: 0,
        }),
        of('www', 'rs5', {
          admin: 'disabled',
          weight_effective: 0,
          presence: 'absent',
          because: 'disabled by bob',
          active: 0,
          inactive: 0,
        }),
        of('www', 'rs6', {
          weight_ordered: 5,
          weight_effective: 5,
          because: 'serving, weight by order of alice',
        }),
        of('www', 'rs7', { weight_configured: 4, weight_effective: 1.6, because: 'ramping up' }),
        of('www', 'rs8', {
          method: 'tunnel',
          health: 'unknown',
          health_reason: 'not probed yet',
          weight_effective: 0,
          because: 'waiting for the first verdict',
        }),
        of('www', 'sorry', {
          role: 'sorry',
          address: '10.1.0.99:80',
          weight_effective: 0,
          because: 'other servers serve',
        }),
        of('www', 'old1', {
          role: 'removed',
          presence: 'leaving',
          health: 'unknown',
          health_reason: 'no longer configured',
          weight_configured: 0,
          weight_effective: 0,
          because: 'no longer configured; its connections: reset',
          active: 4,
        }),
      ],
    }),
    serviceOf({
      name: 'mail',
      listen: 'tcp://10.0.0.100:25',
      health: 'down',
      because: 'no server is up',
      servers: [
        of('mail', 'mx1', {
          health: 'down',
          health_reason: 'no answer within 5 s',
          health_since: AT - 42_000,
          weight_effective: 0,
          because: 'down: no new connections',
        }),
      ],
    }),
    serviceOf({
      name: 'shop',
      listen: 'tcp://10.0.0.101:443',
      health: 'sorry',
      because: 'only the sorry server answers',
      servers: [
        of('shop', 'rs1', {
          health: 'down',
          health_reason: 'status 503, expected 200',
          health_since: AT - 5_000,
          weight_effective: 0,
          because: 'down: taken out',
        }),
        of('shop', 'sorry', {
          role: 'sorry',
          address: '10.1.0.99:80',
          weight_configured: 1,
          weight_effective: 1,
          because: 'no other server takes connections',
        }),
      ],
    }),
    serviceOf({
      name: 'names',
      listen: 'udp://10.0.0.100:53',
      scheduler: 'rr',
      servers: [of('names', 'rs1'), of('names', 'rs2')],
    }),
    serviceOf({
      name: 'new',
      listen: 'tcp://[2001:db8::100]:80',
      health: 'unknown',
      because: 'waiting for first verdicts',
      servers: [
        of('new', 'rs1', {
          address: '[2001:db8::21]:80',
          health: 'unknown',
          health_reason: 'not probed yet',
          weight_effective: 0,
          because: 'waiting for the first verdict',
        }),
      ],
    }),
    serviceOf({
      name: 'empty',
      listen: 'tcp://10.0.0.102:80',
      health: 'empty',
      because: 'no servers are configured',
      servers: [],
    }),
    serviceOf({
      name: 'gone',
      listen: 'tcp://10.0.0.103:80',
      health: 'empty',
      because: 'no longer configured; its connections are coming to their end',
      presence: 'leaving',
      servers: [],
    }),
  ];
}

/** As many as one likes, all alike; `turn` makes the numbers of every one other ones. */
export function manyServices(services: number, servers: number, turn = 0): ServiceStatus[] {
  return Array.from({ length: services }, (_, index) => {
    const name = `group${Math.floor(index / 20)}-service${index % 20}`;
    return serviceOf({
      name,
      listen: `tcp://10.${index >> 8}.${index & 255}.100:443`,
      servers: Array.from({ length: servers }, (_, place) => {
        const number = (index * 31 + place * 17 + turn * 13) % 997;
        return serverOf({
          service: name,
          name: `rs${place + 1}`,
          address: `10.${100 + (index >> 8)}.${index & 255}.${place + 1}:8443`,
          active: 1_000 + number,
          inactive: number,
          templates: number % 7,
          latency_ms: 1 + (number % 90) / 10,
          rates: rates(number / 10),
        });
      }),
    });
  });
}
