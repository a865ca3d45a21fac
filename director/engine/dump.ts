// The canonical text of an engine's state: sorted, complete, without addresses in memory or wall-clock times.
// Two engines that were given the same steps and packets must print the same text.

import { formatEndpoint } from '../model/address.ts';
import type { ConnectionEntry } from '../model/connection.ts';
import { DROP_REASONS, type TrafficCounters } from '../model/counters.ts';
import { formatListen, type ServerSpec, type ServiceSpec } from '../model/service.ts';
import type { EngineSnapshot, ServerSnapshot } from './engine.ts';

export function formatDump(snapshot: EngineSnapshot, entries: readonly ConnectionEntry[]): string {
  const { totals } = snapshot;
  const drops = DROP_REASONS.filter((reason) => totals.dropped[reason] > 0).map(
    (reason) => `${reason}=${totals.dropped[reason]}`,
  );
  const lines = [
    `totals in=${totals.in} forwarded=${totals.forwarded} local=${totals.local}${drops.map((drop) => ` ${drop}`).join('')}`,
  ];
  // A leaving one may share its name with a present one: only what it listens on, or where it is, is its own.
  for (const service of sortedBy(snapshot.services, (each) => formatService(each.spec))) {
    const leaving = service.presence === 'leaving' ? ' leaving' : '';
    lines.push(`service ${formatService(service.spec)} ${formatTraffic(service.traffic)}${leaving}`);
    for (const server of sortedBy(
      service.servers,
      (each) => `${each.spec.name} ${each.presence} ${formatEndpoint(each.spec.address, each.spec.port)}`,
    ))
      lines.push(`  ${formatServer(server)}`);
  }
  return [...lines, ...entries.map(formatEntry).sort(), ''].join('\n');
}

function formatService(spec: ServiceSpec): string {
  const persistence = spec.persistence
    ? ` persistent=${spec.persistence.timeout_s}s/${spec.persistence.netmask_bits}`
    : '';
  return `${spec.name} ${formatListen(spec.listen)} ${spec.scheduler}${persistence}`;
}

function formatServer(server: ServerSnapshot): string {
  const leaving = server.presence === 'leaving' ? ` leaving=${server.policy}` : '';
  return `server ${formatSpec(server.spec)} active=${server.active} inactive=${server.inactive} templates=${server.templates} ${formatTraffic(server.traffic)}${leaving}`;
}

function formatSpec(spec: ServerSpec): string {
  return `${spec.name} ${formatEndpoint(spec.address, spec.port)} ${spec.method} weight=${spec.weight}`;
}

function formatTraffic(traffic: TrafficCounters): string {
  return `conns=${traffic.connections} packets=${traffic.packets_in}/${traffic.packets_out} bytes=${traffic.bytes_in}/${traffic.bytes_out}`;
}

function formatEntry(entry: ConnectionEntry): string {
  const ends = [entry.client, entry.virtual, entry.server]
    .map((end) => formatEndpoint(end.address, end.port))
    .join(' ');
  const counts =
    entry.kind === 'template'
      ? `controls=${entry.controls}`
      : `packets=${entry.packets_in}/${entry.packets_out} bytes=${entry.bytes_in}/${entry.bytes_out}`;
  return `${entry.kind} ${entry.protocol} ${ends} ${entry.service}/${entry.serverName} ${entry.method} ${entry.state} expires=${entry.expires_ms} ${counts}`;
}

function sortedBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
