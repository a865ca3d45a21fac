// The operators' orders in force, one per server at most, and what reconcile needs to know of them. Orders outlive the
// configuration: a server that leaves and comes back finds the word that was given about it.
import { FairleadError } from '../model/error.ts';
import { type Orders, type ServerOrder, serverKey } from '../model/orders.ts';
import { type OrderRecord, STORE_LIMITS } from '../store/record.ts';

export type OrderChange =
  | { readonly admin: 'enabled' | 'disabled' }
  | { readonly admin: 'draining'; readonly deadline?: number; readonly atDeadline?: 'cut' | 'keep' }
  /** undefined: back to the configured weight. */
  | { readonly weight: number | undefined }
  | { readonly drained: number };

export class OrderBook {
  readonly #orders: Map<string, OrderRecord>;
  #list: readonly OrderRecord[] | undefined;

  constructor(orders: readonly OrderRecord[]) {
    this.#orders = new Map(orders.map((order) => [serverKey(order.service, order.server), order]));
  }

  get(service: string, server: string): OrderRecord | undefined {
    return this.of(serverKey(service, server));
  }

  /** By serverKey(). */
  of(key: string): OrderRecord | undefined {
    return this.#orders.get(key);
  }

  all(): Iterable<OrderRecord> {
    return this.#orders.values();
  }

  /** The same list until an order changes. */
  list(): readonly OrderRecord[] {
    this.#list ??= [...this.#orders.values()];
    return this.#list;
  }

  /** Takes these in place of all that stand; returns what has changed. */
  adopt(orders: readonly OrderRecord[]): {
    readonly saved: readonly OrderRecord[];
    readonly forgotten: readonly OrderRecord[];
  } {
    const wanted = new Map(
      orders.slice(0, STORE_LIMITS.orders).map((order) => [serverKey(order.service, order.server), order]),
    );
    const forgotten = [...this.#orders].filter(([key]) => !wanted.has(key));
    const saved = [...wanted].filter(([key, order]) => !isSame(this.#orders.get(key), order));
    for (const [key] of forgotten) this.#orders.delete(key);
    for (const [key, order] of saved) this.#orders.set(key, order);
    if (saved.length + forgotten.length > 0) this.#list = undefined;
    return { saved: saved.map(([, order]) => order), forgotten: forgotten.map(([, order]) => order) };
  }

  /** Returns the order that now stands, or undefined when nothing is left to say. */
  change(
    service: string,
    server: string,
    change: OrderChange,
    by: { readonly author: string; readonly now: number },
  ): OrderRecord | undefined {
    const key = serverKey(service, server);
    const before = this.#orders.get(key);
    if (before === undefined && this.#orders.size >= STORE_LIMITS.orders)
      throw new FairleadError('too-many-orders', `There are ${STORE_LIMITS.orders} orders already.`, {
        remedy: 'Enable servers that need no order any more.',
      });
    this.#list = undefined;
    const after = changed(before ?? fresh(service, server, by), change, by);
    if (after.admin === 'enabled' && after.weight === undefined) {
      this.#orders.delete(key);
      return undefined;
    }
    this.#orders.set(key, after);
    return after;
  }

  /** As reconcile reads them. */
  forServices(services: ReadonlySet<string> | undefined): Orders {
    const orders: ServerOrder[] = [];
    for (const { service, server, admin, weight } of this.#orders.values()) {
      if (services !== undefined && !services.has(service)) continue;
      orders.push({
        service,
        server,
        ...(admin === 'draining' ? { traffic: 'drain' } : admin === 'disabled' ? { traffic: 'disable' } : {}),
        ...(weight === undefined ? {} : { weight }),
      });
    }
    return orders;
  }
}

const FIELDS = [
  'admin',
  'weight',
  'since',
  'deadline',
  'atDeadline',
  'drained',
  'author',
  'weightAuthor',
] as const;

function isSame(one: OrderRecord | undefined, other: OrderRecord): boolean {
  return one !== undefined && FIELDS.every((field) => one[field] === other[field]);
}

function fresh(service: string, server: string, by: { author: string; now: number }): OrderRecord {
  return { service, server, admin: 'enabled', since: by.now, author: by.author };
}

function changed(
  order: OrderRecord,
  change: OrderChange,
  by: { readonly author: string; readonly now: number },
): OrderRecord {
  if ('drained' in change) return { ...order, drained: change.drained };
  if ('weight' in change) {
    const { weight: _, weightAuthor: __, ...rest } = order;
    if (change.weight === undefined) return rest;
    const { weight } = change;
    if (rest.admin === 'enabled') return { ...rest, weight, author: by.author };
    return { ...rest, weight, ...(by.author === rest.author ? {} : { weightAuthor: by.author }) };
  }
  const { service, server, weight } = order;
  const next = { service, server, since: by.now, author: by.author, ...change };
  if (weight === undefined) return next;
  // Whose word the weight is must not be forgotten over another order.
  const weightAuthor = weightAuthorOf(order);
  if (change.admin === 'enabled') return { ...next, weight, author: weightAuthor };
  return { ...next, weight, ...(weightAuthor === by.author ? {} : { weightAuthor }) };
}

/** Who gave the weight that stands. */
export function weightAuthorOf({ author, weightAuthor }: OrderRecord): string {
  return weightAuthor ?? author;
}
