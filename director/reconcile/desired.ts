// What the engine should have: configuration + operators' orders + verdicts + ramps, as one pure function.
// Guarantees: a server that may not take connections has weight 0 or is absent; the sorry server has weight 1
// exactly while no other server has one; weights stay within the engine's limit.
import type { ServerConfig, ServiceConfig } from '../config/configuration.ts';
import type { Health } from '../model/monitor.ts';
import { indexOrders, type Orders, type ServerOrder, serverKey } from '../model/orders.ts';
import type { RemovalPolicy, SchedulerName, ServerSpec, ServiceSpec } from '../model/service.ts';

export interface DesiredServer {
  readonly spec: ServerSpec;
  /** The share of traffic that people see: configured (or ordered) weight times ramp, two decimals at most. */
  readonly shownWeight: number;
}

export interface DesiredService {
  readonly spec: ServiceSpec;
  /** What becomes of the connections of a server that leaves this service. */
  readonly removal: RemovalPolicy;
  readonly servers: readonly DesiredServer[];
}

export interface DesiredInput {
  readonly services: readonly ServiceConfig[];
  readonly health: (service: ServiceConfig, server: ServerConfig) => Health;
  readonly orders: Orders;
  /** 0 to 1; 1 = not ramping. */
  readonly ramp: (service: ServiceConfig, server: ServerConfig) => number;
  /** Whether it has been up since it was configured; default: yes if its health is known. */
  readonly hasBeenUp?: (service: ServiceConfig, server: ServerConfig) => boolean;
}

/** While a server ramps, its service's weights are counted in hundredths. */
const RAMP_SCALE = 100;
const WEIGHTED: Readonly<Record<SchedulerName, SchedulerName>> = {
  rr: 'wrr',
  lc: 'wlc',
  wrr: 'wrr',
  wlc: 'wlc',
};

interface Member {
  readonly server: ServerConfig;
  readonly weight: number;
  readonly ramp: number;
}

export function desiredServices(input: DesiredInput): DesiredService[] {
  const orders = indexOrders(input.orders);
  return input.services.map((service) => desiredService(service, input, orders));
}

function desiredService(
  service: ServiceConfig,
  input: DesiredInput,
  orders: ReadonlyMap<string, ServerOrder>,
): DesiredService {
  const orderFor = (server: ServerConfig) => orders.get(serverKey(service.name, server.name));
  const members: Member[] = [];
  for (const server of service.servers) {
    const weight = weightOf(service, server, input, orderFor(server));
    if (weight === undefined) continue;
    const ramp = weight > 0 ? Math.min(1, Math.max(0, input.ramp(service, server))) : 1;
    members.push({ server, weight, ramp });
  }
  if (service.sorry !== undefined) {
    const traffic = orderFor(service.sorry)?.traffic;
    const needed = traffic !== 'drain' && members.every((member) => member.weight === 0);
    if (traffic !== 'disable') members.push({ server: service.sorry, weight: needed ? 1 : 0, ramp: 1 });
  }
  const ramping = members.some((member) => member.ramp < 1);
  const scheduler = ramping ? WEIGHTED[service.scheduler] : service.scheduler;
  // rr and lc treat all weights alike, and must go on doing so while their weighted brothers stand in.
  const equal = scheduler !== service.scheduler;
  return {
    spec: {
      name: service.name,
      listen: service.listen,
      scheduler,
      ...(service.persistence === undefined ? {} : { persistence: service.persistence }),
    },
    removal: service.removal,
    servers: members.map((member) => desiredServer(member, ramping, equal)),
  };
}

/** Weight before ramping; undefined: absent. */
function weightOf(
  service: ServiceConfig,
  server: ServerConfig,
  input: DesiredInput,
  order: ServerOrder | undefined,
): number | undefined {
  if (order?.traffic === 'disable') return undefined;
  const health = service.monitors.length === 0 ? 'up' : input.health(service, server);
  if (health !== 'up') {
    const known = input.hasBeenUp?.(service, server) ?? health !== 'unknown';
    return service.down === 'quiesce' && known ? 0 : undefined;
  }
  return order?.traffic === 'drain' ? 0 : (order?.weight ?? server.weight);
}

function desiredServer(member: Member, ramping: boolean, equal: boolean): DesiredServer {
  const { server, ramp } = member;
  const base = equal ? Math.min(1, member.weight) : member.weight;
  const scaled = ramping ? Math.round(base * RAMP_SCALE * ramp) : base;
  const { name, address, port, method } = server;
  return {
    spec: { name, address, port, method, weight: base > 0 ? Math.max(1, scaled) : 0 },
    shownWeight: Math.round(member.weight * ramp * 100) / 100,
  };
}
