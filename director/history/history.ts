// The main thread's end of history: one message a second, questions with answers. It never waits for the thread and never
// throws at whoever samples; a thread that cannot keep up loses samples, one that dies is started again, and both are
// counted and told.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../model/clock.ts';
import { FairleadError } from '../model/error.ts';
import type { SeriesQuestion } from './core/question.ts';
import type {
  FromWorker,
  HistoryReply,
  HistoryRequest,
  MomentReply,
  SeriesReply,
  ToWorker,
  WorkerStatus,
} from './protocol.ts';

export interface HistoryOptions {
  readonly file: string;
  readonly clock: Clock;
  /** 0: history is off. */
  readonly limit_bytes: number;
  /** Something a person should know of: `history-damaged`, … */
  readonly tell: (kind: string, reason: string, evidence?: Readonly<Record<string, string>>) => void;
}

export interface History extends AsyncDisposable {
  readonly limit_bytes: number;
  /** Why what is sampled is not kept just now. */
  readonly trouble: { readonly state: 'behind' | 'memory'; readonly detail: string } | undefined;
  /** Takes effect at once; 0 switches it off. The file stays. */
  setLimit(limit_bytes: number): void;
  /** Whom the samples from now on are of, in this order. */
  setSubjects(names: readonly string[]): void;
  /** Row by row, METRICS.length numbers each; the memory is handed over. */
  sample(at: number, span_ms: number, values: Float32Array): void;
  /** These throw FairleadError; undefined while history is off. */
  series(question: SeriesQuestion): Promise<SeriesReply | undefined>;
  moment(at: number): Promise<MomentReply | undefined>;
  status(): Promise<WorkerStatus | undefined>;
  upkeep(): Promise<void>;
  /** A copy as a file of its own. Undefined when it is done, else why not. */
  copy(file: string): Promise<string | undefined>;
}

/** Samples under way to the thread; more mean that it is stuck. */
const SAMPLES_MAX = 60;
const OPEN_MAX = 64;
const ANSWER_MS = 20_000;
/** A history may be large. */
const COPY_MS = 30 * 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 60_000;

type RequestBody = HistoryRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

export function openHistory(options: HistoryOptions): History {
  return new HistoryLink(options);
}

class HistoryLink implements History {
  readonly #options: HistoryOptions;
  readonly #open = new Map<number, (answer: FromWorker) => void>();
  limit_bytes: number;
  #worker: Worker | undefined;
  #names: readonly string[] = [];
  #nextId = 1;
  #underWay = 0;
  #dropped = 0;
  /** Why there is no thread though there should be one. */
  #dead: string | undefined;
  /** What the disk refuses, and what only memory has. */
  #behind: string | undefined;
  #inMemory: string | undefined;
  #retry: Disposable | undefined;
  #retry_ms = RETRY_FIRST_MS;
  #closed = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.limit_bytes = options.limit_bytes;
    if (this.limit_bytes > 0) this.#start();
  }

  get trouble(): History['trouble'] {
    if (this.limit_bytes === 0) return undefined;
    const behind = this.#dead ?? this.#behind;
    if (behind !== undefined) return { state: 'behind', detail: behind };
    return this.#inMemory === undefined ? undefined : { state: 'memory', detail: this.#inMemory };
  }

  #start(): void {
    const { file } = this.#options;
    const worker = new Worker(new URL('./history-worker.ts', import.meta.url), {
      workerData: { file, limit_bytes: this.limit_bytes },
    });
    this.#worker = worker;
    this.#underWay = 0;
    worker.on('message', (message: FromWorker) => this.#hear(message));
    worker.on('error', (error) => this.#died(worker, error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => this.#died(worker, 'the thread has ended'));
    this.#post({ kind: 'subjects', names: this.#names });
  }

  #post(message: ToWorker, handedOver: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, handedOver);
  }

  #hear(message: FromWorker): void {
    const { tell } = this.#options;
    switch (message.kind) {
      case 'taken':
        this.#underWay--;
        return;
      case 'opened':
        this.#retry_ms = RETRY_FIRST_MS;
        this.#dead = undefined;
        this.#behind = undefined;
        this.#inMemory = message.mode === 'memory' ? (message.detail ?? '') : undefined;
        if (message.setAside !== undefined)
          tell(
            'history-damaged',
            `history was damaged and a fresh one begun: ${message.detail ?? 'damaged'}`,
            { set_aside: message.setAside },
          );
        else if (message.mode === 'memory')
          tell('history-in-memory', `history cannot be written, nothing is kept: ${message.detail ?? ''}`);
        return;
      case 'refused':
        if (this.#dead === message.detail) return;
        this.#dead = message.detail;
        tell('history-refused', message.detail, { code: message.code });
        return;
      case 'behind':
        this.#behind = message.detail;
        tell('history-behind', `the disk refuses history: ${message.detail}`);
        return;
      case 'recovered':
        this.#behind = undefined;
        tell('history-recovered', 'the disk takes history again');
        return;
      default: {
        const settle = this.#open.get(message.id);
        this.#open.delete(message.id);
        settle?.(message);
      }
    }
  }

  #died(worker: Worker, detail: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#settleAll(detail);
    if (this.#closed || this.limit_bytes === 0) return;
    if (this.#dead === undefined) this.#options.tell('history-ended', `${detail}; it is started again`);
    this.#dead ??= detail;
    this.#retry = this.#options.clock.after(this.#retry_ms, () => {
      this.#retry = undefined;
      this.#start();
    });
    this.#retry_ms = Math.min(this.#retry_ms * 2, RETRY_LAST_MS);
  }

  #settleAll(detail: string): void {
    const settles = [...this.#open];
    this.#open.clear();
    for (const [id, settle] of settles) settle({ kind: 'failed', id, code: 'busy', detail });
  }

  setLimit(limit_bytes: number): void {
    if (this.#closed || limit_bytes === this.limit_bytes) return;
    this.limit_bytes = limit_bytes;
    if (limit_bytes === 0) void this.#stop();
    else if (this.#worker !== undefined) this.#post({ kind: 'limit', limit_bytes });
    else if (this.#retry === undefined) this.#start();
  }

  setSubjects(names: readonly string[]): void {
    this.#names = names;
    this.#post({ kind: 'subjects', names });
  }

  sample(at: number, span_ms: number, values: Float32Array): void {
    if (this.limit_bytes === 0) return;
    if (this.#worker === undefined || this.#underWay >= SAMPLES_MAX) {
      this.#dropped += this.#names.length;
      return;
    }
    this.#underWay++;
    this.#post({ kind: 'sample', at, span_ms, values }, [values.buffer as ArrayBuffer]);
  }

  async series(question: SeriesQuestion): Promise<SeriesReply | undefined> {
    return (await this.#ask({ kind: 'series', question })) as SeriesReply | undefined;
  }

  async moment(at: number): Promise<MomentReply | undefined> {
    return (await this.#ask({ kind: 'moment', at })) as MomentReply | undefined;
  }

  async status(): Promise<WorkerStatus | undefined> {
    if (this.limit_bytes === 0) return undefined;
    const detail = this.#dead ?? (this.#underWay >= SAMPLES_MAX ? 'the thread does not keep up' : undefined);
    if (this.#worker === undefined || detail !== undefined)
      return {
        state: 'behind',
        detail: detail ?? 'the thread is not there',
        bytes: 0,
        bytes_max: this.limit_bytes,
        subjects: this.#names.length,
        levels: [],
        dropped: this.#dropped,
        cpu_ms: 0,
      };
    const status = (await this.#ask({ kind: 'status' })) as WorkerStatus;
    return { ...status, dropped: status.dropped + this.#dropped };
  }

  async upkeep(): Promise<void> {
    await this.#ask({ kind: 'upkeep' });
  }

  async copy(file: string): Promise<string | undefined> {
    if (this.limit_bytes === 0 || this.#worker === undefined) return this.#dead ?? 'history is off';
    const answer = await this.#exchange({ kind: 'copy', file }, COPY_MS);
    return answer.kind === 'failed' ? answer.detail : undefined;
  }

  /** Undefined while history is off. */
  async #ask(body: RequestBody): Promise<HistoryReply> {
    if (this.limit_bytes === 0) return undefined;
    const detail = this.#worker === undefined ? (this.#dead ?? 'the thread has ended') : undefined;
    if (detail !== undefined || this.#open.size >= OPEN_MAX)
      throw busy(detail ?? 'it has too many questions');
    const answer = await this.#exchange(body);
    if (answer.kind === 'done') return answer.reply;
    if (answer.kind !== 'failed' || answer.code === 'busy')
      throw busy('detail' in answer ? answer.detail : '');
    throw new FairleadError(
      answer.code,
      answer.detail,
      answer.remedy === undefined ? {} : { remedy: answer.remedy },
    );
  }

  #exchange(body: RequestBody, patience_ms = ANSWER_MS): Promise<FromWorker> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(patience_ms, () => {
        this.#open.delete(id);
        resolve({ kind: 'failed', id, code: 'busy', detail: 'it does not answer' });
      });
      this.#open.set(id, (answer) => {
        timer[Symbol.dispose]();
        resolve(answer);
      });
      this.#post({ id, ...body } as HistoryRequest);
    });
  }

  /** What is under way is written first. */
  async #stop(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    const worker = this.#worker;
    if (worker === undefined) return;
    await this.#exchange({ kind: 'close' });
    if (this.#worker === worker) this.#worker = undefined;
    await worker.terminate();
    this.#settleAll('it has just been closed');
    // Switched on again meanwhile.
    if (!this.#closed && this.limit_bytes > 0) this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#stop();
  }
}

function busy(detail: string): FairleadError {
  return new FairleadError('busy', `History cannot be read just now: ${detail}.`, {
    remedy: 'Try again in a moment.',
  });
}
