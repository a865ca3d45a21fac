// The heartbeat as a process that outlives this one: adopted if it runs, else started with a session of its own, and
// started again at once when it dies. Guarantees: at most one start at a time; whoever answers on the socket gets the
// settings in force; an order is answered or fails, it never hangs.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type FromHeartbeat,
  HEARTBEAT_SOCKET,
  type HeartbeatSettings,
  type HeartbeatStatus,
  SETTINGS_FILE,
  type ToHeartbeat,
} from '../../../heartbeat/protocol.ts';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import type { Log } from '../log.ts';
import type { RecordEvent } from '../record-event.ts';
import { Restarts } from '../restarts.ts';
import { connectHeartbeat, type HeartbeatConnection } from './heartbeat-connection.ts';
import type { HeartbeatStart, HeartbeatStarter } from './heartbeat-start.ts';

export const HEARTBEAT_MAIN = fileURLToPath(new URL('../../../heartbeat/main.ts', import.meta.url));
const CONNECT_INTERVAL_MS = 20;
/** Status comes every second. Looks are counted and not time, which may have passed without us: it may be well then. */
const SILENT_LOOKS_MAX = 10;
const ORDER_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;

type HeartbeatEvent = Extract<FromHeartbeat, { kind: 'event' }>;
export type OrderResult = Extract<FromHeartbeat, { kind: 'order-result' }>;

export interface HeartbeatProcessOptions {
  readonly runtimeFolder: string;
  readonly settings: HeartbeatSettings;
  readonly starter: HeartbeatStarter;
  readonly clock: Clock;
  readonly log: Log;
  readonly record: RecordEvent;
  readonly onStatus: (status: HeartbeatStatus) => void;
  readonly onEvent: (event: HeartbeatEvent) => void;
  /** Nobody answers any more. */
  readonly onLost: () => void;
}

export class HeartbeatProcess implements Disposable {
  readonly #options: HeartbeatProcessOptions;
  readonly #restarts: Restarts;
  readonly #orders = new Map<number, PromiseWithResolvers<OrderResult>>();
  #settings: HeartbeatSettings;
  #connection: HeartbeatConnection | undefined;
  #child: HeartbeatStart | undefined;
  /** Whether the child has been heard: its end is no failure to start. */
  #answered = false;
  #status: HeartbeatStatus | undefined;
  #silentLooks = 0;
  #next: Disposable | undefined;
  #nextOrder: number;
  #told: ToHeartbeat[] = [];
  #closed = false;
  #complained = false;
  #onGone: (() => void) | undefined;

  constructor(options: HeartbeatProcessOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#restarts = new Restarts(options.clock);
    // Others than those of the pulse before, whose answers may still be under way.
    this.#nextOrder = (options.clock.now() % 1_000_000) * 1_000;
    this.#writeSettings();
    void this.#seek();
  }

  /** As it was told last; see running(). */
  get status(): HeartbeatStatus | undefined {
    return this.#status;
  }

  get restarts(): number {
    return this.#restarts.count;
  }

  running(): boolean {
    return this.#connection !== undefined && this.#status !== undefined;
  }

  settings(settings: HeartbeatSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#settings = settings;
    this.#connection?.send({ kind: 'settings', settings });
    try {
      this.#writeSettings();
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      // It knows; only one that is started anew would not, until it is told.
      this.#options.log('error', error.message, { code: error.code });
    }
  }

  /** The latest of each kind is told again to a heartbeat that comes later. */
  tell(message: Extract<ToHeartbeat, { kind: 'health' | 'complete' | 'position' }>): void {
    this.#told = [...this.#told.filter((each) => each.kind !== message.kind), message];
    this.#connection?.send(message);
  }

  /** Rejects with FairleadError: heartbeat-away, no-answer. */
  async order(order: 'switchover' | 'hold' | 'release'): Promise<OrderResult> {
    const connection = this.#connection;
    if (connection === undefined)
      throw new FairleadError('heartbeat-away', 'The heartbeat is not running.', {
        remedy: 'It is being started again; see "fairlead events".',
      });
    const id = this.#nextOrder++;
    const answer = Promise.withResolvers<OrderResult>();
    using _ = this.#options.clock.after(ORDER_TIMEOUT_MS, () => answer.reject(noAnswer(order)));
    this.#orders.set(id, answer);
    connection.send({ kind: 'order', id, order });
    try {
      return await answer.promise;
    } finally {
      this.#orders.delete(id);
    }
  }

  /** Hands over, takes the VIPs down and ends the process; settles when it has gone, or is waited for no longer. */
  async stop(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    const gone = Promise.withResolvers<void>();
    using _ = this.#options.clock.after(STOP_TIMEOUT_MS, gone.resolve);
    this.#closed = true;
    this.#onGone = gone.resolve;
    connection.send({ kind: 'stop', release: true });
    await gone.promise;
  }

  /** Every second: one that says nothing is ended, so that another can take its place. */
  watch(): void {
    if (this.#connection === undefined || ++this.#silentLooks < SILENT_LOOKS_MAX) return;
    const pid = this.#status?.pid ?? this.#child?.pid;
    this.#options.log('error', 'the heartbeat hangs, ending it by force', { pid });
    this.#silentLooks = 0;
    if (pid !== undefined) kill(pid);
  }

  /** It lives on. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#next?.[Symbol.dispose]();
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
  }

  async #seek(): Promise<void> {
    if (this.#closed) return;
    const { runtimeFolder, clock } = this.#options;
    const connection = await connectHeartbeat({
      socket: path.join(runtimeFolder, HEARTBEAT_SOCKET),
      onMessage: (message) => this.#hear(message),
      onEnd: () => this.#lost(),
      complain: (what) => this.#complain(what),
    });
    if (this.#closed) {
      connection?.[Symbol.dispose]();
      return;
    }
    if (connection !== undefined) {
      this.#adopt(connection);
      return;
    }
    if (this.#child === undefined) this.#start();
    this.#next = clock.after(CONNECT_INTERVAL_MS, () => void this.#seek());
  }

  #adopt(connection: HeartbeatConnection): void {
    this.#connection = connection;
    this.#answered = true;
    this.#silentLooks = 0;
    this.#restarts.sound();
    // One of ours has read them already; it makes nothing of what it knows.
    connection.send({ kind: 'settings', settings: this.#settings });
    for (const message of this.#told) connection.send(message);
    this.#options.log('info', this.#child === undefined ? 'heartbeat adopted' : 'heartbeat started', {});
  }

  #start(): void {
    if (!this.#restarts.due()) return;
    const { starter, log } = this.#options;
    this.#answered = false;
    this.#restarts.started();
    const child = starter.start((because) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (this.#closed || because === undefined) return;
      log('error', 'the heartbeat ended', { pid: child.pid, because });
      if (!this.#answered) this.#tellFailure(because);
    });
    this.#child = child;
  }

  /** It never came to answer: told once, not at every attempt. */
  #tellFailure(because: string): void {
    const said = this.#options.starter.lastWords();
    if (this.#restarts.tellFailure(`${because}: ${said}`))
      this.#options.record('heartbeat-failed', 'heartbeat', `it does not run (${because}): ${said}`);
  }

  failure(): string | undefined {
    return this.running() ? undefined : (this.#restarts.failure ?? 'it is being started');
  }

  #lost(): void {
    this.#connection = undefined;
    this.#onGone?.();
    for (const answer of this.#orders.values()) answer.reject(noAnswer('under way'));
    if (this.#closed) return;
    this.#options.record(
      'heartbeat-lost',
      'heartbeat',
      'the heartbeat does not answer any more; it is started again',
    );
    this.#options.onLost();
    this.#next?.[Symbol.dispose]();
    void this.#seek();
  }

  #hear(message: FromHeartbeat): void {
    this.#silentLooks = 0;
    if (message.kind === 'status') {
      this.#status = message.status;
      this.#options.onStatus(message.status);
    } else if (message.kind === 'event') this.#options.onEvent(message);
    else this.#orders.get(message.id)?.resolve(message);
  }

  #complain(what: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#options.log('warn', 'a message of the heartbeat was refused; further ones are not told', { what });
  }

  /** Whole or not at all: the next heartbeat must not read half of it. */
  #writeSettings(): void {
    const file = path.join(this.#options.runtimeFolder, SETTINGS_FILE);
    const fresh = `${file}.new`;
    try {
      fs.writeFileSync(fresh, `${JSON.stringify(this.#settings, null, 2)}\n`, { mode: 0o600 });
      fs.renameSync(fresh, file);
    } catch (cause) {
      throw new FairleadError('runtime-folder', `${file} cannot be written: ${(cause as Error).message}`, {
        remedy: 'Make room in the runtime folder, or give another one with --runtime.',
        cause,
      });
    }
  }
}

function noAnswer(order: string): FairleadError {
  return new FairleadError('no-answer', `The heartbeat did not answer the order ${order}.`, {
    remedy: 'See "fairlead status" for what has become of it.',
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone in between.
  }
}
