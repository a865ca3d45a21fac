// A moment of the past as services with their servers, so that it is drawn, filtered and exported as the present is. What
// was not sampled (addresses, schedulers, reasons) is told as it is now, where it still is there. Pure.
import {
  ADMIN_CODES,
  HEALTH_CODES,
  type Metric,
  type Moment,
} from '../../../director/control/history-schema.ts';
import type { ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';

type Values = Readonly<Partial<Record<Metric, number>>>;

export function servicesThen({ subjects }: Moment, present: readonly ServiceStatus[]): ServiceStatus[] {
  const known = new Map(present.map((service) => [service.name, service]));
  const members = new Map<string, [string, Values][]>();
  const services: [string, Values][] = [];
  for (const [subject, values] of Object.entries(subjects)) {
    const slash = subject.indexOf('/');
    if (slash < 0) services.push([subject, values]);
    else {
      const service = subject.slice(0, slash);
      const member: [string, Values] = [subject.slice(slash + 1), values];
      const others = members.get(service);
      if (others === undefined) members.set(service, [member]);
      else others.push(member);
    }
  }
  const order = new Map(present.map(({ name }, index) => [name, index]));
  const place = (name: string): number => order.get(name) ?? order.size;
  return services
    .filter(([name]) => name !== 'director' || members.has(name))
    .map(([name, values]) => serviceThen(name, values, members.get(name) ?? [], known.get(name)))
    .sort((one, other) => place(one.name) - place(other.name));
}

function serviceThen(
  name: string,
  values: Values,
  members: readonly [string, Values][],
  now: ServiceStatus | undefined,
): ServiceStatus {
  const servers = members.map(([server, its]) =>
    serverThen(
      name,
      server,
      its,
      now?.servers.find((each) => each.name === server),
    ),
  );
  const regular = servers.filter(({ role }) => role === 'server');
  const code = HEALTH_CODES[values.health ?? 1] ?? 'unknown';
  return {
    name,
    listen: now?.listen ?? '',
    scheduler: now?.scheduler ?? '',
    ...(now?.persistence === undefined ? {} : { persistence: now.persistence }),
    health: code === 'none' ? 'empty' : code,
    because: 'as it was sampled',
    servers_total: regular.length,
    servers_up: regular.filter(({ health }) => health === 'up').length,
    presence: 'present',
    ...numbers(values),
    servers,
  };
}

function serverThen(
  service: string,
  name: string,
  values: Values,
  now: ServerStatus | undefined,
): ServerStatus {
  const code = HEALTH_CODES[values.health ?? 1] ?? 'unknown';
  const weight = values.weight_effective ?? 0;
  return {
    service,
    name,
    role: now?.role ?? 'server',
    address: now?.address ?? '',
    method: now?.method ?? 'nat',
    health: code === 'up' || code === 'down' ? code : 'unknown',
    health_reason: '',
    ...(values.latency_ms === undefined ? {} : { latency_ms: values.latency_ms }),
    admin: ADMIN_CODES[values.admin ?? 0] ?? 'enabled',
    // Only the effective weight is sampled; what was asked then is not known.
    weight_configured: weight,
    weight_effective: weight,
    presence: 'present',
    because: '',
    ...numbers(values),
  };
}

function numbers(
  values: Values,
): Pick<ServiceStatus, 'active' | 'inactive' | 'templates' | 'traffic' | 'rates'> {
  const whole = (metric: Metric): number => Math.max(0, Math.round(values[metric] ?? 0));
  const rate = (metric: Metric): number => values[metric] ?? 0;
  return {
    active: whole('active'),
    inactive: whole('inactive'),
    templates: whole('templates'),
    traffic: { connections: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 },
    rates: {
      connections_per_s: rate('connections_per_s'),
      packets_in_per_s: rate('packets_in_per_s'),
      packets_out_per_s: rate('packets_out_per_s'),
      bytes_in_per_s: rate('bytes_in_per_s'),
      bytes_out_per_s: rate('bytes_out_per_s'),
    },
  };
}
