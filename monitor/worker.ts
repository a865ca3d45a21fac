// One monitor process as pulse sees it: started, restarted with back-off when it dies, told its checks anew each time.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../director/model/clock.ts';
import type { Health, Verdict } from '../director/model/monitor.ts';
import {
  type Check,
  type FromMonitor,
  readFromMonitor,
  type ToldProbes,
  type ToMonitor,
} from './protocol.ts';
import { addStats, asPast, type MonitorStats, NO_STATS } from './stats.ts';

const BACKOFF_FIRST_MS = 100;
const BACKOFF_LAST_MS = 5_000;
/** A process that lived this long is taken for sound again. */
const SOUND_AFTER_MS = 10_000;
/** Statistics come every second; a process that hangs and says nothing for this many looks in a row is replaced. */
const LOOK_INTERVAL_MS = 2_000;
const SILENT_LOOKS_MAX = 5;
/** One that has said nothing yet may still be starting: on a slow machine beside other work that takes long. */
const SILENT_LOOKS_AT_START_MAX = 30;
/** Between the request to end and the end by force. */
const LEAVE_TIME_MS = 1_000;
/** Assignments that probes may still come of: a process tells those of the last one before it takes the next. */
const ASSIGNMENTS_KEPT = 8;

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export interface WorkerOptions {
  readonly index: number;
  readonly clock: Clock;
  readonly log: Log;
  /** What is known of a check, for a process that begins with it. */
  readonly known: (key: string) => Health | undefined;
  readonly onVerdicts: (verdicts: readonly Verdict[]) => void;
  readonly onStats: () => void;
  /** `checks`: the assignment that the places are in. */
  readonly onProbes: (checks: readonly Check[], probes: ToldProbes) => void;
}

interface Assignment {
  /** Never used again, whatever process it was for. */
  readonly number: number;
  readonly checks: readonly Check[];
}

export class Worker implements Disposable {
  readonly #options: WorkerOptions;
  #child: ChildProcess | undefined;
  #checks: readonly Check[] = [];
  #assignments: readonly Assignment[] = [];
  #assignmentNumber = 0;
  #stats = NO_STATS;
  /** Counts of the processes before this one. */
  #past = NO_STATS;
  #restart: Disposable | undefined;
  #backoff_ms = BACKOFF_FIRST_MS;
  #starts = 0;
  #closed = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get restarts(): number {
    return this.#starts - 1;
  }

  get stats(): MonitorStats {
    return addStats(this.#past, this.#stats);
  }

  /** A process that is not running is told when it starts. */
  assign(checks: readonly Check[]): void {
    this.#checks = checks;
    this.#tellChecks();
  }

  send(message: ToMonitor): void {
    // An error here is a channel that closes; the exit that follows brings a new process with a new assignment.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#restart?.[Symbol.dispose]();
    const child = this.#child;
    if (child === undefined) return;
    if (child.connected) child.disconnect();
    const force = this.#options.clock.after(LEAVE_TIME_MS, () => child.kill('SIGKILL'));
    child.once('exit', () => force[Symbol.dispose]());
  }

  #tellChecks(): void {
    const checks = this.#checks.map((check) => {
      const health = this.#options.known(check.key);
      return health === undefined || health === 'unknown' ? check : { ...check, health };
    });
    const number = ++this.#assignmentNumber;
    this.#assignments = [...this.#assignments, { number, checks }].slice(-ASSIGNMENTS_KEPT);
    this.send({ kind: 'assign', checks, number });
  }

  #hear(message: FromMonitor): void {
    if (this.#closed) return;
    if (message.kind === 'verdicts') {
      this.#options.onVerdicts(message.verdicts);
    } else if (message.kind === 'probes') {
      this.#hearProbes(message);
    } else {
      const { kind: _, ...stats } = message;
      this.#stats = stats;
      this.#options.onStats();
    }
  }

  #hearProbes(probes: ToldProbes): void {
    const { assignment, places } = probes;
    const found = this.#assignments.find((each) => each.number === assignment);
    if (found === undefined) return; // of so long ago that nobody knows its places any more
    this.#assignments = this.#assignments.filter((each) => each.number >= assignment);
    if (places.every((place) => place < found.checks.length)) this.#options.onProbes(found.checks, probes);
    else this.#options.log('warn', 'probes of checks that no monitor has', { worker: this.#options.index });
  }

  #start(): void {
    const { clock, log, index } = this.#options;
    const begun_ms = clock.monotonic_ms();
    const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    this.#starts++;
    child.on('message', (value) => {
      const read = readFromMonitor(value);
      if ('problem' in read)
        log('warn', 'message from a monitor refused', { worker: index, problem: read.problem });
      else this.#hear(read.message);
      hang.heard();
    });
    const hang = watchForHang(clock, () => {
      log('error', 'monitor process hangs, ending it by force', { worker: index, pid: child.pid });
      child.kill('SIGKILL');
    });
    let over = false;
    const end = (cause: Readonly<Record<string, unknown>>): void => {
      if (over) return;
      over = true;
      hang[Symbol.dispose]();
      this.#ended(clock.monotonic_ms() - begun_ms, { worker: index, pid: child.pid, ...cause });
    };
    child.on('error', (error) => {
      if (child.pid === undefined) end({ error: error.message });
      else log('warn', 'monitor process could not be told or ended', { worker: index, error: error.message });
    });
    child.on('exit', (status, signal) => end({ status, signal }));
    this.#tellChecks();
  }

  #ended(lived_ms: number, fields: Readonly<Record<string, unknown>>): void {
    this.#child = undefined;
    if (this.#closed) return;
    if (lived_ms >= SOUND_AFTER_MS) this.#backoff_ms = BACKOFF_FIRST_MS;
    const delay_ms = this.#backoff_ms;
    this.#backoff_ms = Math.min(BACKOFF_LAST_MS, 2 * delay_ms);
    this.#options.log('error', 'monitor process ended, restarting it', { ...fields, lived_ms, delay_ms });
    this.#past = addStats(this.#past, asPast(this.#stats));
    this.#stats = NO_STATS;
    this.#restart = this.#options.clock.after(delay_ms, () => this.#start());
  }
}

/**
 * Counts looks rather than time: after this whole machine stood still for a minute the process has been silent
 * for a minute too, and is sound.
 */
function watchForHang(clock: Clock, onHang: () => void): Disposable & { heard(): void } {
  let silent = 0;
  let most = SILENT_LOOKS_AT_START_MAX;
  let timer: Disposable;
  const look = (): void => {
    silent++;
    if (silent > most) onHang();
    else timer = clock.after(LOOK_INTERVAL_MS, look);
  };
  timer = clock.after(LOOK_INTERVAL_MS, look);
  return {
    heard() {
      silent = 0;
      most = SILENT_LOOKS_MAX;
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
