// Reads configurations that come while packets are balanced: small texts at once, large ones in a thread, so that
// probes, sweeps and other requests go on meanwhile. Guarantees: answers come in the order of asking; a thread that dies
// or takes too long fails those who wait for it, and the next text gets a new one; at most WAITING_MAX wait.
import { Worker } from 'node:worker_threads';
import { type ParsedConfiguration, parseConfiguration } from '../config/parse.ts';
import type { Clock } from '../model/clock.ts';
import { FairleadError } from '../model/error.ts';
import type { ReadAnswer, ReadRequest } from './configuration-worker.ts';

export interface ConfigurationReader extends AsyncDisposable {
  /** Rejects with a FairleadError when it could not be read for a reason that is not in the text. */
  parse(text: string, fileName: string): Promise<ParsedConfiguration>;
}

export interface ReaderOptions {
  readonly clock: Clock;
  /** Texts of at most this length are read at once. */
  readonly inline_chars?: number;
  /** Another thread than configuration-worker.ts, to try what happens when it fails. */
  readonly worker?: URL;
}

/** About 20 ms of reading. */
const INLINE_CHARS = 32 * 1024;
const WAITING_MAX = 16;
/** The largest text that is let in takes some seconds on a slow machine. */
const PATIENCE_MS = 30_000;
/** A thread that is not needed gives its memory back. */
const IDLE_MS = 60_000;
/** Most of what reading makes is soon dead; a larger young generation is collected less often. */
const LIMITS = { maxYoungGenerationSizeMb: 32, maxOldGenerationSizeMb: 1_024 };

interface Waiting {
  resolve(parsed: ParsedConfiguration): void;
  reject(error: FairleadError): void;
}

export function createConfigurationReader(options: ReaderOptions): ConfigurationReader {
  return new ThreadedReader(options);
}

class ThreadedReader implements ConfigurationReader {
  readonly #options: ReaderOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #limit: Disposable | undefined;
  #nextId = 1;
  #closed = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  async parse(text: string, fileName: string): Promise<ParsedConfiguration> {
    if (this.#closed) throw failed('the director is stopping');
    // Behind others it must wait, or it would come before them.
    if (this.#waiting.size === 0 && text.length <= (this.#options.inline_chars ?? INLINE_CHARS))
      return parseConfiguration(text, fileName);
    if (this.#waiting.size >= WAITING_MAX)
      throw new FairleadError('busy', `${WAITING_MAX} configurations are waiting to be read.`, {
        remedy: 'Try again in a moment.',
      });
    this.#worker ??= this.#start();
    const id = this.#nextId++;
    const answer = new Promise<ParsedConfiguration>((resolve, reject) =>
      this.#waiting.set(id, { resolve, reject }),
    );
    this.#worker.postMessage({ id, text, fileName } satisfies ReadRequest);
    this.#setLimit();
    return await answer;
  }

  #start(): Worker {
    const file = this.#options.worker ?? new URL('./configuration-worker.ts', import.meta.url);
    const worker = new Worker(file, { resourceLimits: LIMITS });
    worker.unref();
    worker.on('message', ({ id, parsed }: ReadAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      this.#setLimit();
      waiting?.resolve(parsed);
    });
    worker.on('error', (error: Error) => this.#giveUp(worker, error.message));
    worker.on('exit', () => this.#giveUp(worker, 'its thread ended'));
    return worker;
  }

  /** Anew after each answer: patience is for one text, not for all that wait. */
  #setLimit(): void {
    this.#limit?.[Symbol.dispose]();
    const worker = this.#worker;
    if (worker === undefined) return;
    const busy = this.#waiting.size > 0;
    this.#limit = this.#options.clock.after(busy ? PATIENCE_MS : IDLE_MS, () => {
      this.#giveUp(worker, `it took longer than ${PATIENCE_MS / 1_000} s`);
      void worker.terminate();
    });
  }

  #giveUp(worker: Worker, detail: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#limit?.[Symbol.dispose]();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(failed(detail));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#giveUp(worker, 'the director is stopping');
    await worker.terminate();
  }
}

function failed(detail: string): FairleadError {
  return new FairleadError('configuration-not-read', `The configuration could not be read: ${detail}.`, {
    remedy: 'Nothing has changed; try again, and see the log if it fails again.',
  });
}
