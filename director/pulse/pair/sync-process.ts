// The sync process as pulse sees it: a child over an IPC channel, started when it is known where the peer is, started
// again with back-off when it dies, told its settings and the role each time. New connections never wait for it.
import { type ChildProcess, spawn } from 'node:child_process';
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
import type { Log } from '../log.ts';
import type { RecordEvent } from '../record-event.ts';
import { Restarts } from './restarts.ts';

export const SYNC_MAIN = fileURLToPath(new URL('../../sync/main.ts', import.meta.url));
/** Many changes of the engine at once are one. */
const REGISTRY_DELAY_MS = 50;
const FLUSH_TIMEOUT_MS = 5_000;
const LEAVE_TIME_MS = 1_000;

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
  readonly #restarts: Restarts;
  readonly #flushes = new Map<number, PromiseWithResolvers<FlushResult>>();
  #settings: SyncSettings | undefined;
  #role: Extract<ToSync, { kind: 'role' }> = { kind: 'role', active: false, epoch: 0 };
  #child: ChildProcess | undefined;
  #status: SyncStatus | undefined;
  #next: Disposable | undefined;
  #registry: Disposable | undefined;
  #nextFlush = 1;
  #closed = false;

  constructor(options: SyncProcessOptions) {
    this.#options = options;
    this.#restarts = new Restarts(options.clock);
  }

  /** Undefined while it is not running, or has said nothing yet. */
  get status(): SyncStatus | undefined {
    return this.#child === undefined ? undefined : this.#status;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get restarts(): number {
    return this.#restarts.count;
  }

  running(): boolean {
    return this.#child !== undefined;
  }

  failure(): string | undefined {
    if (this.running()) return undefined;
    if (this.#settings === undefined) return 'the addresses of the sync link are not known yet';
    return this.#restarts.failure ?? 'it is being started';
  }

  /** The first time it is started. */
  settings(settings: SyncSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    const first = this.#settings === undefined;
    this.#settings = settings;
    if (first) this.#start();
    else this.#send({ kind: 'settings', settings });
  }

  role(active: boolean, epoch: number): void {
    if (this.#role.active === active && this.#role.epoch === epoch) return;
    this.#role = { kind: 'role', active, epoch };
    this.#send(this.#role);
  }

  /** Services or servers of the engine have changed. */
  registry(): void {
    if (this.#registry !== undefined || this.#closed) return;
    this.#registry = this.#options.clock.after(REGISTRY_DELAY_MS, () => {
      this.#registry = undefined;
      this.#send({ kind: 'registry' });
    });
  }

  /** Rejects with FairleadError: sync-away, no-answer. */
  async flush(): Promise<FlushResult> {
    if (this.#child === undefined)
      throw new FairleadError('sync-away', 'The connection sync is not running.');
    const id = this.#nextFlush++;
    const answer = Promise.withResolvers<FlushResult>();
    using _ = this.#options.clock.after(FLUSH_TIMEOUT_MS, () =>
      answer.reject(new FairleadError('no-answer', 'The connection sync did not answer.')),
    );
    this.#flushes.set(id, answer);
    this.#send({ kind: 'flush', id });
    try {
      return await answer.promise;
    } finally {
      this.#flushes.delete(id);
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#next?.[Symbol.dispose]();
    this.#registry?.[Symbol.dispose]();
    const child = this.#child;
    if (child === undefined) return;
    if (child.connected) child.disconnect();
    const force = this.#options.clock.after(LEAVE_TIME_MS, () => child.kill('SIGKILL'));
    child.once('exit', () => force[Symbol.dispose]());
  }

  #send(message: ToSync): void {
    // An error here is a channel that closes; the exit that follows brings a new process, which is told everything.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #start(): void {
    if (this.#closed || this.#settings === undefined) return;
    const { main, log } = this.#options;
    const child = spawn(process.execPath, [main], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    this.#status = undefined;
    this.#restarts.started();
    child.on('message', (value) => this.#hear(value));
    let over = false;
    const end = (because: string): void => {
      if (over) return;
      over = true;
      this.#ended(because);
    };
    child.on('error', (error) => {
      if (child.pid === undefined) end(error.message);
      else log('warn', 'the sync process could not be told', { error: error.message });
    });
    child.on('exit', (status, signal) => end(signal ?? `status ${status}`));
    this.#send({ kind: 'settings', settings: this.#settings });
    this.#send(this.#role);
  }

  #ended(because: string): void {
    this.#child = undefined;
    for (const answer of this.#flushes.values())
      answer.reject(new FairleadError('sync-away', 'The connection sync ended.'));
    if (this.#closed) return;
    const failure = `it ended with ${because}`;
    if (this.#restarts.tellFailure(failure))
      this.#options.record('sync-failed', 'sync', `${failure}; it is started again`);
    this.#next = this.#options.clock.after(this.#restarts.wait_ms(), () => this.#start());
  }

  #hear(value: unknown): void {
    if (this.#closed) return;
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
      this.#restarts.sound();
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
