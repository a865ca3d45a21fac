// Desired - actual = steps. Pure and minimal: what is equal is not named, and a plan made after a plan was carried
// out is empty. Order: services that go, then each service that stays or comes; inside a service additions before
// removals and raised weights before lowered ones, so that it is not without a server in between. Linear in its input.

import type { EngineSnapshot, ServiceSnapshot } from '../engine/engine.ts';
import { formatEndpoint } from '../model/address.ts';
import {
  formatListen,
  LIMITS,
  type Listen,
  type Persistence,
  type RemovalPolicy,
  type ServerSpec,
  type ServiceSpec,
} from '../model/service.ts';
import type { Step } from '../model/step.ts';
import type { DesiredService } from './desired.ts';

/** For the connections of a service that is no longer configured. */
export type PolicyOf = (service: ServiceSpec) => RemovalPolicy;

export function defaultPolicyOf(service: ServiceSpec): RemovalPolicy {
  return service.listen.protocol === 'udp' ? 'reassign' : 'reset';
}

export function plan(
  desired: readonly DesiredService[],
  actual: EngineSnapshot,
  policyOf: PolicyOf = defaultPolicyOf,
): Step[] {
  const present = new Map<string, ServiceSnapshot>();
  for (const service of actual.services)
    if (service.presence === 'present') present.set(service.spec.name, service);
  const wanted = new Map(desired.map((service) => [service.spec.name, service]));
  const heirs = new Map(desired.map((service) => [formatListen(service.spec.listen), service]));
  const steps: Step[] = [];

  for (const [name, service] of present)
    if (!wanted.has(name))
      steps.push(
        ...removeService(service, policyOf(service.spec), heirs.get(formatListen(service.spec.listen))),
      );

  const freed = holdersInTheWay(wanted, present);
  for (const name of freed) steps.push(...removeMoved(present.get(name)!, wanted.get(name)!, heirs));

  for (const service of desired) {
    const before = present.get(service.spec.name);
    if (before === undefined) steps.push(...addService(service));
    else if (equalListen(before.spec.listen, service.spec.listen))
      steps.push(...editService(service, before));
    else {
      if (!freed.has(service.spec.name)) steps.push(...removeMoved(before, service, heirs));
      steps.push(...addService(service));
    }
  }
  return steps;
}

/** Services that move to another listen while a second moving one waits for theirs: they must let go first. */
function holdersInTheWay(
  wanted: ReadonlyMap<string, DesiredService>,
  present: ReadonlyMap<string, ServiceSnapshot>,
): Set<string> {
  const moving = new Map<string, string>();
  const newListens = new Set<string>();
  for (const [name, service] of wanted) {
    const before = present.get(name);
    if (before !== undefined && equalListen(before.spec.listen, service.spec.listen)) continue;
    newListens.add(formatListen(service.spec.listen));
    if (before !== undefined) moving.set(name, formatListen(before.spec.listen));
  }
  return new Set([...moving].filter(([, held]) => newListens.has(held)).map(([name]) => name));
}

function removeMoved(
  before: ServiceSnapshot,
  after: DesiredService,
  heirs: ReadonlyMap<string, DesiredService>,
): Step[] {
  return removeService(before, after.removal, heirs.get(formatListen(before.spec.listen)));
}

/**
 * An heir is a service that will listen where this one did (it was renamed): servers that the heir has too are left
 * with policy silent, as the engine then takes them back with their connections.
 */
function removeService(
  before: ServiceSnapshot,
  policy: RemovalPolicy,
  heir: DesiredService | undefined,
): Step[] {
  const service = before.spec.name;
  if (heir === undefined) return [{ kind: 'remove-service', service, policy }];
  const kept = new Set(heir.servers.map((server) => endpointKey(server.spec)));
  const steps: Step[] = presentServers(before)
    .filter((server) => !kept.has(endpointKey(server)))
    .map((server) => ({ kind: 'remove-server', service, server: server.name, policy }));
  return [...steps, { kind: 'remove-service', service, policy: 'silent' }];
}

function addService(service: DesiredService): Step[] {
  return [
    { kind: 'add-service', service: service.spec },
    ...service.servers.map((server) => addServer(service, server.spec)),
  ];
}

function addServer(service: DesiredService, server: ServerSpec): Step {
  return { kind: 'add-server', service: service.spec.name, server };
}

function editService(desired: DesiredService, before: ServiceSnapshot): Step[] {
  const service = desired.spec.name;
  const actual = presentServers(before);
  if (equalServers(desired, actual))
    return equalSettings(before.spec, desired.spec) ? [] : [editStep(desired.spec)];
  const { additions, raised, lowered, replacing, kept } = compareServers(desired, actual);
  const endpoints = new Set(desired.servers.map((server) => endpointKey(server.spec)));
  const byName = new Map(actual.map((server) => [server.name, server]));
  const byEndpoint = new Map(actual.map((server) => [endpointKey(server), server]));
  const gone = new Set<string>(kept);
  const remove = (server: ServerSpec | undefined): Step[] => {
    if (server === undefined || gone.has(server.name)) return [];
    gone.add(server.name);
    // Its connections go on when another name, or a later step, brings the same address and port back.
    const policy = endpoints.has(endpointKey(server)) ? 'silent' : desired.removal;
    return [{ kind: 'remove-server', service, server: server.name, policy }];
  };
  // A name or an endpoint must be free before it is given again: each pair side by side, the others still serving.
  const replace = (spec: ServerSpec): Step[] => [
    ...remove(byName.get(spec.name)),
    ...remove(byEndpoint.get(endpointKey(spec))),
    addServer(desired, spec),
  ];
  const replaced = new Set(replacing.flatMap((spec) => [spec.name, byEndpoint.get(endpointKey(spec))?.name]));
  const leaving = actual.filter((server) => !kept.has(server.name) && !replaced.has(server.name));
  const [early, late] = withinLimit(actual.length, additions, leaving.flatMap(remove));
  return [
    ...(equalSettings(before.spec, desired.spec) ? [] : [editStep(desired.spec)]),
    ...early,
    ...raised,
    ...replacing.flatMap(replace),
    ...late.additions,
    ...lowered,
    ...late.removals,
  ];
}

function editStep(service: ServiceSpec): Step {
  return { kind: 'edit-service', service };
}

/**
 * Additions first, as far as a service's limit lets them; then each after a removal that makes room for it. What is left
 * of either comes late.
 */
function withinLimit(
  count: number,
  additions: readonly Step[],
  removals: readonly Step[],
): [Step[], { additions: readonly Step[]; removals: readonly Step[] }] {
  const room = Math.max(0, LIMITS.servers_per_service - count);
  const pairs = Math.min(Math.max(0, additions.length - room), removals.length);
  const early = additions.slice(0, room);
  for (let index = 0; index < pairs; index++) early.push(removals[index]!, additions[room + index]!);
  return [early, { additions: additions.slice(room + pairs), removals: removals.slice(pairs) }];
}

interface Differences {
  /** Neither name nor endpoint is there yet. */
  readonly additions: readonly Step[];
  readonly raised: readonly Step[];
  readonly lowered: readonly Step[];
  /** The name or the endpoint is taken by another server so far. */
  readonly replacing: readonly ServerSpec[];
  /** Names of servers that stay, edited or not. */
  readonly kept: ReadonlySet<string>;
}

function compareServers(desired: DesiredService, actual: readonly ServerSpec[]): Differences {
  const service = desired.spec.name;
  const byName = new Map(actual.map((server) => [server.name, server]));
  const endpoints = new Set(actual.map(endpointKey));
  const additions: Step[] = [];
  const raised: Step[] = [];
  const lowered: Step[] = [];
  const replacing: ServerSpec[] = [];
  const kept = new Set<string>();
  for (const { spec } of desired.servers) {
    const namesake = byName.get(spec.name);
    if (namesake !== undefined && endpointKey(namesake) === endpointKey(spec)) {
      kept.add(spec.name);
      if (namesake.weight === spec.weight && namesake.method === spec.method) continue;
      const edits = spec.weight < namesake.weight ? lowered : raised;
      edits.push({ kind: 'edit-server', service, server: spec });
    } else if (namesake === undefined && !endpoints.has(endpointKey(spec)))
      additions.push(addServer(desired, spec));
    else replacing.push(spec);
  }
  return { additions, raised, lowered, replacing, kept };
}

function presentServers(service: ServiceSnapshot): ServerSpec[] {
  return service.servers.filter((server) => server.presence === 'present').map((server) => server.spec);
}

/** The usual case by far: nothing of the service has changed. */
function equalServers(desired: DesiredService, actual: readonly ServerSpec[]): boolean {
  if (desired.servers.length !== actual.length) return false;
  const byName = new Map(actual.map((server) => [server.name, server]));
  return desired.servers.every(({ spec }) => {
    const server = byName.get(spec.name);
    return (
      server !== undefined &&
      server.address === spec.address &&
      server.port === spec.port &&
      server.weight === spec.weight &&
      server.method === spec.method
    );
  });
}

function equalSettings(a: ServiceSpec, b: ServiceSpec): boolean {
  return a.scheduler === b.scheduler && equalPersistence(a.persistence, b.persistence);
}

function equalPersistence(a: Persistence | undefined, b: Persistence | undefined): boolean {
  return a?.timeout_s === b?.timeout_s && a?.netmask_bits === b?.netmask_bits;
}

function equalListen(a: Listen, b: Listen): boolean {
  return a.protocol === b.protocol && a.address === b.address && a.port === b.port;
}

function endpointKey(server: ServerSpec): string {
  return formatEndpoint(server.address, server.port);
}
