// A picture of a director that has everything: a pair on two links, checks, history, and as many services as the test wants.
import type { HistoryStatus } from '../../../director/control/history-schema.ts';
import type { CheckStatus } from '../../../director/control/monitor-schema.ts';
import type { ServerStatus, ServiceStatus, Status } from '../../../director/control/schema.ts';
import { DROP_REASONS } from '../../../director/model/counters.ts';
import type { MetricsPicture } from '../core/render.ts';

const rates = {
  ...{
    connections_per_s: 1,
    packets_in_per_s: 2,
    packets_out_per_s: 3,
    bytes_in_per_s: 4,
    bytes_out_per_s: 5,
  },
};

export function exampleServer(service: string, index: number): ServerStatus {
  return {
    ...{
      service,
      name: `rs${index + 1}`,
      role: 'server',
      address: `10.1.${index >> 8}.${index & 255}:80`,
      method: 'nat',
    },
    ...{
      health: index % 7 === 3 ? 'down' : 'up',
      health_reason: 'HTTP 200',
      health_since: 1_700_000_000_000,
    },
    ...{
      latency_ms: 1.25,
      admin: 'enabled',
      weight_configured: 1,
      weight_effective: 0.5,
      presence: 'present',
    },
    ...{ because: 'serving', active: index, inactive: 2, templates: 0, rates },
    traffic: {
      connections: 100 + index,
      packets_in: 1_000,
      packets_out: 900,
      bytes_in: 100_000,
      bytes_out: 1_000_000,
    },
  };
}

export function exampleService(index: number, servers: number): ServiceStatus {
  const name = `www${index}`;
  return {
    ...{ name, listen: `tcp://10.0.${index >> 8}.${index & 255}:80`, scheduler: 'wlc', health: 'degraded' },
    ...{ because: 'some are down', servers_total: servers, servers_up: servers - 1, presence: 'present' },
    ...{ active: 10, inactive: 5, templates: 1, rates },
    traffic: {
      connections: 2_000,
      packets_in: 20_000,
      packets_out: 18_000,
      bytes_in: 2_000_000,
      bytes_out: 20_000_000,
    },
    servers: Array.from({ length: servers }, (_, each) => exampleServer(name, each)),
  };
}

const HA: NonNullable<Status['ha']> = {
  ...{ pair: true, node: 'lb1', role: 'active', because: 'won' },
  heartbeat: {
    ...{
      running: true,
      restarts: 1,
      pid: 9,
      role: 'active',
      because: 'won',
      since: 1_700_000_000_000,
      epoch: 7,
    },
    ...{ hold: false, health: 'good', health_reason: '', complete: true, witness: true, announcements: 12 },
    ...{ claimants: 0, lateness_p99_ms: 0.5, lateness_max_ms: 6, priority_mode: 'fifo' },
  },
  peer: {
    ...{
      name: 'lb2',
      heard: true,
      heard_age_ms: 80,
      role: 'standby',
      health: 'good',
      hold: false,
      complete: true,
    },
    ...{ epoch: 7, priority: 100, revision: 3 },
  },
  links: ['eth1', 'eth0'].map((name) => ({
    ...{
      name,
      kind: 'udp' as const,
      up: true,
      detail: '',
      heard_age_ms: 80,
      they_heard_age_ms: 90,
      sent: 100,
    },
    ...{
      received: 98,
      lost_permille: 20,
      rejected: { 'bad-mac': 3, replayed: 0 },
      peer_address: '10.1.0.12',
    },
  })),
  lease: { state: 'held', detail: '', age_ms: 40 },
  sync: {
    ...{
      running: true,
      restarts: 0,
      state: 'steady',
      because: '',
      complete: true,
      progress: 1,
      position: 500,
    },
    ...{ acknowledged: 499, lag_p50_ms: 1, lag_p99_ms: 6, lag_max_ms: 12, events_lost: 0, cpu_ms: 1_500 },
    ...{ sent: { datagrams: 50 }, received: { datagrams: 40 }, applied: { installed: 400 } },
    ...{ refused: { 'unknown-service': 1 }, digests: { compared: 10, differing: 1, repaired_entries: 1 } },
  },
  channel: {
    ...{
      connected: true,
      because: '',
      listening: true,
      heard_age_ms: 500,
      up_to_date: true,
      last_state: 'same',
    },
    refused: { stale: 1 },
  },
};

const STATUS: Status = {
  ...{
    version: '0.1.0',
    node: 'lb1',
    cluster: 'web',
    pid: 1,
    started: 1_700_000_000_000,
    now: 1_700_000_100_500,
  },
  ...{ role: 'active', role_because: 'won', ha: HA, services: [] },
  revision: { number: 3, at: 1_700_000_000_000, author: 'ann', comment: '', hash: 'x' },
  engine: {
    ...{ kind: 'ebpf', hooks: [{ interface: 'eth0', hook: 'xdp', why: '' }], survives_restart: true },
    limits: { services: 1_000, servers: 10_000, connections: 1_048_576 },
    tables: [{ name: 'connections', used: 1_000_000, limit: 1_048_576 }],
    totals: {
      ...{ in: 1_000, forwarded: 900, local: 50 },
      dropped: Object.fromEntries(DROP_REASONS.map((reason, index) => [reason, index])),
    },
  },
  virtual_ips: [{ address: '10.0.0.100/24', interface: 'eth0', role: 'vip', state: 'up' }],
  store: { state: 'ok', waiting: 0, dropped: 0 },
  monitor: { pids: [2, 3], restarts: 0, checks: 4_000, probes: 8_000, failures: 12, lateness_p99_ms: 3.5 },
  problems: [{ subject: 'www', code: 'table-full', detail: '', since: 1, next_attempt: 2 }],
};

const HISTORY: HistoryStatus = {
  ...{
    state: 'ok',
    bytes: 1_000_000,
    bytes_max: 10_000_000,
    subjects: 10,
    subjects_max: 20_000,
    left_out: 0,
    levels: [],
    dropped: 0,
  },
};

export function exampleCheck(servers: string[]): CheckStatus {
  return {
    ...{
      id: 'check',
      servers,
      target: '10.1.0.0:80',
      kind: 'http',
      what: 'GET /health',
      interval_ms: 1_000,
      timeout_ms: 500,
    },
    ...{
      rise: 2,
      fall: 3,
      health: 'up',
      reason: 'HTTP 200',
      against: 0,
      latency_mean_ms: 1.5,
      latency_p99_ms: 4,
    },
    ...{ probes: 100, failures: 1 },
  };
}

export function examplePicture(services = 2, servers = 3): MetricsPicture {
  const all = Array.from({ length: services }, (_, index) => exampleService(index, servers));
  return {
    ...{ status: STATUS, services: all, history: HISTORY },
    checks: all.flatMap((service) =>
      service.servers.map(({ name }) => exampleCheck([`${service.name}/${name}`])),
    ),
  };
}
