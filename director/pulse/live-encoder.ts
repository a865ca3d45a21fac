// What is sent to whoever follows the director: the difference between the report that was sent last and the present one, as
// text. Pure. Nearly all of a busy site's ticks is rows of numbers.
import { liveKeys } from '../control/live-schema.ts';
import type { ServerStatus, ServiceStatus, Status } from '../control/schema.ts';

export interface LiveReport {
  /** Wall clock. */
  readonly at: number;
  readonly status: Omit<Status, 'services'>;
  readonly services: readonly ServiceStatus[];
}

type Loaded = Pick<ServiceStatus, 'active' | 'inactive' | 'templates' | 'traffic' | 'rates'> & {
  readonly latency_ms?: number | undefined;
};

/** A service as it was sent, with the names of what ticks speak of, ready to be written. */
interface Sent {
  service: ServiceStatus;
  readonly name: string;
  readonly servers: ServerStatus[];
  readonly names: readonly string[];
  /** Two servers of one name: whole records cannot tell them apart. */
  readonly namesakes: boolean;
}

/** Of a tick, as JSON each. */
interface Parts {
  readonly services: string[];
  readonly servers: string[];
  readonly changedServices: string[];
  readonly changedServers: string[];
}

export class LiveEncoder {
  #sent: Sent[] | undefined;
  #report: LiveReport | undefined;
  #full: string | undefined;

  /**
   * A tick, or everything where a tick cannot say it. Without `numbers` those that have changed are left for a later one.
   */
  next(report: LiveReport, numbers = true): string {
    const before = this.#report;
    this.#report = report;
    this.#full = undefined;
    if (before === undefined || before.status.revision.number !== report.status.revision.number)
      return this.#begin(report);
    const parts = this.#difference(report.services, numbers);
    if (parts === undefined) return this.#begin(report);
    return `{"kind":"tick","at":${report.at},"status":${JSON.stringify(report.status)},"services":{${parts.services.join()}},"servers":{${parts.servers.join()}},"changed_services":[${parts.changedServices.join()}],"changed_servers":[${parts.changedServers.join()}]}`;
  }

  /** What next() has sent until now, for one more follower; undefined before the first. */
  full(): string | undefined {
    if (this.#report === undefined || this.#sent === undefined) return undefined;
    const services = this.#sent.map(({ service, servers }) => ({ ...service, servers }));
    this.#full ??= encodeFull({ ...this.#report, services });
    return this.#full;
  }

  /** Nobody follows any more: the next one is told everything. */
  forget(): void {
    this.#report = undefined;
    this.#sent = undefined;
    this.#full = undefined;
  }

  #begin(report: LiveReport): string {
    this.#sent = report.services.map((service) => {
      const keys = liveKeys(service);
      return {
        service,
        name: JSON.stringify(service.name),
        servers: [...service.servers],
        names: keys.map((key) => JSON.stringify(key)),
        namesakes: keys.some((key) => key.includes('#')),
      };
    });
    this.#full = encodeFull(report);
    return this.#full;
  }

  /** undefined: services or servers have come, gone or changed places. */
  #difference(services: readonly ServiceStatus[], numbers: boolean): Parts | undefined {
    const sent = this.#sent;
    if (sent === undefined || sent.length !== services.length) return undefined;
    const parts: Parts = { services: [], servers: [], changedServices: [], changedServers: [] };
    for (let index = 0; index < services.length; index++) {
      const before = sent[index]!;
      const now = services[index]!;
      if (before.service.name !== now.name || before.servers.length !== now.servers.length) return undefined;
      if (!isSameService(before.service, now)) {
        const { servers: _, ...summary } = now;
        parts.changedServices.push(JSON.stringify(summary));
        before.service = now;
      } else if (numbers && !isLoadedAlike(before.service, now)) {
        parts.services.push(`${before.name}:${rowOf(now)}`);
        before.service = now;
      }
      if (!this.#differ(before, now.servers, numbers, parts)) return undefined;
    }
    return parts;
  }

  #differ(before: Sent, servers: readonly ServerStatus[], numbers: boolean, parts: Parts): boolean {
    for (let index = 0; index < servers.length; index++) {
      const old = before.servers[index]!;
      const now = servers[index]!;
      if (old === now) continue;
      if (old.name !== now.name) return false;
      if (!isSameServer(old, now)) {
        if (before.namesakes) return false;
        parts.changedServers.push(JSON.stringify(now));
      } else if (numbers && !isLoadedAlike(old, now))
        parts.servers.push(`${before.names[index]!}:${rowOf(now)}`);
      else continue;
      before.servers[index] = now;
    }
    return true;
  }
}

function encodeFull({ at, status, services }: LiveReport): string {
  const summaries = services.map(({ servers: _, ...summary }) => summary);
  return JSON.stringify({ kind: 'full', at, status: { ...status, services: summaries }, services });
}

/** All but the numbers. Field by field by name, as it is done for every server every second; a test names every field. */
function isSameServer(before: ServerStatus, now: ServerStatus): boolean {
  return (
    before.because === now.because &&
    before.health === now.health &&
    before.health_reason === now.health_reason &&
    before.health_since === now.health_since &&
    before.weight_effective === now.weight_effective &&
    before.presence === now.presence &&
    before.path === now.path &&
    before.admin === now.admin &&
    before.weight_ordered === now.weight_ordered &&
    before.weight_configured === now.weight_configured &&
    before.role === now.role &&
    before.address === now.address &&
    before.method === now.method &&
    before.service === now.service &&
    isDeepSame(before.drain, now.drain)
  );
}

function isSameService(before: ServiceStatus, now: ServiceStatus): boolean {
  return (
    before.health === now.health &&
    before.because === now.because &&
    before.servers_up === now.servers_up &&
    before.servers_total === now.servers_total &&
    before.presence === now.presence &&
    before.listen === now.listen &&
    before.scheduler === now.scheduler &&
    before.removal === now.removal &&
    isDeepSame(before.persistence, now.persistence)
  );
}

function isDeepSame(before: object | undefined, now: object | undefined): boolean {
  return before === now || JSON.stringify(before) === JSON.stringify(now);
}

function isLoadedAlike(before: Loaded, now: Loaded): boolean {
  const { traffic, rates } = before;
  return (
    before.active === now.active &&
    before.inactive === now.inactive &&
    before.templates === now.templates &&
    before.latency_ms === now.latency_ms &&
    traffic.connections === now.traffic.connections &&
    traffic.packets_in === now.traffic.packets_in &&
    traffic.packets_out === now.traffic.packets_out &&
    traffic.bytes_in === now.traffic.bytes_in &&
    traffic.bytes_out === now.traffic.bytes_out &&
    rates.connections_per_s === now.rates.connections_per_s &&
    rates.packets_in_per_s === now.rates.packets_in_per_s &&
    rates.packets_out_per_s === now.rates.packets_out_per_s &&
    rates.bytes_in_per_s === now.rates.bytes_in_per_s &&
    rates.bytes_out_per_s === now.rates.bytes_out_per_s
  );
}

/** In the order of LIVE_NUMBERS. A row at a time: that is quicker than one object of all, and than numbers put together by hand. */
function rowOf({ active, inactive, templates, rates, traffic, latency_ms }: Loaded): string {
  return JSON.stringify([
    active,
    inactive,
    templates,
    rates.connections_per_s,
    rates.packets_in_per_s,
    rates.packets_out_per_s,
    rates.bytes_in_per_s,
    rates.bytes_out_per_s,
    latency_ms ?? null,
    traffic.connections,
    traffic.packets_in,
    traffic.packets_out,
    traffic.bytes_in,
    traffic.bytes_out,
  ]);
}
