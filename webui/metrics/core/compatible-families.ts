// Names that other exporters gave the same things, so that dashboards made for them show something: node_exporter's ipvs
// collector, and gen2brain's keepalived_exporter where there is a counterpart.
import type { Ha } from '../../../director/control/ha-schema.ts';
import type { ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';
import { counter, type Family, gauge } from './family.ts';

export interface Total {
  connections: number;
  packets_in: number;
  packets_out: number;
  bytes_in: number;
  bytes_out: number;
}

/** Of all services together; no labels. */
export const IPVS_FAMILIES: readonly Family<Total>[] = [
  counter('node_ipvs_connections_total', 'Connections begun, of all services.', (total) => total.connections),
  counter('node_ipvs_incoming_packets_total', 'Packets from clients.', (total) => total.packets_in),
  counter('node_ipvs_outgoing_packets_total', 'Packets to clients.', (total) => total.packets_out),
  counter('node_ipvs_incoming_bytes_total', 'Bytes from clients.', (total) => total.bytes_in),
  counter('node_ipvs_outgoing_bytes_total', 'Bytes to clients.', (total) => total.bytes_out),
];

/** Labels: `local_address`, `local_port`, `remote_address`, `remote_port`, `proto`, `local_mark`. */
export const IPVS_SERVER_FAMILIES: readonly Family<ServerStatus>[] = [
  gauge(
    'node_ipvs_backend_connections_active',
    'Connections that are established.',
    (server) => server.active,
  ),
  gauge(
    'node_ipvs_backend_connections_inactive',
    'Connections that begin or end.',
    (server) => server.inactive,
  ),
  gauge('node_ipvs_backend_weight', 'What the engine schedules by.', (server) => server.weight_effective),
];

/** No labels. */
export const KEEPALIVED_FAMILIES: readonly Family<unknown>[] = [gauge('keepalived_up', 'Always 1.', () => 1)];

/** Labels: `name` (the cluster), `intf` (the link), `vrid` (always 1), `state`. */
export const KEEPALIVED_LINK_FAMILIES: readonly Family<NonNullable<Ha['links']>[number]>[] = [
  counter('keepalived_vrrp_advert_rcvd', 'Beats taken.', (link) => link.received),
  counter('keepalived_vrrp_advert_sent', 'Beats sent.', (link) => link.sent),
];

function lvs<S extends Pick<ServiceStatus, 'traffic'>>(at: 'vip' | 'rs'): Family<S>[] {
  return [
    counter(`keepalived_lvs_${at}_in_packets`, 'Packets from clients.', ({ traffic }) => traffic.packets_in),
    counter(`keepalived_lvs_${at}_out_packets`, 'Packets to clients.', ({ traffic }) => traffic.packets_out),
    counter(`keepalived_lvs_${at}_in_bytes`, 'Bytes from clients.', ({ traffic }) => traffic.bytes_in),
    counter(`keepalived_lvs_${at}_out_bytes`, 'Bytes to clients.', ({ traffic }) => traffic.bytes_out),
    counter(`keepalived_lvs_${at}_conn`, 'Connections begun.', ({ traffic }) => traffic.connections),
  ];
}

/** Labels: `addr`, `proto`. */
export const KEEPALIVED_SERVICE_FAMILIES: readonly Family<ServiceStatus>[] = lvs('vip');
/** Labels: `vip`, `addr`, `proto`. */
export const KEEPALIVED_SERVER_FAMILIES: readonly Family<ServerStatus>[] = lvs('rs');
