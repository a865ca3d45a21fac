// What the memory engine keeps of services and real servers, beside the specifications they were given.
import type { Connection as TableConnection, Template as TableTemplate } from '../../connections/table.ts';
import type { TrafficCounters } from '../../model/counters.ts';
import type { RemovalPolicy, ServerSpec, ServiceSpec } from '../../model/service.ts';
import type { Position } from '../../scheduling/scheduler.ts';

export interface ServiceRecord {
  /** Stays when the service is removed and taken back under another name. */
  readonly id: number;
  spec: ServiceSpec;
  presence: 'present' | 'leaving';
  /** Present servers in the order they were added: what is scheduled over. */
  members: readonly ServerRecord[];
  /** Every server that is not forgotten, leaving ones included. */
  readonly servers: Set<ServerRecord>;
  position: Position;
  /** Traffic of servers that are forgotten. */
  readonly retired: TrafficCounters;
}

export interface ServerRecord {
  readonly service: ServiceRecord;
  spec: ServerSpec;
  presence: 'present' | 'leaving';
  policy: RemovalPolicy;
  active: number;
  inactive: number;
  templates: number;
  readonly traffic: TrafficCounters;
}

export type Connection = TableConnection<ServerRecord>;
export type Template = TableTemplate<ServerRecord>;
