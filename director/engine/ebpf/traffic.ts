// Counters of servers: the packet program keeps a row per CPU and server, so that no two CPUs write to one; a
// service's are the sum over its servers and those that are gone.
import { emptyTraffic, type TrafficCounters } from '../../model/counters.ts';
import * as layout from './layout.ts';
import type { ServerRecord, ServiceRecord } from './records.ts';
import type { Tables } from './tables.ts';

const { SERVICE, TRAFFIC } = layout;
const FIELDS = ['connections', 'packets_in', 'packets_out', 'bytes_in', 'bytes_out'] as const;

export class Traffic {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  of(server: ServerRecord): TrafficCounters {
    const rows = this.#tables.array('traffic');
    const sum = emptyTraffic();
    for (const row of this.#rows(server))
      for (const field of FIELDS) sum[field] += rows.getCount(row, TRAFFIC[field]);
    return sum;
  }

  /** Of a service's servers that are gone. */
  retired(service: ServiceRecord): TrafficCounters {
    const services = this.#tables.array('services');
    const sum = emptyTraffic();
    for (const [index, field] of FIELDS.entries())
      sum[field] = services.getCount(service.id, SERVICE.retired + index * 8);
    return sum;
  }

  /** Adds a server that goes to what its service keeps. */
  retire(server: ServerRecord): void {
    const services = this.#tables.array('services');
    const traffic = this.of(server);
    for (const [index, field] of FIELDS.entries()) {
      const at = SERVICE.retired + index * 8;
      services.setU64(server.service.id, at, services.getU64(server.service.id, at) + BigInt(traffic[field]));
    }
  }

  clear(server: ServerRecord): void {
    for (const row of this.#rows(server)) this.#tables.array('traffic').clear(row);
  }

  *#rows({ id }: ServerRecord): Generator<number> {
    for (let cpu = 0; cpu < this.#tables.cpus; cpu++) yield cpu * this.#tables.sizes.servers + id;
  }
}
