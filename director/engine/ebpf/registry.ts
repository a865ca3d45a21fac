// Services and real servers in the packet program's tables. The records in memory are a copy for quick reading;
// the tables alone are the truth, and a new process reads everything back from them.

import type { Address } from '../../model/address.ts';
import { FairleadError } from '../../model/error.ts';
import {
  formatListen,
  type Listen,
  type RemovalPolicy,
  type ServerSpec,
  type ServiceSpec,
} from '../../model/service.ts';
import type { Step } from '../../model/step.ts';
import { deleteElement, updateElement } from '../../native/libbpf.ts';
import {
  clampPosition,
  commonDivisor,
  greatestWeight,
  type Position,
  START,
} from '../../scheduling/scheduler.ts';
import { readBack } from './adoption.ts';
import * as layout from './layout.ts';
import { MemberLists } from './member-lists.ts';
import { Numbers } from './numbers.ts';
import {
  decodePosition,
  encodePosition,
  listenKey,
  type ServerRecord,
  type ServiceRecord,
  virtualKey,
  writeServer,
  writeService,
} from './records.ts';
import type { Tables } from './tables.ts';
import { Traffic } from './traffic.ts';

const { SERVICE, SERVER } = layout;

export class Registry {
  readonly #tables: Tables;
  readonly #byListen = new Map<string, ServiceRecord>();
  readonly #byName = new Map<string, ServiceRecord>();
  readonly #servers = new Map<number, ServerRecord>();
  readonly #services = new Map<number, ServiceRecord>();
  /** Virtual addresses and how many services each has. */
  readonly #addresses = new Map<Address, number>();
  readonly #byServerAddress = new Map<Address, Set<ServerRecord>>();
  readonly #serviceNumbers: Numbers;
  readonly #serverNumbers: Numbers;
  readonly #lists: MemberLists;
  readonly traffic: Traffic;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.#serviceNumbers = new Numbers(tables.sizes.services);
    this.#serverNumbers = new Numbers(tables.sizes.servers);
    this.#lists = new MemberLists(tables.array('members').entries);
    this.traffic = new Traffic(tables);
    if (tables.adopted) this.#adopt();
  }

  get services(): Iterable<ServiceRecord> {
    return this.#services.values();
  }
  get servers(): Iterable<ServerRecord> {
    return this.#servers.values();
  }
  get serviceCount(): number {
    return this.#services.size;
  }
  get serverCount(): number {
    return this.#servers.size;
  }
  present(name: string): ServiceRecord | undefined {
    return this.#byName.get(name);
  }
  /** Present or leaving. */
  listeningOn(listen: Listen): ServiceRecord | undefined {
    return this.#byListen.get(formatListen(listen));
  }
  /** Every address that a server has, leaving ones included. */
  get serverAddresses(): ReadonlyMap<Address, ReadonlySet<ServerRecord>> {
    return this.#byServerAddress;
  }
  service(id: number): ServiceRecord | undefined {
    return this.#services.get(id);
  }
  server(id: number): ServerRecord | undefined {
    return this.#servers.get(id);
  }

  position(service: ServiceRecord): Position {
    return decodePosition(this.#tables.array('services').getU64(service.id, SERVICE.position));
  }

  /** Carries out the checked steps of one service; its members appear to packets all at once, at the end. */
  carryOut(steps: readonly Step[], onServer: (server: ServerRecord) => void): void {
    const touched = new Map<ServiceRecord, Position>();
    const edit = (service: ServiceRecord, members: readonly ServerRecord[]) => {
      service.members = members;
      const position = touched.get(service) ?? this.position(service);
      touched.set(
        service,
        clampPosition(
          position,
          members.map(({ spec }) => spec),
        ),
      );
    };
    for (const step of steps) {
      switch (step.kind) {
        case 'add-service':
          touched.set(this.#addService(step.service), START);
          break;
        case 'edit-service': {
          const service = this.#named(step.service.name);
          if (service.spec.scheduler !== step.service.scheduler) touched.set(service, START);
          service.spec = step.service;
          writeService(this.#tables.array('services'), service);
          break;
        }
        case 'remove-service':
          this.#removeService(this.#named(step.service), step.policy, edit);
          break;
        case 'add-server': {
          const service = this.#named(step.service);
          const server = this.#addServer(service, step.server);
          onServer(server);
          edit(service, [...service.members, server]);
          break;
        }
        case 'edit-server': {
          const service = this.#named(step.service);
          const server = memberNamed(service, step.server.name);
          server.spec = step.server;
          writeServer(this.#tables.array('servers'), server);
          edit(service, service.members);
          break;
        }
        case 'remove-server': {
          const service = this.#named(step.service);
          const server = memberNamed(service, step.server);
          edit(
            service,
            service.members.filter((each) => each !== server),
          );
          leave(server, step.policy);
        }
      }
    }
    for (const [service, position] of touched) this.#publish(service, position);
    for (const service of touched.keys())
      for (const server of service.servers)
        if (server.presence === 'leaving') writeServer(this.#tables.array('servers'), server);
  }

  /** Forgets what is leaving and has nothing left; numbers given up before may be used again from now on. */
  forget(): void {
    this.#serviceNumbers.turn();
    this.#serverNumbers.turn();
    this.#lists.turn();
    for (const service of this.#services.values()) {
      for (const server of service.servers)
        if (server.presence === 'leaving' && this.#isUnused(server)) this.#forgetServer(server);
      if (service.presence === 'leaving' && service.servers.size === 0) this.#dropService(service);
    }
  }

  #named(name: string): ServiceRecord {
    const service = this.#byName.get(name);
    if (!service) throw new TypeError(`the steps were not checked: no service ${name}`);
    return service;
  }

  #addService(spec: ServiceSpec): ServiceRecord {
    const key = formatListen(spec.listen);
    const before = this.#byListen.get(key);
    const service = before ?? this.#newService(spec);
    service.spec = spec;
    service.presence = 'present';
    this.#byName.set(spec.name, service);
    writeService(this.#tables.array('services'), service);
    if (!before) this.#enterListen(service);
    return service;
  }

  #newService(spec: ServiceSpec): ServiceRecord {
    const id = this.#serviceNumbers.take();
    if (id === undefined) throw new FairleadError('service-table-full', 'The table of services is full.');
    this.#tables.array('services').clear(id);
    const service: ServiceRecord = {
      id,
      spec,
      presence: 'present',
      members: [],
      servers: new Set(),
      region: { first: 0, room: 0 },
    };
    this.#services.set(id, service);
    this.#byListen.set(formatListen(spec.listen), service);
    return service;
  }

  #enterListen(service: ServiceRecord): void {
    const { listen } = service.spec;
    const id = new Uint8Array(Uint32Array.of(service.id).buffer);
    const uses = this.#addresses.get(listen.address) ?? 0;
    this.#addresses.set(listen.address, uses + 1);
    if (uses === 0) updateElement(this.#tables.fd('listening'), virtualKey(listen), id);
    updateElement(this.#tables.fd('listening'), listenKey(listen), id);
  }

  #removeService(
    service: ServiceRecord,
    policy: RemovalPolicy,
    edit: (service: ServiceRecord, members: readonly ServerRecord[]) => void,
  ): void {
    service.presence = 'leaving';
    this.#byName.delete(service.spec.name);
    writeService(this.#tables.array('services'), service);
    for (const server of service.members) leave(server, policy);
    edit(service, []);
  }

  #addServer(service: ServiceRecord, spec: ServerSpec): ServerRecord {
    const before = [...service.servers].find(
      ({ presence, spec: { address, port } }) =>
        presence === 'leaving' && address === spec.address && port === spec.port,
    );
    const server = before ?? this.#newServer(service, spec);
    server.spec = spec;
    server.presence = 'present';
    writeServer(this.#tables.array('servers'), server);
    return server;
  }

  #newServer(service: ServiceRecord, spec: ServerSpec): ServerRecord {
    const id = this.#serverNumbers.take();
    if (id === undefined) throw new FairleadError('server-table-full', 'The table of real servers is full.');
    this.#tables.array('servers').clear(id);
    this.#tables.array('servers').setU32(id, SERVER.hop, layout.NONE);
    const server: ServerRecord = { id, service, spec, presence: 'present', policy: 'silent' };
    this.traffic.clear(server);
    this.#keep(server);
    return server;
  }

  /** One store makes the new list and its count visible together. */
  #publish(service: ServiceRecord, position: Position): void {
    const services = this.#tables.array('services');
    const members = this.#tables.array('members');
    const specs = service.members.map(({ spec }) => spec);
    const region = this.#lists.take(service.members.length);
    for (const [index, { id }] of service.members.entries()) members.setU32(region.first + index, 0, id);
    services.setU32(service.id, SERVICE.weight_gcd, commonDivisor(specs));
    services.setU32(service.id, SERVICE.weight_max, greatestWeight(specs));
    services.setU64(
      service.id,
      SERVICE.members,
      (BigInt(region.first) << 32n) | BigInt(service.members.length),
    );
    services.setU64(service.id, SERVICE.position, encodePosition(position));
    this.#lists.give(service.region);
    service.region = region;
  }

  #isUnused(server: ServerRecord): boolean {
    const servers = this.#tables.array('servers');
    return [SERVER.active, SERVER.inactive, SERVER.templates].every(
      (field) => servers.getU32(server.id, field) === 0,
    );
  }

  /** The peer may put in an entry at this moment: whoever counts it looks at the flags after that (install.h). */
  #forgetServer(server: ServerRecord): void {
    const servers = this.#tables.array('servers');
    const word = servers.at(server.id, SERVER.flags) >>> 2;
    const flags = Atomics.exchange(servers.u32, word, 0);
    if (this.#isUnused(server)) this.#dropServer(server);
    else Atomics.store(servers.u32, word, flags);
  }

  #dropServer(server: ServerRecord): void {
    const { service, id } = server;
    this.traffic.retire(server);
    this.#tables.array('servers').setU32(id, SERVER.flags, 0);
    service.servers.delete(server);
    this.#servers.delete(id);
    this.#serverNumbers.give(id);
    const others = this.#byServerAddress.get(server.spec.address);
    others?.delete(server);
    if (others?.size === 0) this.#byServerAddress.delete(server.spec.address);
  }

  #keep(server: ServerRecord): void {
    this.#servers.set(server.id, server);
    server.service.servers.add(server);
    const others = this.#byServerAddress.get(server.spec.address);
    if (others) others.add(server);
    else this.#byServerAddress.set(server.spec.address, new Set([server]));
  }

  #dropService(service: ServiceRecord): void {
    const { listen } = service.spec;
    deleteElement(this.#tables.fd('listening'), listenKey(listen));
    const uses = (this.#addresses.get(listen.address) ?? 1) - 1;
    if (uses > 0) this.#addresses.set(listen.address, uses);
    else {
      this.#addresses.delete(listen.address);
      deleteElement(this.#tables.fd('listening'), virtualKey(listen));
    }
    this.#tables.array('services').setU32(service.id, SERVICE.flags, 0);
    this.#lists.give(service.region);
    this.#services.delete(service.id);
    this.#byListen.delete(formatListen(service.spec.listen));
    this.#serviceNumbers.give(service.id);
  }

  /** Takes over what an earlier process left, whatever it was doing when it ended. */
  #adopt(): void {
    const { services, servers } = readBack(this.#tables, this.#lists);
    for (const service of services) {
      this.#services.set(service.id, service);
      this.#byListen.set(formatListen(service.spec.listen), service);
      if (service.presence === 'present') this.#byName.set(service.spec.name, service);
      this.#enterListen(service);
    }
    for (const server of servers) {
      this.#keep(server);
      if (server.presence === 'leaving') writeServer(this.#tables.array('servers'), server);
    }
    this.#serviceNumbers.adopt([...this.#services.keys()]);
    this.#serverNumbers.adopt([...this.#servers.keys()]);
  }
}

function memberNamed(service: ServiceRecord, name: string): ServerRecord {
  const server = service.members.find(({ spec }) => spec.name === name);
  if (!server) throw new TypeError(`the steps were not checked: no server ${name}`);
  return server;
}

function leave(server: ServerRecord, policy: RemovalPolicy): void {
  server.presence = 'leaving';
  server.policy = policy;
}
