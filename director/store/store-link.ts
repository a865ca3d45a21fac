// The main thread's end of the store's thread: requests with answers, a limit on how many may be open, and a clear
// end when the thread dies. One write batch at a time is the queue's business, not this one's.
import { Worker } from 'node:worker_threads';
import { FairleadError } from '../model/error.ts';
import type { StoreKeep, StoreRead, StoreWrite } from './record.ts';
import type { StoreAnswer, StoreRequest, StoreWorkerData } from './store-worker.ts';
import type { StoreReply } from './tables.ts';

const OPEN_MAX = 256;

export type Opened = Extract<StoreAnswer, { kind: 'opened' }>;
export type WriteResult = { readonly ok: true } | { readonly ok: false; code: string; detail: string };
type RequestBody = StoreRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

export class StoreLink implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #open = new Map<number, (answer: StoreAnswer) => void>();
  #nextId = 1;
  #dead: string | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: StoreAnswer) => {
      if (answer.kind !== 'done' && answer.kind !== 'failed') return;
      const settle = this.#open.get(answer.id);
      this.#open.delete(answer.id);
      settle?.(answer);
    });
    worker.on('error', (error: Error) => this.#die(error.message));
    worker.on('exit', () => this.#die(this.#dead ?? 'the store has ended'));
  }

  /** Throws FairleadError when the store cannot be used at all. */
  static async open(data: StoreWorkerData): Promise<{ link: StoreLink; opened: Opened }> {
    const worker = new Worker(new URL('./store-worker.ts', import.meta.url), { workerData: data });
    const first = await new Promise<StoreAnswer>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (first.kind === 'opened') return { link: new StoreLink(worker), opened: first };
    await worker.terminate();
    if (first.kind !== 'refused') throw new Error(`unexpected answer ${first.kind}`);
    throw new FairleadError(
      first.code,
      first.message,
      first.remedy === undefined ? {} : { remedy: first.remedy },
    );
  }

  async write(writes: readonly StoreWrite[]): Promise<WriteResult> {
    const answer = await this.#ask({ kind: 'write', writes });
    return answer.kind === 'failed' ? { ok: false, code: answer.code, detail: answer.detail } : { ok: true };
  }

  async read(read: StoreRead): Promise<StoreReply> {
    if (this.#open.size >= OPEN_MAX)
      throw new FairleadError('store-busy', 'The store has too many requests.');
    const answer = await this.#ask({ kind: 'read', read });
    if (answer.kind === 'done') return answer.reply;
    throw new FairleadError(
      'store-failed',
      `The store cannot be read: ${answer.kind === 'failed' ? answer.detail : ''}`,
    );
  }

  /** What the disk refuses now is trimmed with the next writes. */
  async keep(keep: StoreKeep): Promise<void> {
    await this.#ask({ kind: 'keep', keep });
  }

  /** Undefined when it is done, else why not. */
  async upkeep(): Promise<string | undefined> {
    const answer = await this.#ask({ kind: 'upkeep' });
    return answer.kind === 'failed' ? answer.detail : undefined;
  }

  /** Undefined when it is done, else why not. */
  async copy(file: string): Promise<string | undefined> {
    const answer = await this.#ask({ kind: 'copy', file });
    return answer.kind === 'failed' ? answer.detail : undefined;
  }

  #ask(body: RequestBody): Promise<StoreAnswer> {
    const id = this.#nextId++;
    if (this.#dead !== undefined)
      return Promise.resolve({ kind: 'failed', id, code: 'store-closed', detail: this.#dead });
    return new Promise((resolve) => {
      this.#open.set(id, resolve);
      this.#worker.postMessage({ id, ...body } satisfies StoreRequest);
    });
  }

  #die(detail: string): void {
    this.#dead ??= detail;
    for (const [id, settle] of this.#open) settle({ kind: 'failed', id, code: 'store-closed', detail });
    this.#open.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dead === undefined) await this.#ask({ kind: 'close' });
    this.#dead ??= 'the store is closed';
    await this.#worker.terminate();
  }
}
