// What a director makes of its peer's state. The active's word counts, that of the newest claim; it counts whole, so that after
// a takeover both run the same configuration by the same orders, whatever either had before.
import { revisionHash } from './revision-hash.ts';
import type { PeerOrder, PeerRevision, PeerState, PeerVerdict } from './state.ts';

export type RevisionName = Omit<PeerRevision, 'text'>;

export interface OwnState {
  /** Of the highest claim known, as in beats; an epoch that is only reserved does not count. */
  readonly epoch: number;
  readonly role: PeerState['role'];
  readonly revision: RevisionName;
  readonly orders: readonly PeerOrder[];
}

/**
 * not-active: it only stands by. old-epoch: somebody has claimed the VIPs since. both-active: so have we, by the same claim, which the
 * heartbeat settles. hash-mismatch: the text is not what the hash says. duplicate-orders: two for one server.
 */
export type PeerRefusal = 'not-active' | 'old-epoch' | 'both-active' | 'hash-mismatch' | 'duplicate-orders';

export interface PeerDecision {
  /** `replaced`: what was in force here and is not any more, for the record; undefined if only its number or name changes. */
  readonly adoptRevision?: { readonly revision: PeerRevision; readonly replaced: RevisionName | undefined };
  /** In place of all that we have. */
  readonly adoptOrders?: readonly PeerOrder[];
  readonly verdicts?: readonly PeerVerdict[];
  readonly schedule?: PeerState['schedule'];
  /** A revision or orders may be refused and the rest adopted; with one of the first three nothing is. */
  readonly refused: readonly PeerRefusal[];
}

export function decidePeerState(own: OwnState, theirs: PeerState): PeerDecision {
  const objection = objectionTo(own, theirs);
  if (objection !== undefined) return { refused: [objection] };
  const refused: PeerRefusal[] = [];
  const isIntact = revisionHash(theirs.revision.text) === theirs.revision.hash;
  if (!isIntact) refused.push('hash-mismatch');
  const orders = byServer(theirs.orders);
  if (orders === undefined) refused.push('duplicate-orders');
  return {
    ...(isIntact && !isSameRevision(own.revision, theirs.revision)
      ? { adoptRevision: { revision: theirs.revision, replaced: replacedBy(own.revision, theirs.revision) } }
      : {}),
    ...(orders !== undefined && !isSameOrders(own.orders, orders) ? { adoptOrders: theirs.orders } : {}),
    verdicts: theirs.verdicts,
    schedule: theirs.schedule,
    refused,
  };
}

function objectionTo(own: OwnState, theirs: PeerState): PeerRefusal | undefined {
  if (theirs.role !== 'active') return 'not-active';
  if (theirs.epoch < own.epoch) return 'old-epoch';
  if (theirs.epoch === own.epoch && own.role === 'active') return 'both-active';
  return undefined;
}

/** The number too: it is what changes are conditional on. */
function isSameRevision(own: RevisionName, theirs: RevisionName): boolean {
  return own.hash === theirs.hash && own.number === theirs.number;
}

function replacedBy(own: RevisionName, theirs: RevisionName): RevisionName | undefined {
  return own.hash === theirs.hash ? undefined : own;
}

/** Undefined: two for one server. */
function byServer(orders: readonly PeerOrder[]): ReadonlyMap<string, PeerOrder> | undefined {
  const map = new Map(orders.map((order) => [keyOf(order), order]));
  return map.size === orders.length ? map : undefined;
}

/** Names are the peer's: nothing says that they hold no slash. */
function keyOf({ service, server }: PeerOrder): string {
  return JSON.stringify([service, server]);
}

/** In any order. */
function isSameOrders(own: readonly PeerOrder[], theirs: ReadonlyMap<string, PeerOrder>): boolean {
  if (own.length !== theirs.size) return false;
  return own.every((order) => {
    const other = theirs.get(keyOf(order));
    return other !== undefined && isSameOrder(order, other);
  });
}

function isSameOrder(one: PeerOrder, other: PeerOrder): boolean {
  return (
    one.admin === other.admin &&
    one.weight === other.weight &&
    one.since === other.since &&
    one.deadline === other.deadline &&
    one.atDeadline === other.atDeadline &&
    one.drained === other.drained &&
    one.author === other.author &&
    one.weightAuthor === other.weightAuthor
  );
}
