// A connection entry or a persistence template as the outside sees it.
import type { Address } from './address.ts';
import type { Method, Protocol } from './service.ts';
import type { ConnectionState } from './state.ts';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export interface ConnectionEntry {
  readonly kind: 'connection' | 'template';
  readonly protocol: Protocol;
  /** For a template: the masked client address, port 0. */
  readonly client: Endpoint;
  readonly virtual: Endpoint;
  readonly server: Endpoint;
  readonly service: string;
  readonly serverName: string;
  readonly method: Method;
  readonly state: ConnectionState;
  /** Milliseconds until it expires if nothing more arrives; 0 when due. */
  readonly expires_ms: number;
  readonly packets_in: number;
  readonly packets_out: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  /** Templates: connections that it controls. */
  readonly controls: number;
}

/** Every given field must match. */
export interface ConnectionFilter {
  readonly kind?: ConnectionEntry['kind'];
  readonly service?: string;
  readonly serverName?: string;
  readonly client?: Address;
  readonly state?: ConnectionState;
}
