// A process that pulse keeps: a child over an IPC channel, started again with back-off when it dies, told everything anew each
// time. Guarantees: one at a time; a message of one that has been given up is not heard; the end is told once; one that does
// not leave when its channel closes is ended by force.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../model/clock.ts';
import type { Log } from './log.ts';
import { Restarts } from './restarts.ts';

const LEAVE_TIME_MS = 1_000;

export interface IpcChildOptions<ToChild> {
  /** In the log: the sync process. */
  readonly name: string;
  readonly main: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What each new one is told first. */
  readonly greeting: () => readonly ToChild[];
  /** Unchecked. */
  readonly onMessage: (value: unknown) => void;
  /** `isNews`: it ended otherwise than the last time, or had worked since. Another is started by itself. */
  readonly onEnded: (failure: string, isNews: boolean) => void;
}

export class IpcChild<ToChild extends object> implements Disposable {
  readonly #options: IpcChildOptions<ToChild>;
  readonly #restarts: Restarts;
  #child: ChildProcess | undefined;
  #next: Disposable | undefined;

  constructor(options: IpcChildOptions<ToChild>) {
    this.#options = options;
    this.#restarts = new Restarts(options.clock);
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

  /** Why it does not run. */
  get failure(): string {
    return this.#restarts.failure ?? 'it is being started';
  }

  /** It does its work, so that its next failure is news. */
  sound(): void {
    this.#restarts.sound();
  }

  send(message: ToChild): void {
    // An error here is a channel that closes; the exit that follows brings a new process, which is told everything.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  start(): void {
    if (this.#child !== undefined) return;
    const { name, main, log, onMessage, greeting } = this.#options;
    const child = spawn(process.execPath, [main], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    this.#restarts.started();
    child.on('message', (value) => {
      if (this.#child === child) onMessage(value);
    });
    const end = (because: string): void => {
      if (this.#child === child) this.#ended(because);
    };
    child.on('error', (error) => {
      if (child.pid === undefined) end(error.message);
      else log('warn', `${name} could not be told`, { error: error.message });
    });
    child.on('exit', (status, signal) => end(signal ?? `status ${status}`));
    for (const message of greeting()) this.send(message);
  }

  /** Ends it by force; another takes its place. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Until start(). */
  stop(): void {
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    if (child.connected) child.disconnect();
    const force = this.#options.clock.after(LEAVE_TIME_MS, () => child.kill('SIGKILL'));
    child.once('exit', () => force[Symbol.dispose]());
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #ended(because: string): void {
    this.#child = undefined;
    const failure = `it ended with ${because}`;
    this.#next = this.#options.clock.after(this.#restarts.wait_ms(), () => this.start());
    this.#options.onEnded(failure, this.#restarts.tellFailure(failure));
  }
}
