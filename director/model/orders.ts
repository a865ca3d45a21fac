// Operators' orders on single servers: what a person decided, beside configuration and verdicts. Serializable as
// it is (no map, no name used as a property key), at most one order per server.

/** drain: weight 0, connections go on. disable: taken out, connections end as the service's removal policy says. */
export const TRAFFIC_ORDERS = ['drain', 'disable'] as const;
export type TrafficOrder = (typeof TRAFFIC_ORDERS)[number];

export interface ServerOrder {
  readonly service: string;
  readonly server: string;
  readonly traffic?: TrafficOrder;
  /** Stands in for the configured weight, 0 to 65535. */
  readonly weight?: number;
}

export type Orders = readonly ServerOrder[];

/** Names never hold a slash, so that this is one key per server. */
export function serverKey(service: string, server: string): string {
  return `${service}/${server}`;
}

/** For many look-ups: by serverKey(). */
export function indexOrders(orders: Orders): ReadonlyMap<string, ServerOrder> {
  return new Map(orders.map((order) => [serverKey(order.service, order.server), order]));
}
