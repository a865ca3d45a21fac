// What is balanced: virtual services and their real servers, as the engine is told about them.
// Weights here are effective weights (what the engine schedules by); configured weights live in the configuration.
import { type Address, formatEndpoint } from './address.ts';

export const PROTOCOLS = ['tcp', 'udp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** How a packet reaches a real server: rewritten, by its MAC address (LVS/DR), encapsulated (LVS/TUN), or to this host. */
export const METHODS = ['nat', 'route', 'tunnel', 'local'] as const;
export type Method = (typeof METHODS)[number];

export const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc'] as const;
export type SchedulerName = (typeof SCHEDULERS)[number];

/**
 * What happens to the connections of a real server that is removed.
 * silent: their packets are dropped, so that they go on if the server is added again before they expire.
 * reset: the client is told at its next packet (TCP reset, ICMP port unreachable) and the entry is freed.
 * reassign: the entry is freed and its next packet is scheduled as a new one (TCP: only a SYN can be).
 */
export const REMOVAL_POLICIES = ['silent', 'reset', 'reassign'] as const;
export type RemovalPolicy = (typeof REMOVAL_POLICIES)[number];

/** Limits of the engine's records; configuration beyond them is refused before it gets here. */
export const LIMITS = {
  name_bytes: 63,
  weight: 6_553_500,
  servers_per_service: 256,
  persistence_timeout_s: 31 * 86_400,
} as const;

export interface Listen {
  readonly protocol: Protocol;
  readonly address: Address;
  /** 1-65535; 0 stands for every port and is reserved for services that take all of them. */
  readonly port: number;
}

/** `tcp://10.0.0.100:80`: as in the configuration, and unique among services. */
export function formatListen({ protocol, address, port }: Listen): string {
  return `${protocol}://${formatEndpoint(address, port)}`;
}

export interface Persistence {
  readonly timeout_s: number;
  /** Prefix length that groups clients: 0-32 for an IPv4 service, 0-128 for IPv6. */
  readonly netmask_bits: number;
}

export interface ServiceSpec {
  /** Unique among services, 1 to 63 bytes. */
  readonly name: string;
  /** The service's identity in the packet path; never edited, only removed and added. */
  readonly listen: Listen;
  readonly scheduler: SchedulerName;
  readonly persistence?: Persistence;
}

export interface ServerSpec {
  /** Unique inside its service, 1 to 63 bytes. */
  readonly name: string;
  readonly address: Address;
  /** Equals the service's port unless the method is nat. */
  readonly port: number;
  readonly method: Method;
  /** Effective weight, 0 = quiesced: no new connection, existing ones go on. */
  readonly weight: number;
}
