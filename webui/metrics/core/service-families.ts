// What is told of virtual services, real servers and their checks. A server has some thirty samples, so these decide how much
// a scrape of a large site is.
import type { CheckStatus } from '../../../director/control/monitor-schema.ts';
import type { ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';
import { counter, type Family, gauge, info, seconds, states } from './family.ts';

type Counted = Pick<ServiceStatus, 'active' | 'inactive' | 'templates' | 'traffic'>;

function counted(subject: 'service' | 'server'): Family<Counted>[] {
  const at = `fairlead_${subject}`;
  return [
    gauge(`${at}_connections_active`, 'Connections that are established.', ({ active }) => active),
    gauge(`${at}_connections_inactive`, 'Connections that begin or end.', ({ inactive }) => inactive),
    gauge(`${at}_templates`, 'Persistence templates.', ({ templates }) => templates),
    counter(`${at}_connections_total`, 'Connections begun.', ({ traffic }) => traffic.connections),
    counter(`${at}_packets_in_total`, 'Packets from clients.', ({ traffic }) => traffic.packets_in),
    counter(
      `${at}_packets_out_total`,
      'Packets to clients, where they pass here.',
      ({ traffic }) => traffic.packets_out,
    ),
    counter(`${at}_bytes_in_total`, 'IP bytes from clients.', ({ traffic }) => traffic.bytes_in),
    counter(
      `${at}_bytes_out_total`,
      'IP bytes to clients, where they pass here.',
      ({ traffic }) => traffic.bytes_out,
    ),
  ];
}

/** Labels: `service`. */
export const SERVICE_FAMILIES: readonly Family<ServiceStatus>[] = [
  info('fairlead_service_info', 'What the service is.', ['listen', 'scheduler'], (service) => [
    ...[service.listen, service.scheduler],
  ]),
  states(
    ...(['fairlead_service_health', '1 for the health that the service has.'] as const),
    ['up', 'degraded', 'sorry', 'down', 'unknown', 'empty'],
    (service) => service.health,
  ),
  gauge(
    'fairlead_service_servers',
    'Real servers, without the sorry server.',
    (service) => service.servers_total,
  ),
  gauge('fairlead_service_servers_up', 'Those of them that are up.', (service) => service.servers_up),
  ...counted('service'),
];

/** Labels: `service`, `server`. */
export const SERVER_FAMILIES: readonly Family<ServerStatus>[] = [
  info('fairlead_server_info', 'What the server is.', ['address', 'method', 'role'], (server) => [
    ...[server.address, server.method, server.role],
  ]),
  states('fairlead_server_health', '1 for its health.', ['up', 'down', 'unknown'], (server) => server.health),
  gauge('fairlead_server_health_since_seconds', 'Since when it is so, since 1970.', (server) =>
    seconds(server.health_since),
  ),
  states(
    ...(['fairlead_server_admin', '1 for what was ordered.'] as const),
    ['enabled', 'draining', 'disabled'],
    (server) => server.admin,
  ),
  gauge(
    'fairlead_server_weight_configured',
    'What the configuration says.',
    (server) => server.weight_configured,
  ),
  gauge(
    'fairlead_server_weight_effective',
    'What the engine schedules by.',
    (server) => server.weight_effective,
  ),
  gauge('fairlead_server_probe_latency_seconds', 'Of the last probe.', (server) =>
    seconds(server.latency_ms),
  ),
  ...counted('server'),
];

/** Labels: `service`, `server`, `kind`, `what`. */
export const CHECK_FAMILIES: readonly Family<CheckStatus>[] = [
  counter('fairlead_check_probes_total', 'Probes made.', (check) => check.probes),
  counter('fairlead_check_probe_failures_total', 'Probes that failed.', (check) => check.failures),
  gauge(
    'fairlead_check_against',
    'Probes in a row that speak against the present health.',
    (check) => check.against,
  ),
  gauge('fairlead_check_latency_mean_seconds', 'Of the latest probes.', (check) =>
    seconds(check.latency_mean_ms),
  ),
  gauge('fairlead_check_latency_p99_seconds', 'Of the latest probes.', (check) =>
    seconds(check.latency_p99_ms),
  ),
];
