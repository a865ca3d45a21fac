// Services and real servers by what packets and operators call them. Steps that were checked are carried out here;
// removed records stay, leaving, until nothing refers to them (docs/packet-path.md 9).
import { type Address, formatEndpoint } from '../../model/address.ts';
import { addTraffic, emptyTraffic, type TrafficCounters } from '../../model/counters.ts';
import type { Listen, Protocol, RemovalPolicy, ServerSpec, ServiceSpec } from '../../model/service.ts';
import type { Step } from '../../model/step.ts';
import { clampPosition, START } from '../../scheduling/scheduler.ts';
import type { ServerRecord, ServiceRecord } from './records.ts';

export class Registry {
  readonly #byListen = new Map<string, ServiceRecord>();
  readonly #byName = new Map<string, ServiceRecord>();
  /** Addresses of services, leaving ones included, and how many each has. */
  readonly #addresses = new Map<Address, number>();
  #nextId = 1;
  #servers = 0;

  /** Every record that is not forgotten. */
  get services(): readonly ServiceRecord[] {
    return [...this.#byListen.values()];
  }

  get serviceCount(): number {
    return this.#byListen.size;
  }

  get serverCount(): number {
    return this.#servers;
  }

  present(name: string): ServiceRecord | undefined {
    return this.#byName.get(name);
  }

  /** The service that a packet's destination belongs to: its own port's before the one of all ports. */
  listening(protocol: Protocol, address: Address, port: number): ServiceRecord | undefined {
    const service =
      this.#byListen.get(listenKey(protocol, address, port)) ??
      this.#byListen.get(listenKey(protocol, address, 0));
    return service?.presence === 'present' ? service : undefined;
  }

  /** Present or leaving. */
  listeningOn({ protocol, address, port }: Listen): ServiceRecord | undefined {
    return this.#byListen.get(listenKey(protocol, address, port));
  }

  isVirtual(address: Address): boolean {
    return this.#addresses.has(address);
  }

  /** The caller has checked the step. */
  carryOut(step: Step): void {
    if (step.kind === 'add-service') this.#addService(step.service);
    else if (step.kind === 'edit-service') editService(this.#named(step.service.name), step.service);
    else if (step.kind === 'remove-service') this.#removeService(this.#named(step.service), step.policy);
    else if (step.kind === 'add-server') this.#addServer(this.#named(step.service), step.server);
    else if (step.kind === 'edit-server') editServer(this.#named(step.service), step.server);
    else removeServer(this.#named(step.service), step.server, step.policy);
  }

  /** Forgets what is leaving and has nothing left. */
  forget(): void {
    for (const service of this.services) {
      for (const server of service.servers) {
        if (server.presence === 'present' || server.active + server.inactive + server.templates > 0) continue;
        service.servers.delete(server);
        addTraffic(service.retired, server.traffic);
        this.#servers -= 1;
      }
      if (service.presence === 'leaving' && service.servers.size === 0) this.#drop(service);
    }
  }

  #named(name: string): ServiceRecord {
    const service = this.#byName.get(name);
    if (!service) throw new TypeError(`the steps were not checked: no service ${name}`);
    return service;
  }

  #addService(spec: ServiceSpec): void {
    const { protocol, address, port } = spec.listen;
    const key = listenKey(protocol, address, port);
    const before = this.#byListen.get(key);
    const service = before ?? newService(this.#nextId++, spec);
    if (before) {
      before.spec = spec;
      before.presence = 'present';
      before.position = START;
    } else {
      this.#byListen.set(key, service);
      this.#addresses.set(address, (this.#addresses.get(address) ?? 0) + 1);
    }
    this.#byName.set(spec.name, service);
  }

  #removeService(service: ServiceRecord, policy: RemovalPolicy): void {
    for (const server of service.members) leave(server, policy);
    setMembers(service, []);
    service.presence = 'leaving';
    this.#byName.delete(service.spec.name);
  }

  #addServer(service: ServiceRecord, spec: ServerSpec): void {
    const before = findLeaving(service, spec);
    const server = before ?? newServer(service, spec);
    server.spec = spec;
    server.presence = 'present';
    if (!before) {
      service.servers.add(server);
      this.#servers += 1;
    }
    setMembers(service, [...service.members, server]);
  }

  #drop(service: ServiceRecord): void {
    const { protocol, address, port } = service.spec.listen;
    this.#byListen.delete(listenKey(protocol, address, port));
    const left = (this.#addresses.get(address) ?? 0) - 1;
    if (left > 0) this.#addresses.set(address, left);
    else this.#addresses.delete(address);
  }
}

/** A leaving server that adding this one takes back. */
function findLeaving(service: ServiceRecord, spec: ServerSpec): ServerRecord | undefined {
  for (const server of service.servers) {
    const { address, port } = server.spec;
    if (server.presence === 'leaving' && address === spec.address && port === spec.port) return server;
  }
  return undefined;
}

/** Sum over its servers, those that are gone included. */
export function trafficOf(service: ServiceRecord): TrafficCounters {
  const sum = { ...service.retired };
  for (const server of service.servers) addTraffic(sum, server.traffic);
  return sum;
}

function editService(service: ServiceRecord, spec: ServiceSpec): void {
  if (service.spec.scheduler !== spec.scheduler) service.position = START;
  service.spec = spec;
}

function editServer(service: ServiceRecord, spec: ServerSpec): void {
  const server = service.members.find((each) => each.spec.name === spec.name)!;
  server.spec = spec;
  setMembers(service, service.members);
}

function removeServer(service: ServiceRecord, name: string, policy: RemovalPolicy): void {
  const server = service.members.find((each) => each.spec.name === name)!;
  leave(server, policy);
  setMembers(
    service,
    service.members.filter((each) => each !== server),
  );
}

function leave(server: ServerRecord, policy: RemovalPolicy): void {
  server.presence = 'leaving';
  server.policy = policy;
}

function setMembers(service: ServiceRecord, members: readonly ServerRecord[]): void {
  service.members = members;
  service.position = clampPosition(
    service.position,
    members.map(({ spec }) => spec),
  );
}

function newService(id: number, spec: ServiceSpec): ServiceRecord {
  return {
    id,
    spec,
    presence: 'present',
    members: [],
    servers: new Set(),
    position: START,
    retired: emptyTraffic(),
  };
}

function newServer(service: ServiceRecord, spec: ServerSpec): ServerRecord {
  return {
    service,
    spec,
    presence: 'present',
    policy: 'silent',
    active: 0,
    inactive: 0,
    templates: 0,
    traffic: emptyTraffic(),
  };
}

function listenKey(protocol: Protocol, address: Address, port: number): string {
  return `${protocol} ${formatEndpoint(address, port)}`;
}
