// Reports as the director makes them, for tests of the live stream.
import type { ServerStatus, ServiceStatus } from '../../control/schema.ts';
import type { LiveReport } from '../live-encoder.ts';

const traffic = { connections: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 };
const rates = {
  ...{ connections_per_s: 0, packets_in_per_s: 0, packets_out_per_s: 0 },
  ...{ bytes_in_per_s: 0, bytes_out_per_s: 0 },
};

export function serverNamed(name: string, more: Partial<ServerStatus> = {}): ServerStatus {
  return {
    ...{ service: 'www', name, role: 'server', address: '10.1.0.21:80', method: 'nat' },
    ...{ health: 'up', health_reason: 'fine', admin: 'enabled', because: 'serving' },
    ...{ weight_configured: 1, weight_effective: 1, presence: 'present' },
    ...{ active: 0, inactive: 0, templates: 0, traffic, rates },
    ...more,
  };
}

export function serviceNamed(name: string, servers: readonly ServerStatus[]): ServiceStatus {
  return {
    ...{ name, listen: 'tcp://10.0.0.100:80', scheduler: 'wlc', health: 'up', because: 'all are up' },
    ...{ servers_total: servers.length, servers_up: servers.length, presence: 'present' },
    ...{ active: 0, inactive: 0, templates: 0, traffic, rates },
    servers: servers.map((server) => ({ ...server, service: name })),
  };
}

export function liveReport(services: readonly ServiceStatus[], revision = 1): LiveReport {
  return {
    at: 1_700_000_000_000,
    services,
    status: {
      ...{ version: '0.1.0', node: 'lb1', cluster: 'web', pid: 7, started: 1, now: 2 },
      ...{ role: 'active', role_because: 'it is the only director' },
      revision: { number: revision, at: 1, author: 'file', comment: '', hash: 'abc' },
      engine: {
        ...{ kind: 'memory', hooks: [], survives_restart: false, tables: [] },
        limits: { services: 1, servers: 1, connections: 1 },
        totals: { in: 0, forwarded: 0, local: 0, dropped: {} },
      },
      virtual_ips: [],
      store: { state: 'ok', waiting: 0, dropped: 0 },
      monitor: { pids: [], restarts: 0, checks: 0, probes: 0, failures: 0, lateness_p99_ms: 0 },
      problems: [],
    },
  };
}
