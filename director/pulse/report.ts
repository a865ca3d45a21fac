// The director's state as the control API shows it: configuration, orders, verdicts and engine side by side, each
// server with the reason for what it gets. Pure.

import type { ServerConfig, ServiceConfig } from '../config/configuration.ts';
import type { ServerStatus, ServiceStatus } from '../control/schema.ts';
import type { ServerSnapshot, ServiceSnapshot } from '../engine/engine.ts';
import { formatEndpoint } from '../model/address.ts';
import { emptyTraffic } from '../model/counters.ts';
import { serverKey } from '../model/orders.ts';
import { formatListen } from '../model/service.ts';
import type { DesiredServer } from '../reconcile/desired.ts';
import type { OrderRecord } from '../store/record.ts';
import { type Director, HEALTH_SENTENCES } from './director.ts';
import type { HealthBoard, HealthDetail } from './health-board.ts';
import { indexByName, NamedOnes } from './named-ones.ts';
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
  const snapshots = indexByName(director.observer.snapshot().services);
  const reports: ServiceStatus[] = [];
  for (const config of director.configuration.services)
    if (only === undefined || config.name === only)
      reports.push(reportService(sources, config, snapshots.get(config.name) ?? []));
  for (const [name, leftovers] of snapshots)
    if (director.service(name) === undefined && (only === undefined || name === only))
      reports.push(reportLeftover(sources, leftovers));
  return reports;
}

/** What of a service's texts follows from its configuration alone, so that it is not made anew every second. */
interface Texts {
  readonly listen: string;
  /** In the order of configured(). */
  readonly servers: readonly ServerTexts[];
}
interface ServerTexts {
  readonly key: string;
  readonly address: string;
}
const madeTexts = new WeakMap<ServiceConfig, Texts>();

function textsOf(config: ServiceConfig): Texts {
  const made = madeTexts.get(config);
  if (made !== undefined) return made;
  const texts = {
    listen: formatListen(config.listen),
    servers: configured(config).map(({ name, address, port }) => ({
      key: serverKey(config.name, name),
      address: formatEndpoint(address, port),
    })),
  };
  madeTexts.set(config, texts);
  return texts;
}

/** The sorry server last. */
function configured(config: ServiceConfig): readonly ServerConfig[] {
  return config.sorry === undefined ? config.servers : [...config.servers, config.sorry];
}

function reportService(
  sources: ReportSources,
  config: ServiceConfig,
  snapshots: readonly ServiceSnapshot[],
): ServiceStatus {
  const { director } = sources;
  const members = snapshots.length === 1 ? snapshots[0]!.servers : snapshots.flatMap((each) => each.servers);
  const present = snapshots.find((service) => service.presence === 'present');
  const isWhole = members.every((member) => member.presence === 'present');
  const own = new NamedOnes(members, isWhole && snapshots.length === 1);
  const wanted = new NamedOnes(director.desired(config.name)?.servers ?? [], true);
  const texts = textsOf(config);
  const servers = configured(config).map((server, index) => {
    const role: Subject['role'] = index < config.servers.length ? 'server' : 'sorry';
    const subject = {
      service: config,
      server,
      role,
      wanted: wanted.take(server.name)[0],
      own: own.take(server.name),
    };
    return reportServer(sources, subject, texts.servers[index]!);
  });
  let up = 0;
  for (const { role, health } of servers) if (role === 'server' && health === 'up') up++;
  // Those that the configuration no longer names, as long as they have connections.
  for (const member of own.left()) servers.push(removed(config.name, member));
  const health = director.health(config.name);
  return {
    name: config.name,
    listen: texts.listen,
    scheduler: config.scheduler,
    ...(config.persistence === undefined ? {} : { persistence: config.persistence }),
    removal: config.removal,
    health,
    because: HEALTH_SENTENCES[health],
    servers_total: config.servers.length,
    servers_up: up,
    presence: present?.presence ?? snapshots[0]?.presence ?? 'absent',
    ...sums(members),
    traffic: present?.traffic ?? emptyTraffic(),
    rates: director.observer.rates(config.name),
    servers,
  };
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

/** One server, from all sides. */
interface Subject {
  readonly service: ServiceConfig;
  readonly server: ServerConfig;
  readonly role: 'server' | 'sorry';
  readonly wanted: DesiredServer | undefined;
  /** Its entries in the engine, those that are leaving included. */
  readonly own: readonly ServerSnapshot[];
}

function reportServer(
  { director, board, orders }: ReportSources,
  subject: Subject,
  texts: ServerTexts,
): ServerStatus {
  const { service, server, role, wanted, own } = subject;
  const present = own.find((each) => each.presence === 'present');
  const order = orders.of(texts.key);
  const health = role === 'server' ? board.detail(texts.key) : SORRY_HEALTH;
  const { active, inactive, templates } = own.length === 1 ? own[0]! : sums(own);
  // Every second for every server of a large site: one literal, then what not all have.
  const report: ServerStatus = {
    service: service.name,
    name: server.name,
    role,
    address: texts.address,
    method: server.method,
    health: health.health,
    health_reason: health.reason,
    admin: order?.admin ?? 'enabled',
    weight_configured: server.weight,
    weight_effective: present === undefined || present.spec.weight === 0 ? 0 : (wanted?.shownWeight ?? 0),
    presence: present?.presence ?? own[0]?.presence ?? 'absent',
    because: explainServer(subject, order, health, present),
    active,
    inactive,
    templates,
    traffic: present?.traffic ?? emptyTraffic(),
    rates: director.observer.rates(texts.key),
  };
  if (health.since !== undefined) report.health_since = health.since;
  if (health.latency_ms !== undefined) report.latency_ms = health.latency_ms;
  if (order !== undefined) Object.assign(report, reportOrder(order));
  if (present?.path !== undefined) report.path = present.path;
  return report;
}

const SORRY_HEALTH: HealthDetail = {
  health: 'up',
  reason: 'sorry servers are not monitored',
  since: undefined,
  latency_ms: undefined,
};

function reportOrder(order: OrderRecord): Pick<ServerStatus, 'drain' | 'weight_ordered'> {
  const { admin, since, deadline, atDeadline, drained, weight } = order;
  return {
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
  { service, server, role, wanted }: Subject,
  order: OrderRecord | undefined,
  health: HealthDetail,
  present: ServerSnapshot | undefined,
): string {
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
