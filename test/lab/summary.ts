// The lab's last words: what was balanced where, what failed and whether that was allowed.
import type { Summary } from './tally.ts';

export function summaryLines(summary: Summary, servers: readonly string[]): string[] {
  const head = [
    'service'.padEnd(12),
    ...servers.map((server) => server.padStart(7)),
    'p50 ms'.padStart(8),
    'p99 ms'.padStart(8),
    'errors'.padStart(8),
    'in detection'.padStart(14),
    'held'.padStart(6),
    'lost'.padStart(6),
    'checked'.padStart(10),
  ].join('');
  const rows = summary.services.map((service) =>
    [
      service.service.padEnd(12),
      ...servers.map((server) => String(service.connections[server] ?? 0).padStart(7)),
      milliseconds(service.p50_ms).padStart(8),
      milliseconds(service.p99_ms).padStart(8),
      String(service.errors).padStart(8),
      String(service.errors_during_detection).padStart(14),
      String(service.held).padStart(6),
      String(service.held_lost).padStart(6),
      bytes(service.verified_bytes).padStart(10),
    ].join(''),
  );
  return [
    '',
    head,
    ...rows,
    '',
    ...summary.outages.map(outageLine),
    ...summary.takeovers.map(takeoverLine),
    `Bytes checked: ${bytes(summary.verified_bytes)}. Errors: ${summary.errors}, and ${summary.errors_during_detection} of the killed server before it was found dead.`,
    ...(Object.keys(summary.dropped).length > 0 ? [droppedLine(summary.dropped)] : []),
    ...summary.complaints.map((complaint) => `  not well: ${complaint}`),
    ...summary.examples.map(
      (failure) =>
        `    ${new Date(failure.at).toISOString().slice(11, 23)} ${failure.service} ${failure.what} ${failure.kind}${failure.server ? ` (${failure.server})` : ''}: ${failure.detail}`,
    ),
    summary.ok ? 'All is well.' : 'Not all is well.',
  ];
}

function outageLine(outage: Summary['outages'][number]): string {
  const found =
    outage.detection_ms === undefined ? 'never found dead' : `found dead after ${outage.detection_ms} ms`;
  const { revived_at, back_at } = outage;
  const back =
    revived_at === undefined
      ? ''
      : back_at === undefined
        ? ', not taken back'
        : `, taken back ${back_at - revived_at} ms after it was revived`;
  return `${outage.server} killed: ${found}${back}.`;
}

function takeoverLine(takeover: Summary['takeovers'][number]): string {
  const { director, by, takeover_ms, outage_ms, wasActive, revived_at, back_at } = takeover;
  const { connections_kept, connections_lost } = takeover;
  const taken = !wasActive
    ? 'it was the standby'
    : takeover_ms === undefined
      ? 'nobody took over'
      : `${by} answered for the VIPs after ${takeover_ms.toFixed(0)} ms`;
  const back =
    revived_at === undefined
      ? ''
      : back_at === undefined
        ? ', no standby again'
        : `, a standby again ${back_at - revived_at} ms after its start`;
  return `${director} killed: ${taken}; ${outage_ms} ms without a new connection; held connections: ${connections_kept} kept, ${connections_lost} lost${back}.`;
}

function droppedLine(dropped: Summary['dropped']): string {
  const parts = Object.entries(dropped).map(([reason, count]) => `${reason} ${count}`);
  return `Packets that the director dropped: ${parts.join(', ')}.`;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(1);
}

function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = count;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
