// The director's state as the control API shows it: configuration, orders, verdicts and engine side by side, each
// server with the reason for what it gets. Pure.

import type { ServerConfig, ServiceConfig } from '../config/configuration.ts';
import type { ServerStatus, ServiceStatus } from '../control/schema.ts';
import type { EngineSnapshot, ServerSnapshot, ServiceSnapshot } from '../engine/engine.ts';
import { formatEndpoint } from '../model/address.ts';
import { emptyTraffic } from '../model/counters.ts';
import { serverKey } from '../model/orders.ts';
import { formatListen } from '../model/service.ts';
import type { DesiredService } from '../reconcile/desired.ts';
import type { OrderRecord } from '../store/record.ts';
import { type Director, HEALTH_SENTENCES } from './director.ts';
import type { HealthBoard, HealthDetail } from './health-board.ts';
import { NO_RATES } from './observer.ts';
import type { OrderBook } from './order-book.ts';

export interface ReportSources {
  readonly director: Director;
  readonly board: HealthBoard;
  readonly orders: OrderBook;
}

/** Configured services in the configuration's order, then those that only the engine still has. */
export function reportServices(sources: ReportSources, only?: string): ServiceStatus[] {
  const { director } = sources;
  const snapshots = byName(director.observer.snapshot());
  const reports: ServiceStatus[] = [];
  for (const config of director.configuration.services)
    if (only === undefined || config.name === only)
      reports.push(reportService(sources, config, snapshots.get(config.name) ?? []));
  for (const [name, leftovers] of snapshots)
    if (director.service(name) === undefined && (only === undefined || name === only))
      reports.push(reportLeftover(sources, leftovers));
  return reports;
}

/** A name may stand for a present service and for leaving ones beside it. */
function byName(snapshot: EngineSnapshot): Map<string, ServiceSnapshot[]> {
  const found = new Map<string, ServiceSnapshot[]>();
  for (const service of snapshot.services)
    found.set(service.spec.name, [...(found.get(service.spec.name) ?? []), service]);
  return found;
}

function reportService(
  sources: ReportSources,
  config: ServiceConfig,
  snapshots: readonly ServiceSnapshot[],
): ServiceStatus {
  const { director } = sources;
  const present = snapshots.find((service) => service.presence === 'present');
  const members = snapshots.flatMap((service) => service.servers);
  const desired = director.desired(config.name);
  const servers = [
    ...config.servers.map((server) =>
      reportServer(sources, config, server, 'server', desired, ofName(members, server.name)),
    ),
    ...(config.sorry === undefined
      ? []
      : [reportServer(sources, config, config.sorry, 'sorry', desired, ofName(members, config.sorry.name))]),
    ...reportRemoved(config, members),
  ];
  const health = director.health(config.name);
  const regular = servers.filter((server) => server.role === 'server');
  return {
    name: config.name,
    listen: formatListen(config.listen),
    scheduler: config.scheduler,
    ...(config.persistence === undefined ? {} : { persistence: config.persistence }),
    removal: config.removal,
    health,
    because: HEALTH_SENTENCES[health],
    servers_total: regular.length,
    servers_up: regular.filter((server) => server.health === 'up').length,
    presence: present?.presence ?? snapshots[0]?.presence ?? 'absent',
    ...sums(members),
    traffic: present?.traffic ?? emptyTraffic(),
    rates: director.observer.rates(config.name),
    servers,
  };
}

function ofName(members: readonly ServerSnapshot[], name: string): ServerSnapshot[] {
  return members.filter((member) => member.spec.name === name);
}

function sums(members: readonly ServerSnapshot[]): Pick<ServerStatus, 'active' | 'inactive' | 'templates'> {
  const sum = { active: 0, inactive: 0, templates: 0 };
  for (const { active, inactive, templates } of members) {
    sum.active += active;
    sum.inactive += inactive;
    sum.templates += templates;
  }
  return sum;
}

function reportServer(
  sources: ReportSources,
  service: ServiceConfig,
  server: ServerConfig,
  role: 'server' | 'sorry',
  desired: DesiredService | undefined,
  snapshots: readonly ServerSnapshot[],
): ServerStatus {
  const { director, board, orders } = sources;
  const present = snapshots.find((each) => each.presence === 'present');
  const order = orders.get(service.name, server.name);
  const health: HealthDetail =
    role === 'server'
      ? board.detail(service.name, server.name)
      : { health: 'up', reason: 'sorry servers are not monitored', since: undefined, latency_ms: undefined };
  const shown = desired?.servers.find((each) => each.spec.name === server.name)?.shownWeight ?? 0;
  return {
    service: service.name,
    name: server.name,
    role,
    address: formatEndpoint(server.address, server.port),
    method: server.method,
    health: health.health,
    health_reason: health.reason,
    ...(health.since === undefined ? {} : { health_since: health.since }),
    ...(health.latency_ms === undefined ? {} : { latency_ms: health.latency_ms }),
    ...reportOrder(order),
    weight_configured: server.weight,
    weight_effective: present === undefined || present.spec.weight === 0 ? 0 : shown,
    presence: present?.presence ?? snapshots[0]?.presence ?? 'absent',
    because: explainServer(service, server, role, order, health, present, director.desired(service.name)),
    ...sums(snapshots),
    traffic: present?.traffic ?? emptyTraffic(),
    rates: director.observer.rates(serverKey(service.name, server.name)),
    ...(present?.path === undefined ? {} : { path: present.path }),
  };
}

function reportOrder(
  order: OrderRecord | undefined,
): Pick<ServerStatus, 'admin' | 'drain' | 'weight_ordered'> {
  if (order === undefined) return { admin: 'enabled' };
  const { admin, since, deadline, atDeadline, drained, weight } = order;
  return {
    admin,
    ...(weight === undefined ? {} : { weight_ordered: weight }),
    ...(admin === 'draining'
      ? {
          drain: {
            since,
            ...(deadline === undefined ? {} : { deadline }),
            ...(atDeadline === undefined ? {} : { at_deadline: atDeadline }),
            ...(drained === undefined ? {} : { done: drained }),
          },
        }
      : {}),
  };
}

function explainServer(
  service: ServiceConfig,
  server: ServerConfig,
  role: 'server' | 'sorry',
  order: OrderRecord | undefined,
  health: HealthDetail,
  present: ServerSnapshot | undefined,
  desired: DesiredService | undefined,
): string {
  const wanted = desired?.servers.find((each) => each.spec.name === server.name);
  if ((wanted === undefined) !== (present === undefined))
    return 'the engine has not carried out the last step yet';
  if (order?.admin === 'disabled') return `disabled by ${order.author}`;
  if (order?.admin === 'draining')
    return order.drained === undefined ? `draining by order of ${order.author}` : 'drained';
  if (role === 'sorry')
    return (present?.spec.weight ?? 0) > 0 ? 'no other server takes connections' : 'other servers serve';
  if (health.health === 'down')
    return service.down === 'quiesce' ? 'down: no new connections' : 'down: taken out';
  if (health.health === 'unknown') return 'waiting for the first verdict';
  if ((order?.weight ?? server.weight) === 0)
    return order?.weight === 0 ? `weight 0 by order of ${order.author}` : 'configured weight is 0';
  if (wanted !== undefined && wanted.shownWeight < (order?.weight ?? server.weight)) return 'ramping up';
  return order?.weight === undefined ? 'serving' : `serving, weight by order of ${order.author}`;
}

/** Servers that the configuration no longer names, as long as they have connections. */
function reportRemoved(config: ServiceConfig, members: readonly ServerSnapshot[]): ServerStatus[] {
  const configured = new Set(config.servers.map((server) => server.name));
  if (config.sorry !== undefined) configured.add(config.sorry.name);
  return members
    .filter((member) => !configured.has(member.spec.name))
    .map((member) => removed(config.name, member));
}

function removed(service: string, member: ServerSnapshot): ServerStatus {
  const { name, address, port, method, weight } = member.spec;
  return {
    service,
    name,
    role: 'removed',
    address: formatEndpoint(address, port),
    method,
    health: 'unknown',
    health_reason: 'no longer configured',
    admin: 'enabled',
    weight_configured: 0,
    weight_effective: member.presence === 'present' ? weight : 0,
    presence: member.presence,
    because: `no longer configured${member.policy === undefined ? '' : `; its connections: ${member.policy}`}`,
    active: member.active,
    inactive: member.inactive,
    templates: member.templates,
    traffic: member.traffic,
    rates: NO_RATES,
    ...(member.path === undefined ? {} : { path: member.path }),
  };
}

function reportLeftover(sources: ReportSources, snapshots: readonly ServiceSnapshot[]): ServiceStatus {
  const first = snapshots[0]!;
  const members = snapshots.flatMap((service) => service.servers);
  return {
    name: first.spec.name,
    listen: formatListen(first.spec.listen),
    scheduler: first.spec.scheduler,
    ...(first.spec.persistence === undefined ? {} : { persistence: first.spec.persistence }),
    health: 'empty',
    because: 'no longer configured; its connections are coming to their end',
    servers_total: 0,
    servers_up: 0,
    presence: first.presence,
    ...sums(members),
    traffic: first.traffic,
    rates: sources.director.observer.rates(first.spec.name),
    servers: members.map((member) => removed(first.spec.name, member)),
  };
}
