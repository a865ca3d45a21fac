// Everything that an overview shows, for spreadsheets: one line a service and one a server. A text that a spreadsheet would
// take for a formula is made plain text by an apostrophe in front (OWASP, CSV injection). Pure.
import type { ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';
import type { Shown } from './selection.ts';

type Field = string | number | undefined;

const HEAD = [
  ...[
    'kind',
    'service',
    'server',
    'address',
    'scheduler',
    'persistence_s',
    'method',
    'role',
    'asked',
    'health',
  ],
  ...[
    'reason',
    'servers_up',
    'servers_total',
    'weight_configured',
    'weight_ordered',
    'weight_effective',
    'because',
  ],
  ...['active', 'inactive', 'templates', 'new_per_s', 'packets_in_per_s', 'packets_out_per_s'],
  ...['bytes_in_per_s', 'bytes_out_per_s', 'latency_ms'],
];

export function toCsv(shown: readonly Shown[]): string {
  const lines: (readonly Field[])[] = [HEAD];
  for (const { service, servers } of shown) {
    lines.push(serviceLine(service));
    for (const index of servers) lines.push(serverLine(service.servers[index]!));
  }
  return `${lines.map((line) => line.map(field).join(',')).join('\r\n')}\r\n`;
}

function serviceLine(service: ServiceStatus): readonly Field[] {
  return [
    ...['service', service.name, '', service.listen, service.scheduler, service.persistence?.timeout_s],
    ...['', '', '', service.health, '', service.servers_up, service.servers_total, '', '', ''],
    ...[service.because, ...numbers(service), ''],
  ];
}

function serverLine(server: ServerStatus): readonly Field[] {
  return [
    ...[
      'server',
      server.service,
      server.name,
      server.address,
      '',
      '',
      server.method,
      server.role,
      server.admin,
    ],
    ...[server.health, server.health_reason, '', '', server.weight_configured, server.weight_ordered],
    ...[server.weight_effective, server.because, ...numbers(server), server.latency_ms],
  ];
}

function numbers({
  active,
  inactive,
  templates,
  rates,
}: Pick<ServiceStatus, 'active' | 'inactive' | 'templates' | 'rates'>) {
  return [
    ...[active, inactive, templates, rates.connections_per_s, rates.packets_in_per_s],
    ...[rates.packets_out_per_s, rates.bytes_in_per_s, rates.bytes_out_per_s],
  ];
}

function field(value: Field): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const plain = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
