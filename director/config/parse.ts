// From the text of a configuration file to a Configuration, or to everything that is wrong with it in one pass.
// Guarantees: never throws, time bounded by the size of the text, at most 50 problems, sorted by place.
import type { Configuration, DirectorConfig, EngineConfig, VirtualIpConfig } from './configuration.ts';
import { crossCheck, type Placed } from './cross-checks.ts';
import { asMap, type Fields, readFields, type Shape } from './fields.ts';
import { readHeartbeat } from './heartbeat.ts';
import { readNotifications } from './notifications.ts';
import { present } from './probes.ts';
import { type ConfigProblem, Findings } from './problem.ts';
import { readSchedule } from './schedule.ts';
import { CONSOLE, DIRECTOR, ENGINE, HISTORY, ROOT, TIMEOUT_STATES, TIMEOUTS, VIRTUAL_IP } from './schema.ts';
import { checkName, readServices } from './services.ts';
import { readSync } from './sync.ts';
import { type Located, type LocatedMap, readTree } from './tree.ts';

export const CONFIGURATION_MAX_BYTES = 4 * 2 ** 20;
const DIRECTORS_MAX = 2;
const VIRTUAL_IPS_MAX = 4_096;

export type ParsedConfiguration =
  | { readonly configuration: Configuration; readonly warnings: readonly ConfigProblem[] }
  | { readonly problems: readonly ConfigProblem[] };

export function parseConfiguration(text: string, fileName: string): ParsedConfiguration {
  const findings = new Findings();
  const configuration = readText(text, findings);
  if (configuration === undefined || findings.failed) return { problems: findings.problems(fileName, text) };
  return { configuration, warnings: findings.warnings(fileName, text) };
}

function readText(text: string, findings: Findings): Configuration | undefined {
  if (text.length > CONFIGURATION_MAX_BYTES) {
    findings.problem(0, {
      code: 'too-large',
      message: `larger than the limit of ${CONFIGURATION_MAX_BYTES / 2 ** 20} MiB`,
    });
    return undefined;
  }
  const root = readTree(text, findings);
  return root && readRoot(root, findings);
}

function readRoot(root: LocatedMap, findings: Findings): Configuration | undefined {
  const { some, all } = readFields(ROOT, root, 'the configuration', findings);
  const directors = readDirectors(some.directors, root, findings);
  const heartbeat = some.heartbeat && readHeartbeat(some.heartbeat, directors, findings);
  const virtualIps = readVirtualIps(some.virtual_ips, findings);
  const engine = readEngine(some.engine, virtualIps, findings);
  const sync = readSync(some.sync, { root, directors, heartbeat, engine }, findings);
  const services = readServices(some.services, findings);
  const notifications = readNotifications(
    some.notifications,
    services.map((each) => each.name),
    findings,
  );
  const schedule = readSchedule(some.schedule, { services, directors: directors.length }, findings);
  const console_ = optional(CONSOLE, some.console, 'console', findings);
  const history = readFields(HISTORY, some.history ?? EMPTY, 'history', findings);
  crossCheck({ root, directors, heartbeat, virtualIps, services, engine }, findings);
  if (all === undefined || engine === undefined || history.all === undefined) return undefined;
  return {
    cluster: all.cluster,
    directors: directors.map((each) => each.value),
    ...present({ heartbeat }),
    virtualIps: virtualIps.map((each) => each.value),
    engine,
    ...present({ sync }),
    services: services.map((each) => each.config).filter((each) => each !== undefined),
    ...present({ notifications, schedule, console: console_?.all?.listen }),
    history: { size_bytes: history.all.size, events: history.all.events, audit: history.all.audit },
  };
}

const EMPTY: LocatedMap = { kind: 'map', offset: 0, size: 1, entries: new Map() };

function optional<S extends Shape>(
  shape: S,
  node: Located | undefined,
  what: string,
  findings: Findings,
): Fields<S> | undefined {
  return node && readFields(shape, node, what, findings);
}

function readDirectors(
  node: Located | undefined,
  root: LocatedMap,
  findings: Findings,
): Placed<DirectorConfig>[] {
  if (node === undefined) {
    findings.problem(root.offset, {
      code: 'missing-key',
      message: 'the configuration needs the key `directors`',
      remedy: 'write `directors: { lb1: { address: 10.0.0.11 } }`',
    });
    return [];
  }
  const map = asMap(node, 'directors', findings);
  if (map === undefined) return [];
  if (map.entries.size < 1 || map.entries.size > DIRECTORS_MAX)
    findings.problem(map.offset, {
      code: 'bad-directors',
      message: `there must be one director or a pair, not ${map.entries.size}`,
    });
  const directors: Placed<DirectorConfig>[] = [];
  for (const [name, entry] of map.entries) {
    checkName(name, entry.keyOffset, 'director', findings);
    const { all } = readFields(DIRECTOR, entry.node, 'a director', findings);
    if (all !== undefined) directors.push({ value: { name, ...all }, offset: entry.keyOffset });
  }
  return directors;
}

function readVirtualIps(node: Located | undefined, findings: Findings): Placed<VirtualIpConfig>[] {
  if (node === undefined) return [];
  if (node.kind !== 'list' || node.items.length > VIRTUAL_IPS_MAX) {
    findings.problem(node.offset, {
      code: 'not-a-list',
      message: `virtual_ips must be a list of at most ${VIRTUAL_IPS_MAX} addresses`,
      remedy: 'write `- { address: 10.0.0.100/24, interface: eth0 }` lines',
    });
    return [];
  }
  const found: Placed<VirtualIpConfig>[] = [];
  for (const item of node.items) {
    const { all } = readFields(VIRTUAL_IP, item, 'a virtual IP', findings);
    if (all === undefined) continue;
    const { address, ...rest } = all;
    found.push({ value: { ...address, ...rest }, offset: item.offset });
  }
  return found;
}

function readEngine(
  node: Located | undefined,
  virtualIps: readonly Placed<VirtualIpConfig>[],
  findings: Findings,
): EngineConfig | undefined {
  const { some, all } = readFields(ENGINE, node ?? EMPTY, 'engine', findings);
  const timeouts_ms = some.timeouts === undefined ? {} : readTimeouts(some.timeouts, findings);
  if (all === undefined) return undefined;
  return {
    kind: all.kind,
    interfaces: [...new Set(all.interfaces ?? virtualIps.map((each) => each.value.interface))],
    hook: all.hook,
    connections_max: all.connections,
    timeouts_ms,
  };
}

function readTimeouts(node: Located, findings: Findings): EngineConfig['timeouts_ms'] {
  const { some } = readFields(TIMEOUTS, node, 'timeouts', findings);
  const timeouts_ms: EngineConfig['timeouts_ms'] = {};
  const keys = new Map<string, string>();
  for (const [key, value_ms] of Object.entries(some)) {
    const state = TIMEOUT_STATES[key];
    if (state === undefined || value_ms === undefined) continue;
    const first = keys.get(state);
    if (first !== undefined && node.kind === 'map')
      findings.problem(node.entries.get(key)!.keyOffset, {
        code: 'duplicate-key',
        message: `${key} and ${first} are two names of one timeout`,
        remedy: 'remove one of them',
      });
    keys.set(state, key);
    Object.assign(timeouts_ms, { [state]: value_ms });
  }
  return timeouts_ms;
}
