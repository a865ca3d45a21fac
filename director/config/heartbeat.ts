// The `heartbeat` part: intervals, links, witnesses.
import type { HeartbeatConfig } from './configuration.ts';
import { asMap, readFields } from './fields.ts';
import type { Findings } from './problem.ts';
import { HEARTBEAT, SERIAL_LINK, UDP_LINK } from './schema.ts';
import type { Located } from './tree.ts';
import { formatDuration } from './units.ts';

type Link = HeartbeatConfig['links'][number];

const LINKS_MAX = 8;
const DEADTIME_INTERVALS = 4;

export function readHeartbeat(node: Located, findings: Findings): HeartbeatConfig | undefined {
  const { some, all } = readFields(HEARTBEAT, node, 'heartbeat', findings);
  if (node.kind !== 'map') return undefined;
  const { interval, deadtime } = some;
  if (interval !== undefined && deadtime !== undefined && deadtime <= interval)
    findings.problem(node.entries.get('deadtime')!.node.offset, {
      code: 'bad-deadtime',
      message: `deadtime: ${formatDuration(deadtime)} is not longer than the interval of ${formatDuration(interval)}`,
      remedy: `write ${formatDuration(interval * DEADTIME_INTERVALS)}: a few lost beats must not be a takeover`,
    });
  else if (interval !== undefined && deadtime !== undefined && deadtime < 2 * interval)
    findings.warning(node.entries.get('deadtime')!.node.offset, {
      code: 'short-deadtime',
      message: 'deadtime: one lost beat is enough for a takeover',
      remedy: `${formatDuration(interval * DEADTIME_INTERVALS)} is usual for this interval`,
    });
  const links = readLinks(some.links, node.offset, findings);
  return (
    all && {
      interval_ms: all.interval,
      deadtime_ms: all.deadtime ?? all.interval * DEADTIME_INTERVALS,
      keyFile: all.key_file,
      links,
      witnesses: all.witnesses,
      failback: all.failback,
    }
  );
}

function readLinks(node: Located | undefined, offset: number, findings: Findings): Link[] {
  if (node?.kind !== 'list' || node.items.length === 0 || node.items.length > LINKS_MAX) {
    findings.problem(node?.offset ?? offset, {
      code: 'bad-links',
      message: `heartbeat needs \`links\`, a list of 1 to ${LINKS_MAX}`,
      remedy: 'write `links: [{ udp: eth1 }]`',
    });
    return [];
  }
  const seen = new Set<string>();
  const links: Link[] = [];
  for (const item of node.items) {
    const link = readLink(item, findings);
    if (link === undefined) continue;
    const path = JSON.stringify(link.kind === 'udp' ? [link.interface, link.port] : link.device);
    if (seen.has(path))
      findings.problem(item.offset, {
        code: 'duplicate-link',
        message: 'this link is already in the list',
        remedy: 'remove it: a link counts only once',
      });
    seen.add(path);
    links.push(link);
  }
  return links;
}

function readLink(node: Located, findings: Findings): Link | undefined {
  const map = asMap(node, 'a link', findings);
  if (map === undefined) return undefined;
  if (map.entries.has('udp') === map.entries.has('serial')) {
    findings.problem(map.offset, {
      code: 'bad-links',
      message: 'a link is either udp or serial',
      remedy: 'write { udp: eth1 } or { serial: /dev/ttyS0 }',
    });
    return undefined;
  }
  if (map.entries.has('udp')) {
    const { all } = readFields(UDP_LINK, map, 'a udp link', findings);
    return all && { kind: 'udp', interface: all.udp, port: all.port };
  }
  const { all } = readFields(SERIAL_LINK, map, 'a serial link', findings);
  return all && { kind: 'serial', device: all.serial, baud: all.baud };
}
