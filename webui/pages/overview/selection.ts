// Which services and servers an overview shows: filtered, in order, by the page. Pure, and cheap enough to be done for some
// thousand servers at every request.
import type { ServerStatus, ServiceStatus } from '../../../director/control/schema.ts';
import { isFound, wordsOf } from '../../public/find.ts';
import type { Asked, Sort } from './asked.ts';

/** Services on a page, and at most on one that shows "all". */
export const PAGE_SIZE = 25;
export const ALL_MAX = 500;

export interface Shown {
  readonly service: ServiceStatus;
  /** Indices of its servers, in the order in which they are shown. */
  readonly servers: readonly number[];
}

export interface Selection {
  readonly shown: readonly Shown[];
  /** Of all pages. */
  readonly services: number;
  readonly servers: number;
  readonly page: number;
  readonly pages: number;
}

/** Everything that is found, in order, without pages. */
export function find(
  services: readonly ServiceStatus[],
  asked: Pick<Asked, 'q' | 'states' | 'sort'>,
): Shown[] {
  const words = wordsOf(asked.q);
  const found: Shown[] = [];
  for (const service of services) {
    const servers = findServers(service, words, asked.states === 'trouble');
    if (servers !== undefined) found.push({ service, servers: order(service, servers, asked.sort) });
  }
  return sorted(found, asked.sort);
}

export function select(services: readonly ServiceStatus[], asked: Asked): Selection {
  const found = find(services, asked);
  const size = asked.page === 'all' ? ALL_MAX : PAGE_SIZE;
  const pages = Math.max(1, Math.ceil(found.length / size));
  const page = asked.page === 'all' ? 1 : Math.min(asked.page, pages);
  return {
    shown: found.slice((page - 1) * size, page * size),
    services: found.length,
    servers: found.reduce((sum, { servers }) => sum + servers.length, 0),
    page,
    pages,
  };
}

/** Undefined: the service is not shown. One that is found itself is shown with all of its servers. */
function findServers(
  service: ServiceStatus,
  words: readonly string[],
  troubleOnly: boolean,
): readonly number[] | undefined {
  const whole = words.length === 0 || isFound(words, textOfService(service));
  const found: number[] = [];
  for (const [index, server] of service.servers.entries()) {
    if (!whole && !isFound(words, textOfServer(service, server))) continue;
    if (troubleOnly && !isTroubled(server)) continue;
    found.push(index);
  }
  if (found.length > 0) return found;
  return whole && (!troubleOnly || service.health !== 'up') ? found : undefined;
}

function textOfService({ name, listen, scheduler, health }: ServiceStatus): string {
  return `${name} ${listen} ${scheduler} ${health}`.toLowerCase();
}

function textOfServer({ name: service }: ServiceStatus, server: ServerStatus): string {
  const { name, address, admin, health, role, health_reason } = server;
  const reason = health === 'up' ? '' : health_reason;
  return `${service} ${name} ${address} ${admin} ${health} ${role} ${reason}`.toLowerCase();
}

/** Whatever is not as it should be: health, or an order that stands. */
function isTroubled(server: ServerStatus): boolean {
  if (server.role !== 'server') return server.role === 'removed' || server.weight_effective > 0;
  return server.health !== 'up' || server.admin !== 'enabled' || server.weight_ordered !== undefined;
}

const SERVICE_RANK = ['down', 'sorry', 'empty', 'unknown', 'degraded', 'up'];
const SERVER_RANK = ['down', 'unknown', 'up'];

function sorted(found: Shown[], sort: Sort): Shown[] {
  if (sort === 'name') return found.sort((one, other) => compareText(one.service.name, other.service.name));
  if (sort === 'load') return found.sort((one, other) => compareLoad(one.service, other.service));
  if (sort === 'health')
    return found.sort(
      (one, other) => SERVICE_RANK.indexOf(one.service.health) - SERVICE_RANK.indexOf(other.service.health),
    );
  return found;
}

function order(service: ServiceStatus, found: readonly number[], sort: Sort): readonly number[] {
  if (sort === 'configured') return found;
  const server = (index: number): ServerStatus => service.servers[index]!;
  return found.toSorted((one, other) => {
    if (sort === 'name') return compareText(server(one).name, server(other).name);
    if (sort === 'load') return compareLoad(server(one), server(other));
    return SERVER_RANK.indexOf(server(one).health) - SERVER_RANK.indexOf(server(other).health);
  });
}

/** `rs2` before `rs10`. Made once: it is dear. */
const COLLATOR = new Intl.Collator('en', { numeric: true });

function compareText(one: string, other: string): number {
  return COLLATOR.compare(one, other);
}

type Loaded = Pick<ServiceStatus, 'active' | 'rates'>;

function compareLoad(one: Loaded, other: Loaded): number {
  return other.active - one.active || other.rates.connections_per_s - one.rates.connections_per_s;
}
