// Made-up services, servers, checks and series, typed by the control API's schemas, for pages about one of them.
import type { Series } from '../../../director/control/history-schema.ts';
import type { CheckStatus, ProbeHistory, ProbeRecord } from '../../../director/control/monitor-schema.ts';
import type { Connection, ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';
import { NOW } from './pictures.ts';

const NO_TRAFFIC = { connections: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 };
const RATES = {
  ...{ connections_per_s: 4, packets_in_per_s: 40, packets_out_per_s: 48 },
  ...{ bytes_in_per_s: 6_000, bytes_out_per_s: 160_000 },
};

export function serverOf(change: Partial<ServerStatus> = {}): ServerStatus {
  return {
    ...{ service: 'www', name: 'rs1', role: 'server', address: '10.1.0.21:80', method: 'nat' },
    ...{ health: 'up', health_reason: 'status 200 after 2 ms', health_since: NOW - 3_600_000 },
    ...{ latency_ms: 2.1, admin: 'enabled', weight_configured: 1, weight_effective: 1 },
    ...{ presence: 'present', because: 'serving', active: 12, inactive: 3, templates: 0 },
    ...{ traffic: NO_TRAFFIC, rates: RATES },
    ...change,
  };
}

export function serviceOf(change: Partial<ServiceStatus> = {}): ServiceStatus {
  const service = change.name ?? 'www';
  const servers = change.servers ?? [
    serverOf({ service }),
    serverOf({ service, name: 'rs2', address: '10.1.0.22:80' }),
  ];
  return {
    ...{ name: service, listen: 'tcp://10.0.0.100:80', scheduler: 'wlc', removal: 'reset', health: 'up' },
    ...{ because: 'every enabled server is up', servers_total: servers.length },
    servers_up: servers.filter(({ health }) => health === 'up').length,
    ...{ presence: 'present', active: 24, inactive: 6, templates: 0, traffic: NO_TRAFFIC, rates: RATES },
    ...change,
    servers,
  };
}

export function probesOf(results: readonly (readonly [ProbeRecord['result'], number])[]): ProbeRecord[] {
  return results.map(([result, latency_ms], index) => ({
    ...{ at: NOW - (results.length - index) * 2_000, result, latency_ms },
    ...(result === 'ok' ? {} : { detail: result === 'fail' ? 'connection refused' : 'status 200' }),
  }));
}

export function checkOf(change: Partial<CheckStatus> = {}): CheckStatus {
  return {
    ...{ id: 'c1', servers: ['www/rs1'], target: '10.1.0.21:80', kind: 'http', what: 'GET /health' },
    ...{ interval_ms: 2_000, timeout_ms: 1_000, rise: 2, fall: 3, health: 'up', against: 0 },
    ...{ reason: 'status 200 after 2 ms', since: NOW - 3_600_000, probes: 1_800, failures: 2 },
    last: { at: NOW - 1_000, result: 'ok', latency_ms: 2.1 },
    ...{ latency_mean_ms: 2.3, latency_p99_ms: 8.8 },
    ...change,
  };
}

export function historyOf(recent: readonly ProbeRecord[], change: Partial<CheckStatus> = {}): ProbeHistory {
  return { service: 'www', server: 'rs1', checks: [{ ...checkOf(change), recent: [...recent] }] };
}

/** `of`: value of a metric at a time. */
export function seriesOf(
  subject: string,
  { from, to, points }: { readonly from: number; readonly to: number; readonly points: number },
  of: (metric: string, at: number) => number | null,
  metrics: readonly string[],
  level: Series['level'] = '1m',
): Series {
  const step_ms = (to - from) / points;
  const times = Array.from({ length: points }, (_, index) => Math.round(from + index * step_ms));
  const column = (metric: string, factor: number): (number | null)[] =>
    times.map((at) => {
      const value = of(metric, at);
      return value === null ? null : value * factor;
    });
  return {
    ...{ subject, level, step_ms: Math.round(step_ms), times },
    values: Object.fromEntries(metrics.map((metric) => [metric, column(metric, 1)])),
    highs: Object.fromEntries(metrics.map((metric) => [metric, column(metric, 1.4)])),
  };
}

export function connectionOf(change: Partial<Connection> = {}): Connection {
  return {
    ...{ kind: 'connection', protocol: 'tcp', client: '192.0.2.7:40000', virtual: '10.0.0.100:80' },
    ...{ server: '10.1.0.21:80', service: 'www', server_name: 'rs1', method: 'nat', state: 'ESTABLISHED' },
    ...{
      expires_ms: 880_000,
      packets_in: 12,
      packets_out: 10,
      bytes_in: 1_500,
      bytes_out: 48_000,
      controls: 0,
    },
    ...change,
  };
}
