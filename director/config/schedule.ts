// The `schedule` part: what happens at what time. Each entry is one kind of work under a name of its own.
import { parseCron } from '../model/cron.ts';
import { nextMoment, openZone } from '../model/moments.ts';
import type { ScheduleConfig, ScheduledWork, ScheduleEntry } from './configuration.ts';
import { asMap, asOptionalMap, checkKeys, readFields, readValues, unknownKey } from './fields.ts';
import { nearest } from './nearest.ts';
import { present } from './probes.ts';
import type { Findings } from './problem.ts';
import { quote } from './quote.ts';
import { SCHEDULE, SCHEDULED, type ScheduledKind } from './schema.ts';
import { checkName, type ReadService } from './services.ts';
import type { Located, LocatedMap } from './tree.ts';
import { formatDuration } from './units.ts';

const ENTRIES_MAX = 64;
/** Among more servers than these no similar name is looked for. */
const COMPARED_MAX = 1_000;
const KINDS = Object.keys(SCHEDULED) as ScheduledKind[];

interface Given {
  readonly services: readonly ReadService[];
  readonly directors: number;
}

interface Context extends Given {
  /** Every `service/server`. */
  readonly servers: ReadonlySet<string>;
}

/** Undefined: nothing happens by itself. */
export function readSchedule(
  node: Located | undefined,
  given: Given,
  findings: Findings,
): ScheduleConfig | undefined {
  const map = asOptionalMap(node, 'schedule', findings);
  if (map === undefined) return undefined;
  const all = given.services.flatMap(({ name, servers }) =>
    servers.map(({ server }) => `${name}/${server.name}`),
  );
  const context = { ...given, servers: new Set(all) };
  const { some } = readValues(SCHEDULE, map, 'schedule', findings);
  const named = [...map.entries].filter(([key]) => !Object.hasOwn(SCHEDULE, key));
  if (named.length > ENTRIES_MAX)
    findings.problem(map.offset, {
      code: 'too-many-entries',
      message: `schedule: ${named.length} entries are more than the limit of ${ENTRIES_MAX}`,
    });
  const entries = named.slice(0, ENTRIES_MAX).map(([name, entry]): ScheduleEntry | undefined => {
    checkName(name, entry.keyOffset, 'schedule', findings);
    const read = readEntry(entry.node, context, findings);
    return read && { name, ...read };
  });
  return { ...present({ timezone: some.timezone }), entries: entries.filter((entry) => entry !== undefined) };
}

type Read = { readonly at: string } & ScheduledWork;

function readEntry(node: Located, context: Context, findings: Findings): Read | undefined {
  const map = asMap(node, 'scheduled work', findings);
  if (map === undefined) return undefined;
  const kinds = KINDS.filter((kind) => map.entries.has(kind));
  checkKeys(map, KINDS, 'scheduled work', findings, (key) => unknownKey(key, KINDS, 'scheduled work'));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    if (kinds.length > 1 || map.entries.size === 0)
      findings.problem(map.offset, {
        code: 'bad-schedule',
        message: `scheduled work is one of ${KINDS.join(', ')}, not ${kind === undefined ? 'none of them' : kinds.join(' and ')}`,
        remedy: 'give each a name of its own',
      });
    return undefined;
  }
  const body = asMap(map.entries.get(kind)!.node, kind, findings);
  return body && readWork(kind, body, context, findings);
}

function readWork(
  kind: ScheduledKind,
  body: LocatedMap,
  context: Context,
  findings: Findings,
): Read | undefined {
  switch (kind) {
    case 'maintenance':
      return readMaintenance(body, context, findings);
    case 'weight': {
      const { some, all } = readFields(SCHEDULED.weight, body, kind, findings);
      checkServers([some.server], body, 'server', context.servers, findings);
      if (all === undefined) return undefined;
      const { at, server, weight } = all;
      return { kind, at, server, ...(weight === 'configured' ? {} : { weight }) };
    }
    case 'drill': {
      const { all } = readFields(SCHEDULED.drill, body, kind, findings);
      if (context.directors < 2)
        findings.problem(body.offset, {
          code: 'no-peer',
          message: 'drill: there is no second director to switch over to',
          remedy: 'remove it, or add the second director and heartbeat',
        });
      return all && { kind, at: all.at, drill: all.name };
    }
    case 'backup': {
      const { all } = readFields(SCHEDULED.backup, body, kind, findings);
      return all && { kind, at: all.at, keep: all.keep, history: all.history };
    }
  }
}

function readMaintenance(body: LocatedMap, context: Context, findings: Findings): Read | undefined {
  const { some, all } = readFields(SCHEDULED.maintenance, body, 'maintenance', findings);
  checkServers(some.servers ?? [], body, 'servers', context.servers, findings);
  if (all === undefined) return undefined;
  const { at, for: for_ms, drain_before: drainBefore_ms } = all;
  const servers = [...new Set(all.servers)];
  const shortest_ms = shortestGap(at);
  if (for_ms + drainBefore_ms > shortest_ms)
    findings.problem(body.entries.get('for')?.node.offset ?? body.offset, {
      code: 'window-too-long',
      message: `for: with drain_before it takes ${formatDuration(for_ms + drainBefore_ms)}, and the next window begins ${formatDuration(shortest_ms)} after one`,
      remedy: 'write a shorter window, or let it begin less often',
    });
  warnOfEmptyServices(servers, body, context.services, findings);
  return { kind: 'maintenance', at, for_ms, drainBefore_ms, servers };
}

/** Any day: what a window may take does not hang on today. 2024 has a 29 February. */
const SOME_DAY = Date.UTC(2024, 0, 1);
const GAPS_LOOKED_AT = 400;

/** Between two moments, where no clock is put forward or back. */
function shortestGap(at: string): number {
  const cron = parseCron(at);
  const utc = openZone('UTC');
  if ('fault' in cron || utc === undefined) return Number.POSITIVE_INFINITY;
  let shortest_ms = Number.POSITIVE_INFINITY;
  let before = nextMoment(cron, utc, SOME_DAY);
  for (let count = 0; count < GAPS_LOOKED_AT && before !== undefined; count++) {
    const next = nextMoment(cron, utc, before);
    if (next !== undefined) shortest_ms = Math.min(shortest_ms, next - before);
    before = next;
  }
  return shortest_ms;
}

function checkServers(
  wanted: readonly (string | undefined)[],
  body: LocatedMap,
  key: 'server' | 'servers',
  known: ReadonlySet<string>,
  findings: Findings,
): void {
  const node = body.entries.get(key)?.node;
  for (const [index, name] of wanted.entries()) {
    if (name === undefined || known.has(name)) continue;
    const near = known.size > COMPARED_MAX ? undefined : nearest(name, [...known]);
    const place = node?.kind === 'list' ? node.items[index] : node;
    findings.problem(place?.offset ?? body.offset, {
      code: 'unknown-server',
      message: `${key}: there is no real server ${quote(name)}`,
      ...(near === undefined ? {} : { remedy: `did you mean \`${near}\`?` }),
    });
  }
}

function warnOfEmptyServices(
  servers: readonly string[],
  body: LocatedMap,
  services: readonly ReadService[],
  findings: Findings,
): void {
  for (const { name, config } of services) {
    const own = config?.servers ?? [];
    if (own.length > 0 && own.every((server) => servers.includes(`${name}/${server.name}`)))
      findings.warning(body.entries.get('servers')?.node.offset ?? body.offset, {
        code: 'window-takes-all',
        message: `servers: the window takes every real server of service ${quote(name)}`,
        remedy: 'give them windows at different times, unless the sorry server is to answer',
      });
  }
}
