// What happened and what was ordered, kept on disk by a thread of its own. Nothing here ever waits for the disk
// unless asked to: writes join a bounded queue; when the disk refuses, they stay there and are tried again, and the
// newest events remain readable from memory. A full queue drops its newcomer and counts it.
import type { AccountTrace, AccountWrite } from '../model/account.ts';
import type { Clock } from '../model/clock.ts';
import { type EventFilter, matchesEvent } from '../model/event-filter.ts';
import type { ScheduleRecord } from '../model/schedule.ts';
import { AuditLog } from './audit-log.ts';
import type {
  DrillRecord,
  EventRecord,
  JsonValue,
  NewEvent,
  OrderRecord,
  RevisionRecord,
  RevisionSummary,
  StoredState,
  StoreKeep,
  StoreRead,
  VerdictRecord,
} from './record.ts';
import { Ring } from './ring.ts';
import { StoreLink } from './store-link.ts';
import type { StoreReply } from './tables.ts';
import { WriteQueue } from './write-queue.ts';

export interface StoreOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Writes that may wait. */
  readonly queue_max?: number;
  /** Events kept in memory. */
  readonly ring_max?: number;
  /** Limit of the file in pages of 4 KiB. */
  readonly pages_max?: number;
}

export interface StoreStatus {
  /** ok: on disk. behind: the disk refuses, writes wait. memory: nothing outlives the process. */
  readonly state: 'ok' | 'behind' | 'memory';
  readonly detail: string | undefined;
  readonly waiting: number;
  /** Writes that found no room, or that the database would not take. */
  readonly dropped: number;
}

export interface Store extends AsyncDisposable {
  /** As found at open. */
  readonly initial: StoredState;
  /** Where a damaged file was put at open, and what was wrong. */
  readonly setAside: { readonly path: string; readonly detail: string } | undefined;
  /** Never waits, never throws. */
  record(event: NewEvent): EventRecord;
  saveVerdict(verdict: VerdictRecord): void;
  /** These settle when the disk has it (true) or has refused it for now (false: it is tried again later). */
  saveRevision(revision: RevisionRecord): Promise<boolean>;
  saveOrder(order: OrderRecord): Promise<boolean>;
  forgetOrder(service: string, server: string): Promise<boolean>;
  saveSchedule(record: ScheduleRecord): Promise<boolean>;
  forgetSchedule(name: string): void;
  saveAccount(write: AccountWrite): Promise<boolean>;
  traceAccount(trace: AccountTrace): void;
  /** The newest `limit` events with id > since, and id < before, that are wanted, oldest first. */
  events(
    since: number,
    limit: number,
    filter?: EventFilter & { readonly before?: number },
  ): Promise<readonly EventRecord[]>;
  readonly audit: AuditLog;
  saveDrill(report: JsonValue): { readonly id: number; readonly saved: Promise<boolean> };
  /** Newest first. */
  drills(limit: number): Promise<readonly DrillRecord[]>;
  revisions(): Promise<readonly RevisionSummary[]>;
  revision(number: number): Promise<RevisionRecord | undefined>;
  lastEventId(): number;
  /** How many events and audit records are kept from now on. */
  keep(keep: StoreKeep): void;
  /** A copy of everything that the disk has, as a file of its own. Undefined when it is done, else why not. */
  copy(file: string): Promise<string | undefined>;
  /** What a database needs now and then. Undefined when it is done, else why not. */
  upkeep(): Promise<string | undefined>;
  /** Called with each event as it is recorded, in order; must not throw. */
  follow(onEvent: (event: EventRecord) => void): Disposable;
  status(): StoreStatus;
}

// Room for one verdict and one event of each real server of a large configuration, all at once.
const QUEUE_MAX = 65_536;
const RING_MAX = 2_048;
const DRILLS_WAITING_MAX = 64;
/** 256 MiB. */
const PAGES_MAX = 65_536;

export async function openStore(options: StoreOptions): Promise<Store> {
  const { clock } = options;
  const { link, opened } = await StoreLink.open({
    file: options.file,
    pages_max: options.pages_max ?? PAGES_MAX,
    now_ms: clock.now(),
  });
  const queue = new WriteQueue(link, clock, options.queue_max ?? QUEUE_MAX);
  const ring = new Ring<EventRecord>(options.ring_max ?? RING_MAX);
  const followers = new Set<(event: EventRecord) => void>();
  let lastId = opened.state.lastEventId;
  let lastDrillId = opened.state.lastDrillId;

  /** Revisions that the disk has not taken yet come from the queue. */
  const waitingRevisions = (): RevisionRecord[] =>
    queue.waiting().flatMap((write) => (write.kind === 'revision' ? [write.revision] : []));
  const waitingDrills = (): DrillRecord[] =>
    queue.waiting().flatMap((write) => (write.kind === 'drill' ? [write.drill] : []));
  const read = async <T extends StoreReply>(request: StoreRead): Promise<T> =>
    (await link.read(request)) as T;

  return {
    initial: opened.state,
    setAside:
      opened.setAside === undefined
        ? undefined
        : { path: opened.setAside, detail: opened.detail ?? 'damaged' },
    record(newEvent) {
      const event: EventRecord = { id: ++lastId, ...newEvent };
      ring.push(event);
      queue.push({ kind: 'event', event });
      for (const follower of followers) follower(event);
      return event;
    },
    saveVerdict: (verdict) => queue.push({ kind: 'verdict', verdict }),
    saveRevision: (revision) => queue.pushAndWait({ kind: 'revision', revision }),
    saveOrder: (order) => queue.pushAndWait({ kind: 'order', order }),
    forgetOrder: (service, server) => queue.pushAndWait({ kind: 'forget-order', service, server }),
    saveSchedule: (record) => queue.pushAndWait({ kind: 'schedule', record }),
    forgetSchedule: (name) => queue.push({ kind: 'forget-schedule', name }),
    saveAccount: (write) => queue.pushAndWait(write),
    traceAccount: (trace) => queue.push(trace),
    async events(since, limit, { before: given, ...filter } = {}) {
      const before = given ?? lastId + 1;
      const recent = ring.between(since, before, limit, (event) => matchesEvent(filter, event));
      const oldest = ring.oldestId();
      if (recent.length === limit || oldest <= since + 1) return recent;
      try {
        const older = await read<readonly EventRecord[]>({
          kind: 'events',
          since,
          before: Math.min(oldest, before),
          limit: limit - recent.length,
          filter,
        });
        return [...older, ...recent];
      } catch {
        return recent; // Unreadable disk: what memory has is the answer; status() says why.
      }
    },
    audit: new AuditLog(link, queue, opened.state.lastAudit),
    saveDrill(report) {
      const drill: DrillRecord = { id: ++lastDrillId, report };
      // Reports are large, and those that wait are held in memory.
      const saved =
        waitingDrills().length < DRILLS_WAITING_MAX
          ? queue.pushAndWait({ kind: 'drill', drill })
          : Promise.resolve(false);
      return { id: drill.id, saved };
    },
    async drills(limit) {
      const waiting = waitingDrills().reverse();
      const stored = await read<readonly DrillRecord[]>({ kind: 'drills', limit });
      const known = new Set(stored.map((each) => each.id));
      return [...waiting.filter((each) => !known.has(each.id)), ...stored].slice(0, limit);
    },
    async revisions() {
      const stored = await read<readonly RevisionSummary[]>({ kind: 'revisions' });
      const waiting = waitingRevisions().map(({ text: _, ...summary }) => summary);
      const known = new Set(stored.map((each) => each.number));
      return [...stored, ...waiting.filter((each) => !known.has(each.number))];
    },
    async revision(number) {
      return (
        waitingRevisions().find((each) => each.number === number) ??
        (await read<RevisionRecord | undefined>({ kind: 'revision', number }))
      );
    },
    lastEventId: () => lastId,
    keep: (keep) => void link.keep(keep),
    copy: (file) => link.copy(file),
    upkeep: () => link.upkeep(),
    follow(onEvent) {
      followers.add(onEvent);
      return { [Symbol.dispose]: () => void followers.delete(onEvent) };
    },
    status() {
      const { failure, dropped, length } = queue.status();
      const state = failure !== undefined ? 'behind' : opened.mode === 'memory' ? 'memory' : 'ok';
      const detail = failure ?? (opened.mode === 'memory' ? opened.detail : undefined);
      return { state, detail, waiting: length, dropped };
    },
    async [Symbol.asyncDispose]() {
      await queue.drain();
      await link[Symbol.asyncDispose]();
    },
  };
}
