// The audit as the director keeps it: a record exists, with its place in the chain, as soon as it is told, whatever the
// disk does; records that the disk has not taken yet are read from memory. Follows the chain on demand, a piece at a
// time, so that other reads and writes go on meanwhile.
import { holds } from '../model/event-filter.ts';
import { type ChainPoint, type ChainWalk, chained, columnsOf, missing, walk } from './audit-chain.ts';
import { type AuditFilter, type AuditRecord, KEEP_MAX, type NewAudit } from './record.ts';
import { Ring } from './ring.ts';
import type { StoreLink } from './store-link.ts';
import type { WriteQueue } from './write-queue.ts';

export interface AuditQuery extends AuditFilter {
  readonly before?: number;
  readonly limit: number;
}

export interface AuditVerdict {
  readonly ok: boolean;
  readonly checked: number;
  readonly first_id?: number;
  readonly last_id?: number;
  readonly last_hash?: string;
  readonly broken_at?: number;
  readonly detail: string;
}

const RING_MAX = 512;
const WALK_RECORDS = 1_000;
/** More than there can be, so that a chain that grows meanwhile does not keep anybody forever. */
const WALKS_MAX = (4 * KEEP_MAX.audit) / WALK_RECORDS;

export class AuditLog {
  readonly #link: StoreLink;
  readonly #queue: WriteQueue;
  readonly #ring = new Ring<AuditRecord>(RING_MAX);
  #last: ChainPoint;

  constructor(link: StoreLink, queue: WriteQueue, last: ChainPoint) {
    this.#link = link;
    this.#queue = queue;
    this.#last = last;
  }

  /** Never waits, never throws for what the disk does. */
  record(entry: NewAudit): AuditRecord {
    const record = chained(this.#last, entry);
    this.#last = { id: record.id, hash: record.hash };
    this.#ring.push(record);
    this.#queue.push({ kind: 'audit', record });
    return record;
  }

  /** Newest first; one more than `limit` where there are older ones. */
  async list(query: AuditQuery): Promise<{ readonly records: AuditRecord[]; readonly more: boolean }> {
    const { before = Number.MAX_SAFE_INTEGER, limit, ...filter } = query;
    const recent = this.#recent();
    const found = recent.filter((each) => each.id < before && isWanted(each, filter)).reverse();
    const oldest = recent[0]?.id ?? Number.MAX_SAFE_INTEGER;
    if (found.length <= limit && oldest > 1)
      found.push(...(await this.#stored(Math.min(oldest, before), limit + 1 - found.length, filter)));
    return { records: found.slice(0, limit), more: found.length > limit };
  }

  async verify(): Promise<AuditVerdict> {
    const until = this.#last;
    let stored: ChainWalk | undefined;
    let checked = 0;
    for (let walks = 0; walks < WALKS_MAX && stored?.done !== true; walks++) {
      stored = (await this.#link.read({
        kind: 'audit-walk',
        after: stored?.point,
        limit: WALK_RECORDS,
      })) as ChainWalk;
      checked += stored.checked;
    }
    if (stored === undefined) throw new Error('nothing was followed');
    const { start, point } = stored;
    if (stored.broken !== undefined) return verdict(start, point, checked, stored.broken);
    // What the disk has not taken yet, and whether what it has is what was recorded here.
    const recent = this.#recent();
    const known = recent.find(({ id }) => id === point.id);
    if (known !== undefined && known.hash !== point.hash)
      return verdict(start, point, checked, {
        id: point.id,
        detail: `record ${point.id} on disk is another one than was recorded`,
      });
    const waiting = recent.filter(({ id }) => id > point.id);
    const rest = walk(
      point,
      waiting.map((record) => ({ ...columnsOf(record), hash: record.hash })),
    );
    const broken =
      rest.broken ??
      (rest.point.id < until.id
        ? { id: rest.point.id + 1, detail: missing(rest.point.id + 1, until.id) }
        : undefined);
    return verdict(start, rest.point, checked + rest.checked, broken, rest.checked);
  }

  /** Oldest first, without a gap: what waits for the disk, and the newest. */
  #recent(): AuditRecord[] {
    const ring = this.#ring.between(0, Number.POSITIVE_INFINITY, RING_MAX);
    const oldest = this.#ring.oldestId();
    const waiting = this.#queue
      .waiting()
      .flatMap((write) => (write.kind === 'audit' && write.record.id < oldest ? [write.record] : []));
    return [...waiting, ...ring];
  }

  /** Unreadable disk: what memory has is the answer; the store's status says why. */
  async #stored(before: number, limit: number, filter: AuditFilter): Promise<AuditRecord[]> {
    try {
      return (await this.#link.read({ kind: 'audit', before, limit, filter })) as AuditRecord[];
    } catch {
      return [];
    }
  }
}

function isWanted(record: AuditRecord, { who, action, q }: AuditFilter): boolean {
  if (who !== undefined && record.who !== who) return false;
  if (action !== undefined && record.action !== action) return false;
  return (
    q === undefined || holds(q, [record.who, record.origin, record.action, record.target, record.detail])
  );
}

function verdict(
  start: ChainPoint,
  end: ChainPoint,
  checked: number,
  broken: ChainWalk['broken'],
  waiting = 0,
): AuditVerdict {
  const place = checked === 0 ? {} : { first_id: start.id + 1, last_id: end.id, last_hash: end.hash };
  if (broken !== undefined)
    return { ok: false, checked, ...place, broken_at: broken.id, detail: broken.detail };
  const from =
    start.id === 0 ? 'from the first one on' : `from record ${start.id + 1} on, the oldest that is kept`;
  const late = waiting === 0 ? '' : `; ${waiting} of them are not on disk yet`;
  const detail = checked === 0 ? 'nothing is recorded yet' : `${checked} records, unbroken ${from}${late}`;
  return { ok: true, checked, ...place, detail };
}
