// Commands that read: status, services, servers.

import type { ServerStatus, ServiceStatus, Status } from '../../control/schema.ts';
import { amount } from '../../model/amount.ts';
import { EXIT } from '../../model/error.ts';
import { type Command, type CommandContext, flag } from '../command.ts';
import { overview } from '../overview.ts';
import { admin, bytesRate, configuredWeight, duration, rate, serverHealth, serviceHealth } from '../show.ts';
import { type Cell, type Column, paint, plain } from '../table.ts';
import { print, READ_OPTIONS, SERVICE, table } from './common.ts';
import { WATCH_OPTION, watch } from './watch.ts';

export const status: Command = {
  name: 'status',
  summary: 'What is exposed, whether it is healthy, who is active and by which engine',
  arguments: [],
  options: { ...WATCH_OPTION, ...READ_OPTIONS },
  details: 'With --watch and --json each change is one line of JSON.',
  examples: ['fairlead status', 'fairlead status --json', 'fairlead status --watch'],
  run: async (context) => {
    if (flag(context.values, 'watch'))
      return watch(context, {
        human: (picture) => renderStatus(context, picture.status),
        json: (picture) => picture.status,
      });
    return print(context, await context.client.call('status'), (value) => renderStatus(context, value));
  },
};

export const services: Command = {
  name: 'services',
  summary: 'Virtual services with their health, load and rates',
  arguments: [],
  options: { ...WATCH_OPTION, ...READ_OPTIONS },
  examples: ['fairlead services', 'fairlead services --watch'],
  run: async (context) => {
    if (flag(context.values, 'watch'))
      return watch(context, {
        human: (picture) => serviceTable(context, picture.services),
        json: ({ services: list }) => ({ services: list }),
      });
    return print(context, await context.client.call('services'), (value) =>
      serviceTable(context, value.services),
    );
  },
};

export const servers: Command = {
  name: 'servers',
  summary: 'Real servers: health, admin state, weights, connections, and why',
  arguments: [{ ...SERVICE, optional: true }],
  options: READ_OPTIONS,
  examples: ['fairlead servers', 'fairlead servers www'],
  run: async (context) => {
    const name = context.args[0];
    const value =
      name === undefined
        ? await context.client.call('servers')
        : { servers: (await context.client.call('service', { params: { service: name } })).servers };
    return print(context, value, ({ servers: list }) => serverTable(context, list));
  },
};

export const connections: Command = {
  name: 'connections',
  summary: 'Connection entries and persistence templates',
  arguments: [],
  options: {
    service: { type: 'string', value: 'NAME', help: 'Only of this service', complete: 'service' },
    server: { type: 'string', value: 'NAME', help: 'Only to this real server' },
    client: { type: 'string', value: 'IP', help: 'Only from this client' },
    state: { type: 'string', value: 'STATE', help: 'Only in this state, such as ESTABLISHED' },
    kind: {
      type: 'string',
      value: 'KIND',
      help: 'Only connection entries or only templates',
      complete: ['connection', 'template'],
    },
    limit: { type: 'string', value: 'N', help: 'At most so many (default 1000)' },
    ...READ_OPTIONS,
  },
  examples: ['fairlead connections --service www --client 192.0.2.1'],
  run: async (context) => {
    const query: Record<string, string> = {};
    for (const name of ['service', 'server', 'client', 'state', 'kind', 'limit'])
      if (typeof context.values[name] === 'string') query[name] = context.values[name];
    const value = await context.client.call('connections', { query: query as { limit?: string } });
    return print(context, value, (list) => {
      const rows = list.connections.map((each): (Cell | string)[] => [
        each.kind === 'template' ? 'template' : each.protocol,
        each.client,
        each.virtual,
        each.server,
        `${each.service}/${each.server_name}`,
        each.state,
        duration(each.expires_ms),
        `${each.packets_in}/${each.packets_out}`,
        amount(each.bytes_in + each.bytes_out),
      ]);
      const more = list.truncated ? 'There are more: raise --limit.\n' : '';
      return table(context, CONNECTION_COLUMNS, rows) + more;
    });
  },
};

const CONNECTION_COLUMNS: readonly Column[] = [
  { title: 'KIND' },
  { title: 'CLIENT' },
  { title: 'VIRTUAL' },
  { title: 'SERVER' },
  { title: 'NAME' },
  { title: 'STATE' },
  { title: 'EXPIRES', align: 'right' },
  { title: 'PACKETS', align: 'right' },
  { title: 'BYTES', align: 'right' },
];

export const explain: Command = {
  name: 'explain',
  summary: 'Which server a new packet of a client would reach, and why',
  arguments: [],
  options: {
    client: { type: 'string', value: 'IP:PORT', help: 'The client', required: true },
    service: {
      type: 'string',
      value: 'NAME',
      help: 'The virtual service',
      required: true,
      complete: 'service',
    },
    ...READ_OPTIONS,
  },
  examples: ['fairlead explain --client 192.0.2.1:40000 --service www'],
  run: async (context) => {
    const { client, service } = context.values as { client: string; service: string };
    const value = await context.client.call('explain', { body: { client, service } });
    print(context, value, ({ outcome, server, method, because }) => {
      const verdict =
        server === undefined
          ? outcome
          : `${outcome} to ${service}/${server}${method === undefined ? '' : ` (${method})`}`;
      return `${[plain(verdict), ...because.map((each) => `  - ${plain(each)}`)].join('\n')}\n`;
    });
    return EXIT.ok;
  },
};

type ServiceSummary = Omit<ServiceStatus, 'servers'>;

function serviceTable(context: CommandContext, list: readonly ServiceSummary[]): string {
  return table(
    context,
    [
      { title: 'SERVICE' },
      { title: 'LISTEN' },
      { title: 'SCHEDULER' },
      { title: 'HEALTH' },
      { title: 'UP', align: 'right' },
      { title: 'ACTIVE', align: 'right' },
      { title: 'INACTIVE', align: 'right' },
      { title: 'TEMPLATES', align: 'right' },
      { title: 'CONNECTIONS', align: 'right' },
      { title: 'RATE', align: 'right' },
      { title: 'TRAFFIC', align: 'right' },
    ],
    list.map((service) => [
      service.name,
      service.listen,
      service.scheduler,
      serviceHealth(service.health),
      `${service.servers_up}/${service.servers_total}`,
      String(service.active),
      String(service.inactive),
      String(service.templates),
      amount(service.traffic.connections),
      rate(service.rates),
      bytesRate(service.rates),
    ]),
  );
}

function serverTable(context: CommandContext, list: readonly ServerStatus[]): string {
  return table(
    context,
    [
      { title: 'SERVICE' },
      { title: 'SERVER' },
      { title: 'ADDRESS' },
      { title: 'METHOD' },
      { title: 'HEALTH' },
      { title: 'ADMIN' },
      { title: 'WEIGHT', align: 'right' },
      { title: 'EFFECTIVE', align: 'right' },
      { title: 'ACTIVE', align: 'right' },
      { title: 'INACTIVE', align: 'right' },
      { title: 'RATE', align: 'right' },
      { title: 'PATH' },
      { title: 'WHY' },
    ],
    list.map((server) => [
      server.service,
      server.role === 'sorry' ? `${server.name} (sorry)` : server.name,
      server.address,
      server.method,
      serverHealth(server),
      admin(server.admin),
      configuredWeight(server),
      String(server.weight_effective),
      String(server.active),
      String(server.inactive),
      rate(server.rates),
      server.path ?? '-',
      { text: why(server), tone: 'quiet' },
    ]),
  );
}

function why(server: ServerStatus): string {
  const reason = server.health_reason === '' ? '' : ` (${server.health_reason})`;
  const left =
    server.admin === 'draining' && server.drain?.done === undefined
      ? `, left: ${server.active} active, ${server.inactive} inactive, ${server.templates} templates`
      : '';
  return `${server.because}${left}${reason}`;
}

function renderStatus(context: CommandContext, value: Status): string {
  const { color } = context.terminal;
  const lines = [...overview(value, color), '', serviceTable(context, value.services)];
  for (const problem of value.problems) {
    lines.push(`${paint('problem', 'bad', color)}   ${plain(problem.subject)}: ${plain(problem.detail)}`);
    if (problem.remedy !== undefined) lines.push(`          ${problem.remedy}`);
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
