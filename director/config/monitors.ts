// The `monitor` part of a service: which probe, its options, and how often. One kind of probe per monitor, a list where
// several must pass, `none` for servers that are always taken for up.
import type { MonitorSpec, ProbeSpec } from '../model/monitor.ts';
import type { Protocol } from '../model/service.ts';
import { asMap, checkKeys, readValues, unknownKey } from './fields.ts';
import { readProbe } from './probes.ts';
import type { Fault, Findings } from './problem.ts';
import { quote } from './quote.ts';
import { MONITOR, PROBE_KINDS, PROBES, type ProbeKind } from './schema.ts';
import type { Located, LocatedMap } from './tree.ts';

const MONITORS_MAX = 8;
const FAST_INTERVAL_MIN_MS = 50;
const TIMEOUT_DEFAULT_MS = 1_000;
const KINDS_REMEDY = `kinds: ${PROBE_KINDS.join(', ')}`;

/** A monitor, the port it names for itself, and where that stands. */
export interface ReadMonitor {
  readonly spec: MonitorSpec;
  readonly port: number | undefined;
}

/** Undefined after a problem. */
export function readMonitors(
  node: Located | undefined,
  protocol: Protocol | undefined,
  findings: Findings,
): readonly ReadMonitor[] | undefined {
  if (node === undefined) return [defaultMonitor(protocol ?? 'tcp')];
  if (node.kind === 'scalar') {
    if (node.value === 'none') return [];
    findings.problem(node.offset, bareWord(node.value));
    return undefined;
  }
  const nodes = node.kind === 'list' ? node.items : [node];
  if (nodes.length === 0 || nodes.length > MONITORS_MAX) {
    findings.problem(node.offset, {
      code: 'bad-monitor',
      message: nodes.length === 0 ? 'the list of monitors is empty' : `more than ${MONITORS_MAX} monitors`,
      remedy: nodes.length === 0 ? 'write `monitor: none` for no monitoring' : undefined,
    });
    return undefined;
  }
  const monitors = nodes.map((each) => readMonitor(each, findings));
  const read = monitors.filter((each) => each !== undefined);
  return read.length === monitors.length ? read : undefined;
}

function defaultMonitor(protocol: Protocol): ReadMonitor {
  const probe: ProbeSpec = { kind: protocol === 'udp' ? 'ping' : 'tcp' };
  const interval_ms = 1_000;
  const defaults = { interval_ms, rise: 2, fall: 3, jitter: 0.1 };
  return {
    spec: { probe, ...defaults, fast_interval_ms: fastInterval(interval_ms), timeout_ms: TIMEOUT_DEFAULT_MS },
    port: undefined,
  };
}

function fastInterval(interval_ms: number): number {
  return Math.min(interval_ms, Math.max(FAST_INTERVAL_MIN_MS, Math.round(interval_ms / 2)));
}

function bareWord(value: unknown): Fault {
  const kind = PROBE_KINDS.find((each) => each === value);
  return {
    code: 'bad-monitor',
    message: `${quote(value)} is not a monitor`,
    remedy:
      kind === 'tcp' || kind === 'ping'
        ? `write \`monitor: { ${kind}: true }\``
        : 'write `monitor: { http: /health }`, or none',
  };
}

function readMonitor(node: Located, findings: Findings): ReadMonitor | undefined {
  const map = asMap(node, 'monitor', findings);
  const kind = map && findKind(map, findings);
  if (map === undefined || kind === undefined) return undefined;
  const known = [...keysOf(kind), ...Object.keys(MONITOR)];
  checkKeys(map, known, `a monitor of kind ${kind}`, findings, (key) => foreignKey(key, kind));
  const { all, some } = readValues(MONITOR, map, 'a monitor', findings);
  const probe = readProbe(kind, map, findings);
  if (some.interval !== undefined && some.fast_interval !== undefined && some.fast_interval > some.interval)
    findings.problem(map.entries.get('fast_interval')?.node.offset ?? map.offset, {
      code: 'bad-interval',
      message: 'fast_interval must not be longer than interval',
    });
  if (all === undefined || probe === undefined) return undefined;
  const spec: MonitorSpec = {
    probe,
    interval_ms: all.interval,
    fast_interval_ms: all.fast_interval ?? fastInterval(all.interval),
    timeout_ms: all.timeout ?? Math.min(all.interval, TIMEOUT_DEFAULT_MS),
    rise: all.rise,
    fall: all.fall,
    jitter: all.jitter,
  };
  return { spec, port: all.port };
}

function findKind(map: LocatedMap, findings: Findings): ProbeKind | undefined {
  const kinds = PROBE_KINDS.filter((kind) => map.entries.has(kind));
  const [kind, second] = kinds;
  if (kind === undefined) {
    findings.problem(map.offset, {
      code: 'no-probe',
      message: 'a monitor needs one kind of probe',
      remedy: KINDS_REMEDY,
    });
    const known = [...new Set([...PROBE_KINDS, ...Object.keys(MONITOR), ...PROBE_KINDS.flatMap(keysOf)])];
    for (const [key, entry] of map.entries)
      if (!known.includes(key)) findings.problem(entry.keyOffset, unknownKey(key, known, 'monitor'));
    return undefined;
  }
  if (second === undefined) return kind;
  findings.problem(map.entries.get(second)!.keyOffset, {
    code: 'several-probes',
    message: `a monitor has one kind of probe, and this one has ${kinds.join(' and ')}`,
    remedy: 'make a list of monitors: all of them must pass',
  });
  return undefined;
}

function keysOf(kind: ProbeKind): string[] {
  return Object.keys(PROBES[kind]);
}

/** A key that other kinds of probe have. */
function foreignKey(key: string, kind: ProbeKind): Fault | undefined {
  const kinds = PROBE_KINDS.filter((each) => keysOf(each).includes(key));
  if (kinds.length === 0) return undefined;
  return {
    code: 'unknown-key',
    message: `\`${key}\` belongs to ${kinds.join(' and ')}, not to ${kind}`,
    remedy: 'remove it',
  };
}
