// The notifying process as pulse sees it: a child over an IPC channel while somebody is to be told, started again with
// back-off when it dies or hangs. It asks the control API for everything else; nothing ever waits for it but a test.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Configuration } from '../config/configuration.ts';
import type { Notifications, NotifyTest } from '../control/notify-schema.ts';
import type { ProblemNote } from '../control/schema.ts';
import type { Clock } from '../model/clock.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { fromNotifySchema, type NotifyStatus, type ToNotify } from '../notify/protocol.ts';
import { STATE_FILE } from '../notify/state-file.ts';
import { every } from './every.ts';
import { IpcChild } from './ipc-child.ts';
import type { Log } from './log.ts';
import type { RecordEvent } from './record-event.ts';

export const NOTIFY_MAIN = fileURLToPath(new URL('../notify/main.ts', import.meta.url));
/** It reports twice a second. */
const LOOK_MS = 2_000;
const SILENT_LOOKS_MAX = 7;
/** Less than what a client of the control API waits for. */
const TEST_TIME_MS = 25_000;
const TESTS_MAX = 8;
/** One attempt that failed is no problem yet. */
const FAILING_MS = 30_000;

export interface NotifyProcessOptions {
  /** The program; tests have one of their own. */
  readonly main: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly record: RecordEvent;
  readonly node: string;
  readonly version: string;
  readonly stateFolder: string;
  readonly configFolder: string;
  readonly socket: string;
  /** The last event before this life of the director. */
  readonly since: number;
  readonly lastEvent: () => number;
}

export class NotifyProcess implements Disposable {
  readonly #options: NotifyProcessOptions;
  readonly #child: IpcChild<ToNotify>;
  readonly #tests = new Map<number, PromiseWithResolvers<NotifyTest>>();
  readonly #look: Disposable;
  #targets = 0;
  /** Undefined before the first configuration. */
  #since: number | undefined;
  #status: NotifyStatus | undefined;
  #silent = 0;
  #nextTest = 1;

  constructor(options: NotifyProcessOptions) {
    this.#options = options;
    const { main, clock, log } = options;
    this.#child = new IpcChild({
      ...{ name: 'the notifying process', main, clock, log },
      greeting: () => [this.#beginning()],
      onMessage: (value) => this.#hear(value),
      onEnded: (failure, isNews) => this.#ended(failure, isNews),
    });
    this.#look = every(options.clock, LOOK_MS, () => this.#watch());
  }

  /** Begins when somebody is to be told, ends when nobody is any more. */
  configure({ notifications = [] }: Configuration): void {
    const before = this.#targets;
    this.#targets = notifications.length;
    if (this.#targets > 0 && before === 0) {
      // What was before somebody was to be told is none of their business.
      this.#since = this.#since === undefined ? this.#options.since : this.#options.lastEvent();
      this.#start();
    } else if (this.#targets === 0) {
      this.#since ??= this.#options.since;
      this.#stop();
      this.#forget();
    }
  }

  report(): Notifications {
    const running = this.#child.running();
    const detail = this.#failure();
    const { pid } = this.#child;
    return {
      running,
      ...(pid === undefined ? {} : { pid }),
      restarts: this.#child.restarts,
      ...(detail === undefined ? {} : { detail }),
      targets: [],
      ...this.#status,
    };
  }

  problems(now: number): ProblemNote[] {
    const failure = this.#failure();
    const problems: ProblemNote[] = [];
    if (failure !== undefined)
      problems.push({
        ...{ subject: 'notifications', code: 'notify-away', detail: failure, since: now },
        remedy: 'It is started again by itself; see the log.',
      });
    for (const { number, kind, name, failing_since, last_error, waiting } of this.#status?.targets ?? [])
      if (failing_since !== undefined && now - failing_since >= FAILING_MS)
        problems.push({
          subject: `notifications ${number}`,
          code: 'notifications-failing',
          detail: `messages to the ${kind} ${name} do not get through (${waiting} wait): ${last_error?.detail ?? ''}`,
          remedy: `Try it with "fairlead notifications ${number} --test".`,
          since: failing_since,
        });
    return problems;
  }

  async test(target: number | undefined): Promise<NotifyTest> {
    if (target !== undefined && target > this.#targets)
      throw new FairleadError('unknown-target', `There is no target ${target} of notifications.`, {
        exit: EXIT.usage,
        remedy: this.#targets === 0 ? 'None is configured.' : `Give 1 to ${this.#targets}.`,
      });
    if (this.#targets === 0) return { tests: [] };
    if (!this.#child.running() || this.#tests.size >= TESTS_MAX)
      throw new FairleadError('busy', 'The notifying process cannot be asked just now.', {
        remedy: 'Try again in a moment; "fairlead status" tells whether it runs.',
      });
    const id = this.#nextTest++;
    const answer = Promise.withResolvers<NotifyTest>();
    using _ = this.#options.clock.after(TEST_TIME_MS, () =>
      answer.reject(new FairleadError('no-answer', 'The test was not over in time.')),
    );
    this.#tests.set(id, answer);
    this.#child.send({ kind: 'test', id, ...(target === undefined ? {} : { target }) });
    try {
      return await answer.promise;
    } finally {
      this.#tests.delete(id);
    }
  }

  [Symbol.dispose](): void {
    this.#look[Symbol.dispose]();
    this.#stop();
  }

  #failure(): string | undefined {
    return this.#targets === 0 || this.#child.running() ? undefined : this.#child.failure;
  }

  #stop(): void {
    this.#child.stop();
    this.#status = undefined;
    this.#failTests();
  }

  /** Whoever is told later begins anew. */
  #forget(): void {
    const { stateFolder, log } = this.#options;
    try {
      fs.rmSync(path.join(stateFolder, STATE_FILE), { force: true });
    } catch (error) {
      // A state folder that cannot be written costs no more here than elsewhere.
      log('debug', 'what was dealt with could not be removed', { error: String(error) });
    }
  }

  #failTests(): void {
    for (const answer of this.#tests.values())
      answer.reject(new FairleadError('busy', 'The notifying process ended.', { remedy: 'Try again.' }));
  }

  #start(): void {
    this.#status = undefined;
    this.#silent = 0;
    this.#child.start();
  }

  #beginning(): ToNotify {
    const { socket, node, version, stateFolder, configFolder } = this.#options;
    return {
      ...{ kind: 'begin', socket, node, version, configFolder },
      ...{ stateFolder: path.resolve(stateFolder), since: this.#since ?? 0 },
    };
  }

  #ended(failure: string, isNews: boolean): void {
    this.#status = undefined;
    this.#silent = 0;
    this.#failTests();
    if (isNews) this.#options.record('notify-failed', 'notifications', `${failure}; it is started again`);
  }

  /** Counts looks rather than time, as a machine that stood still makes nobody guilty. */
  #watch(): void {
    if (!this.#child.running() || ++this.#silent <= SILENT_LOOKS_MAX) return;
    this.#options.log('error', 'the notifying process hangs, ending it by force', { pid: this.#child.pid });
    this.#child.kill();
  }

  #hear(value: unknown): void {
    this.#silent = 0;
    const read = fromNotifySchema.safeParse(value);
    if (!read.success) {
      this.#options.log('warn', 'a message of the notifying process was refused', {
        problem: read.error.issues[0]?.message,
      });
      return;
    }
    const message = read.data;
    if (message.kind === 'status') {
      this.#status = message.status;
      this.#child.sound();
    } else this.#tests.get(message.id)?.resolve({ tests: message.tests });
  }
}
