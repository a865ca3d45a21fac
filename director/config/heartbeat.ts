// The `heartbeat` part: intervals, witnesses, the command that makes sure of a silent peer. Its links: links.ts.
import type { DirectorConfig, HeartbeatConfig } from './configuration.ts';
import type { Placed } from './cross-checks.ts';
import { readFields } from './fields.ts';
import { readLinks } from './links.ts';
import type { Findings } from './problem.ts';
import { FENCE, HEARTBEAT } from './schema.ts';
import type { Located } from './tree.ts';
import { formatDuration } from './units.ts';

const DEADTIME_INTERVALS = 4;
const INITDEAD_DEADTIMES = 2;
/** Interfaces and switches take their time after a boot. */
const INITDEAD_LEAST_MS = 1_000;

export function readHeartbeat(
  node: Located,
  directors: readonly Placed<DirectorConfig>[],
  findings: Findings,
): HeartbeatConfig | undefined {
  const { some, all } = readFields(HEARTBEAT, node, 'heartbeat', findings);
  if (node.kind !== 'map') return undefined;
  const place = (key: string): number => node.entries.get(key)!.node.offset;
  const { interval, deadtime, initdead } = some;
  if (interval !== undefined && deadtime !== undefined && deadtime <= interval)
    findings.problem(place('deadtime'), {
      code: 'bad-deadtime',
      message: `deadtime: ${formatDuration(deadtime)} is not longer than the interval of ${formatDuration(interval)}`,
      remedy: `write ${formatDuration(interval * DEADTIME_INTERVALS)}: a few lost beats must not be a takeover`,
    });
  else if (interval !== undefined && deadtime !== undefined && deadtime < 2 * interval)
    findings.warning(place('deadtime'), {
      code: 'short-deadtime',
      message: 'deadtime: one lost beat is enough for a takeover',
      remedy: `${formatDuration(interval * DEADTIME_INTERVALS)} is usual for this interval`,
    });
  const links = readLinks(some.links, node.offset, { directors, interval_ms: interval }, findings);
  const fence = some.fence && readFence(some.fence, findings);
  if (all === undefined) return undefined;
  const deadtime_ms = all.deadtime ?? all.interval * DEADTIME_INTERVALS;
  if (initdead !== undefined && initdead < deadtime_ms)
    findings.problem(place('initdead'), {
      code: 'bad-initdead',
      message: `initdead: ${formatDuration(initdead)} is shorter than the deadtime of ${formatDuration(deadtime_ms)}`,
      remedy: 'leave it out: a director that starts must listen at least as long as one that runs',
    });
  return {
    interval_ms: all.interval,
    deadtime_ms,
    keyFile: all.key_file,
    links,
    witnesses: all.witnesses,
    failback: all.failback,
    initdead_ms: initdead ?? Math.max(INITDEAD_DEADTIMES * deadtime_ms, INITDEAD_LEAST_MS),
    ...(fence === undefined ? {} : { fence }),
  };
}

function readFence(node: Located, findings: Findings): HeartbeatConfig['fence'] {
  const { all } = readFields(FENCE, node, 'fence', findings);
  return all && { command: all.command, timeout_ms: all.timeout, onFailure: all.on_failure };
}
