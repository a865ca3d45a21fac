// The sync process as pulse sees it: a child over an IPC channel, started when it is known where the peer is, started
// again with back-off when it dies, told its settings and the role each time. New connections never wait for it.
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import {
  type FromSync,
  fromSyncSchema,
  type SyncSettings,
  type SyncStatus,
  type ToSync,
} from '../../sync/protocol.ts';
import { IpcChild } from '../ipc-child.ts';
import type { Log } from '../log.ts';
import type { RecordEvent } from '../record-event.ts';

export const SYNC_MAIN = fileURLToPath(new URL('../../sync/main.ts', import.meta.url));
/** Many changes of the engine at once are one. */
const REGISTRY_DELAY_MS = 50;
const FLUSH_TIMEOUT_MS = 5_000;

export type FlushResult = Extract<FromSync, { kind: 'flushed' }>;

export interface SyncProcessOptions {
  /** The program; tests have one of their own. */
  readonly main: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly record: RecordEvent;
  readonly onStatus: (status: SyncStatus) => void;
}

export class SyncProcess implements Disposable {
  readonly #options: SyncProcessOptions;
  readonly #child: IpcChild<ToSync>;
  readonly #flushes = new Map<number, PromiseWithResolvers<FlushResult>>();
  #settings: SyncSettings | undefined;
  #role: Extract<ToSync, { kind: 'role' }> = { kind: 'role', active: false, epoch: 0 };
  #status: SyncStatus | undefined;
  #registry: Disposable | undefined;
  #nextFlush = 1;
  #closed = false;

  constructor(options: SyncProcessOptions) {
    this.#options = options;
    const { main, clock, log } = options;
    this.#child = new IpcChild({
      ...{ name: 'the sync process', main, clock, log },
      greeting: () =>
        this.#settings === undefined ? [] : [{ kind: 'settings', settings: this.#settings }, this.#role],
      onMessage: (value) => this.#hear(value),
      onEnded: (failure, isNews) => this.#ended(failure, isNews),
    });
  }

  /** Undefined while it is not running, or has said nothing yet. */
  get status(): SyncStatus | undefined {
    return this.running() ? this.#status : undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get restarts(): number {
    return this.#child.restarts;
  }

  running(): boolean {
    return this.#child.running();
  }

  failure(): string | undefined {
    if (this.running()) return undefined;
    if (this.#settings === undefined) return 'the addresses of the sync link are not known yet';
    return this.#child.failure;
  }

  /** The first time it is started. */
  settings(settings: SyncSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    const first = this.#settings === undefined;
    this.#settings = settings;
    if (first) this.#child.start();
    else this.#child.send({ kind: 'settings', settings });
  }

  role(active: boolean, epoch: number): void {
    if (this.#role.active === active && this.#role.epoch === epoch) return;
    this.#role = { kind: 'role', active, epoch };
    this.#child.send(this.#role);
  }

  /** Services or servers of the engine have changed. */
  registry(): void {
    if (this.#registry !== undefined || this.#closed) return;
    this.#registry = this.#options.clock.after(REGISTRY_DELAY_MS, () => {
      this.#registry = undefined;
      this.#child.send({ kind: 'registry' });
    });
  }

  /** Rejects with FairleadError: sync-away, no-answer. */
  async flush(): Promise<FlushResult> {
    if (!this.running()) throw new FairleadError('sync-away', 'The connection sync is not running.');
    const id = this.#nextFlush++;
    const answer = Promise.withResolvers<FlushResult>();
    using _ = this.#options.clock.after(FLUSH_TIMEOUT_MS, () =>
      answer.reject(new FairleadError('no-answer', 'The connection sync did not answer.')),
    );
    this.#flushes.set(id, answer);
    this.#child.send({ kind: 'flush', id });
    try {
      return await answer.promise;
    } finally {
      this.#flushes.delete(id);
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#registry?.[Symbol.dispose]();
    this.#child[Symbol.dispose]();
  }

  #ended(failure: string, isNews: boolean): void {
    this.#status = undefined;
    for (const answer of this.#flushes.values())
      answer.reject(new FairleadError('sync-away', 'The connection sync ended.'));
    if (isNews) this.#options.record('sync-failed', 'sync', `${failure}; it is started again`);
  }

  #hear(value: unknown): void {
    const read = fromSyncSchema.safeParse(value);
    if (!read.success) {
      this.#options.log('warn', 'a message of the sync process was refused', {
        problem: read.error.issues[0]?.message,
      });
      return;
    }
    const message = read.data;
    if (message.kind === 'status') {
      this.#status = message.status;
      this.#child.sound();
      this.#options.onStatus(message.status);
    } else if (message.kind === 'event') {
      this.#options.record(message.event, 'sync', message.reason, toJson(message.evidence));
    } else this.#flushes.get(message.id)?.resolve(message);
  }
}

/** What cannot be kept as JSON is left out. */
function toJson(evidence: Readonly<Record<string, unknown>>) {
  return JSON.parse(JSON.stringify(evidence)) as Record<string, string | number | boolean>;
}
