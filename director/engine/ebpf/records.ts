// Services and servers as the packet program holds them, and their translation from and to specifications.
import { addressBytes, familyOf, prefixMask } from '../../model/address.ts';
import {
  METHODS,
  PROTOCOLS,
  type Protocol,
  REMOVAL_POLICIES,
  type RemovalPolicy,
  SCHEDULERS,
  type ServerSpec,
  type ServiceSpec,
} from '../../model/service.ts';
import type { Position } from '../../scheduling/scheduler.ts';
import * as layout from './layout.ts';
import type { RecordArray } from './mapped-array.ts';
import type { Region } from './member-lists.ts';

export interface ServiceRecord {
  readonly id: number;
  spec: ServiceSpec;
  presence: 'present' | 'leaving';
  /** Present servers in the order they were added. */
  members: readonly ServerRecord[];
  readonly servers: Set<ServerRecord>;
  region: Region;
}

export interface ServerRecord {
  readonly id: number;
  readonly service: ServiceRecord;
  spec: ServerSpec;
  presence: 'present' | 'leaving';
  policy: RemovalPolicy;
}

const { SERVICE, SERVER, NAME_BYTES } = layout;
const IP_PROTOCOL: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 };

function ipProtocol(protocol: Protocol): number {
  return IP_PROTOCOL[protocol];
}

export function protocolOf(number: number): Protocol {
  return PROTOCOLS.find((name) => IP_PROTOCOL[name] === number) ?? 'tcp';
}

export function writeService(services: RecordArray, record: ServiceRecord): void {
  const { id, spec } = record;
  services.setU32(id, SERVICE.scheduler, SCHEDULERS.indexOf(spec.scheduler));
  services.setBytes(
    id,
    SERVICE.persistence_mask,
    prefixMask(familyOf(spec.listen.address), spec.persistence?.netmask_bits ?? 0),
  );
  services.setU32(id, SERVICE.persistence_ms, (spec.persistence?.timeout_s ?? 0) * 1000);
  services.setPort(id, SERVICE.port, spec.listen.port);
  services.setU8(id, SERVICE.protocol, ipProtocol(spec.listen.protocol));
  services.setAddress(id, SERVICE.listen, spec.listen.address);
  services.setName(id, SERVICE.name, NAME_BYTES, spec.name);
  services.setU32(
    id,
    SERVICE.flags,
    record.presence === 'present' ? layout.SERVICE_FLAG.present : layout.SERVICE_FLAG.leaving,
  );
}

/** Undefined for a number that is not in use. */
export function readService(services: RecordArray, id: number): ServiceRecord | undefined {
  const flags = services.getU32(id, SERVICE.flags);
  if (flags === 0) return undefined;
  const listen = {
    protocol: protocolOf(services.getU8(id, SERVICE.protocol)),
    address: services.getAddress(id, SERVICE.listen),
    port: services.getPort(id, SERVICE.port),
  };
  const timeout_s = services.getU32(id, SERVICE.persistence_ms) / 1000;
  const mask = services.u8.subarray(
    services.at(id, SERVICE.persistence_mask),
    services.at(id, SERVICE.persistence_mask + 16),
  );
  const netmask_bits = countBits(mask) - (familyOf(listen.address) === 4 ? 96 : 0);
  return {
    id,
    spec: {
      name: services.getName(id, SERVICE.name, NAME_BYTES),
      listen,
      scheduler: SCHEDULERS[services.getU32(id, SERVICE.scheduler)] ?? 'rr',
      ...(timeout_s > 0 ? { persistence: { timeout_s, netmask_bits } } : {}),
    },
    presence: flags & layout.SERVICE_FLAG.leaving ? 'leaving' : 'present',
    members: [],
    servers: new Set(),
    region: { first: 0, room: 0 },
  };
}

export function writeServer(servers: RecordArray, record: ServerRecord): void {
  const { id, spec } = record;
  servers.setU32(id, SERVER.weight, spec.weight);
  servers.setU32(id, SERVER.service, record.service.id);
  servers.setAddress(id, SERVER.address, spec.address);
  servers.setPort(id, SERVER.port, spec.port);
  servers.setU8(id, SERVER.method, METHODS.indexOf(spec.method));
  servers.setName(id, SERVER.name, NAME_BYTES, spec.name);
  const policy = REMOVAL_POLICIES.indexOf(record.policy) << layout.SERVER_POLICY_SHIFT;
  const presence =
    record.presence === 'present' ? layout.SERVER_FLAG.present : layout.SERVER_FLAG.leaving | policy;
  servers.setU32(id, SERVER.flags, presence);
}

/** Undefined for a number that is not in use, or whose service is not. */
export function readServer(
  servers: RecordArray,
  id: number,
  services: ReadonlyMap<number, ServiceRecord>,
): ServerRecord | undefined {
  const flags = servers.getU32(id, SERVER.flags);
  const service = services.get(servers.getU32(id, SERVER.service));
  if (flags === 0 || service === undefined) return undefined;
  return {
    id,
    service,
    spec: {
      name: servers.getName(id, SERVER.name, NAME_BYTES),
      address: servers.getAddress(id, SERVER.address),
      port: servers.getPort(id, SERVER.port),
      method: METHODS[servers.getU8(id, SERVER.method)] ?? 'nat',
      weight: servers.getU32(id, SERVER.weight),
    },
    presence: flags & layout.SERVER_FLAG.leaving ? 'leaving' : 'present',
    policy: REMOVAL_POLICIES[(flags >>> layout.SERVER_POLICY_SHIFT) & 3] ?? 'silent',
  };
}

/** index << 32 | current weight; index -1 as all ones. */
export function encodePosition(position: Position): bigint {
  return (BigInt(position.index >>> 0) << 32n) | BigInt(position.current_weight);
}

export function decodePosition(word: bigint): Position {
  return { index: Number(word >> 32n) | 0, current_weight: Number(word & 0xffff_ffffn) };
}

/** struct service_key. */
export function listenKey(listen: ServiceSpec['listen']): Uint8Array {
  const key = new Uint8Array(layout.SERVICE_KEY.size);
  key.set(addressBytes(listen.address), layout.SERVICE_KEY.address);
  key[layout.SERVICE_KEY.port] = listen.port >>> 8;
  key[layout.SERVICE_KEY.port + 1] = listen.port & 0xff;
  key[layout.SERVICE_KEY.protocol] = ipProtocol(listen.protocol);
  return key;
}

/** The key that marks an address as virtual, whatever the port. */
export function virtualKey(listen: ServiceSpec['listen']): Uint8Array {
  const key = new Uint8Array(layout.SERVICE_KEY.size);
  key.set(addressBytes(listen.address), layout.SERVICE_KEY.address);
  return key;
}

function countBits(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
}
