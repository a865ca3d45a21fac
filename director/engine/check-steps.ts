// Whether all steps of one service can be carried out, before the first one is: the same answer from every engine.
// Walks a draft of what the service will be, so that a step may build on the ones before it. Pure.

import { familyOf, formatEndpoint, parseAddress } from '../model/address.ts';
import {
  formatListen,
  LIMITS,
  type Listen,
  METHODS,
  PROTOCOLS,
  SCHEDULERS,
  type ServerSpec,
  type ServiceSpec,
} from '../model/service.ts';
import { type Step, type StepErrorCode, serviceOf } from '../model/step.ts';

export interface Problem {
  readonly code: StepErrorCode;
  readonly detail: string;
}

export interface KnownService {
  readonly spec: ServiceSpec;
  readonly presence: 'present' | 'leaving';
  readonly servers: Iterable<{ readonly spec: ServerSpec; readonly presence: 'present' | 'leaving' }>;
}

/** What an engine has so far, asked for only where the steps touch it. */
export interface Known {
  present(name: string): KnownService | undefined;
  /** Present or leaving. */
  listeningOn(listen: Listen): KnownService | undefined;
  /** Records, leaving ones included. */
  readonly serviceCount: number;
  readonly serverCount: number;
}

/** Of the engine's records, leaving ones included. */
export interface RecordLimits {
  readonly services: number;
  readonly servers: number;
}

interface Draft {
  readonly known: Known;
  serviceCount: number;
  serverCount: number;
  readonly limits: RecordLimits;
  /** The service of the steps' name, if it is present. */
  spec: ServiceSpec | undefined;
  servers: Map<string, ServerSpec>;
  /** Addresses and ports of the servers that have a record, per listen: adding one again makes no new record. */
  readonly records: Map<string, Set<string>>;
  /** Listens that the steps so far have given up. */
  readonly released: Set<string>;
}

/** `steps` all belong to one service. */
export function checkSteps(known: Known, limits: RecordLimits, steps: readonly Step[]): Problem | undefined {
  const name = steps[0] && serviceOf(steps[0]);
  const present = name === undefined ? undefined : known.present(name);
  const draft: Draft = {
    known,
    serviceCount: known.serviceCount,
    serverCount: known.serverCount,
    limits,
    spec: present?.spec,
    servers: new Map(),
    records: new Map(present ? [[formatListen(present.spec.listen), ends(present.servers)]] : []),
    released: new Set(),
  };
  for (const server of present?.servers ?? [])
    if (server.presence === 'present') draft.servers.set(server.spec.name, server.spec);
  for (const step of steps) {
    const problem = checkStep(draft, step);
    if (problem) return problem;
  }
  return undefined;
}

function ends(servers: KnownService['servers']): Set<string> {
  return new Set([...servers].map(({ spec }) => formatEndpoint(spec.address, spec.port)));
}

function checkStep(draft: Draft, step: Step): Problem | undefined {
  switch (step.kind) {
    case 'add-service':
      return addService(draft, step.service);
    case 'edit-service':
      return editService(draft, step.service);
    case 'remove-service':
      return removeService(draft, step.service);
    case 'add-server':
      return addServer(draft, step.service, step.server);
    case 'edit-server':
      return editServer(draft, step.service, step.server);
    case 'remove-server':
      if (!draft.spec) return missingService(step.service);
      return draft.servers.delete(step.server) ? undefined : missingServer(step.server);
  }
}

function addService(draft: Draft, spec: ServiceSpec): Problem | undefined {
  if (draft.spec) return problem('exists', `service ${spec.name} is there already`);
  const bad = badService(spec);
  if (bad) return problem('bad-spec', bad);
  const key = formatListen(spec.listen);
  const before = draft.known.listeningOn(spec.listen);
  if (before?.presence === 'present' && !draft.released.has(key))
    return problem('listen-taken', `service ${before.spec.name} listens on ${key}`);
  if (before && !draft.records.has(key)) draft.records.set(key, ends(before.servers));
  if (!draft.records.has(key)) {
    if (draft.serviceCount >= draft.limits.services)
      return problem(
        'service-table-full',
        `the engine holds ${draft.limits.services} services, leaving ones included`,
      );
    draft.serviceCount += 1;
    draft.records.set(key, new Set());
  }
  draft.spec = spec;
  draft.servers = new Map();
  return undefined;
}

function editService(draft: Draft, spec: ServiceSpec): Problem | undefined {
  if (!draft.spec) return missingService(spec.name);
  const bad = badService(spec);
  if (bad) return problem('bad-spec', bad);
  if (formatListen(spec.listen) !== formatListen(draft.spec.listen))
    return problem(
      'listen-changed',
      `service ${spec.name} listens on ${formatListen(draft.spec.listen)}; remove and add it`,
    );
  draft.spec = spec;
  return undefined;
}

function removeService(draft: Draft, name: string): Problem | undefined {
  if (!draft.spec) return missingService(name);
  draft.released.add(formatListen(draft.spec.listen));
  draft.spec = undefined;
  draft.servers = new Map();
  return undefined;
}

function addServer(draft: Draft, service: string, spec: ServerSpec): Problem | undefined {
  if (!draft.spec) return missingService(service);
  const bad = badServer(spec, draft.spec);
  if (bad) return problem('bad-spec', bad);
  const end = formatEndpoint(spec.address, spec.port);
  if (draft.servers.has(spec.name)) return problem('exists', `server ${spec.name} is there already`);
  for (const other of draft.servers.values())
    if (formatEndpoint(other.address, other.port) === end)
      return problem('exists', `server ${other.name} has ${end} already`);
  if (draft.servers.size >= LIMITS.servers_per_service)
    return problem('too-many-servers', `a service has at most ${LIMITS.servers_per_service} servers`);
  const records = draft.records.get(formatListen(draft.spec.listen));
  if (records && !records.has(end)) {
    if (draft.serverCount >= draft.limits.servers)
      return problem(
        'server-table-full',
        `the engine holds ${draft.limits.servers} servers, leaving ones included`,
      );
    draft.serverCount += 1;
    records.add(end);
  }
  draft.servers.set(spec.name, spec);
  return undefined;
}

function editServer(draft: Draft, service: string, spec: ServerSpec): Problem | undefined {
  if (!draft.spec) return missingService(service);
  const before = draft.servers.get(spec.name);
  if (!before) return missingServer(spec.name);
  const bad = badServer(spec, draft.spec);
  if (bad) return problem('bad-spec', bad);
  if (before.address !== spec.address || before.port !== spec.port)
    return problem('bad-spec', `server ${spec.name} keeps its address and port; remove it and add another`);
  draft.servers.set(spec.name, spec);
  return undefined;
}

function badService(spec: ServiceSpec): string | undefined {
  const { listen, persistence } = spec;
  if (!isName(spec.name)) return `a name has 1 to ${LIMITS.name_bytes} bytes`;
  if (!PROTOCOLS.includes(listen.protocol)) return `protocol ${listen.protocol} is not known`;
  if (parseAddress(listen.address) !== listen.address) return `${listen.address} is not a canonical address`;
  if (!isWithin(listen.port, 0, 65535)) return `port ${listen.port} is not within 0 and 65535`;
  if (!SCHEDULERS.includes(spec.scheduler)) return `scheduler ${spec.scheduler} is not known`;
  if (!persistence) return undefined;
  const widest = familyOf(listen.address) === 4 ? 32 : 128;
  if (!isWithin(persistence.timeout_s, 1, LIMITS.persistence_timeout_s))
    return `persistence timeout ${persistence.timeout_s} s is not within 1 and ${LIMITS.persistence_timeout_s}`;
  if (!isWithin(persistence.netmask_bits, 0, widest))
    return `persistence netmask ${persistence.netmask_bits} is not within 0 and ${widest}`;
  return undefined;
}

function badServer(spec: ServerSpec, service: ServiceSpec): string | undefined {
  const { listen } = service;
  if (!isName(spec.name)) return `a name has 1 to ${LIMITS.name_bytes} bytes`;
  if (!METHODS.includes(spec.method)) return `method ${spec.method} is not known`;
  if (parseAddress(spec.address) !== spec.address) return `${spec.address} is not a canonical address`;
  if (!isWithin(spec.port, 0, 65535)) return `port ${spec.port} is not within 0 and 65535`;
  if (!isWithin(spec.weight, 0, LIMITS.weight))
    return `weight ${spec.weight} is not within 0 and ${LIMITS.weight}`;
  if (spec.method !== 'nat' && spec.port !== listen.port)
    return `method ${spec.method} cannot change the port: ${spec.port} is not the service's ${listen.port}`;
  if (spec.method === 'nat' && familyOf(spec.address) !== familyOf(listen.address))
    return `method nat cannot change the family: ${spec.address} serves ${listen.address}`;
  if (spec.method === 'nat' && spec.port === 0 && listen.port !== 0)
    return 'port 0 is for servers of a service on all ports';
  return undefined;
}

function isName(name: string): boolean {
  return isWithin(Buffer.byteLength(name), 1, LIMITS.name_bytes);
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function problem(code: StepErrorCode, detail: string): Problem {
  return { code, detail };
}

function missingService(name: string): Problem {
  return problem('missing', `there is no service ${name}`);
}

function missingServer(name: string): Problem {
  return problem('missing', `there is no server ${name}`);
}
