// An order about one real server, from whoever gives it: a person or the schedule. In force before this returns; the promise
// says whether the disk has it.
import { type Note, orderState } from './audit-handlers.ts';
import type { Core } from './core.ts';
import type { OrderChange } from './order-book.ts';

export interface GivenOrder {
  readonly service: string;
  readonly server: string;
  readonly author: string;
  /** Of the event. */
  readonly kind: string;
  /** In words. */
  readonly what: string;
  readonly change: OrderChange;
  readonly note: Note;
}

export function giveOrder(
  core: Pick<Core, 'clock' | 'orders' | 'record' | 'store' | 'director'>,
  { service, server, author, kind, what, change, note }: GivenOrder,
): Promise<boolean> {
  note({ before: orderState(core.orders.get(service, server)) });
  const standing = core.orders.change(service, server, change, { author, now: core.clock.now() });
  note({ after: orderState(standing) });
  core.record(kind, `${service}/${server}`, `${what}, by order of ${author}`, { author });
  // On its way to the disk before the engine is asked: an order stands even if the engine fails just now.
  const saved =
    standing === undefined ? core.store.forgetOrder(service, server) : core.store.saveOrder(standing);
  core.director.decide(new Set([service]));
  return saved;
}
