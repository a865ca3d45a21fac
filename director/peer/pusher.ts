// Keeps the peer's copy of our state new: 20 ms after a change, again every 5 s, and as soon as the peer says that it has another
// one. One push is under way at a time; meanwhile only the newest state is kept.
import type { Clock } from '../model/clock.ts';
import { type Answer, STATE_MAX_BYTES, type StateMessage } from './message.ts';
import { Outbox } from './outbox.ts';
import type { PeerState } from './state.ts';

const GATHER_MS = 20;
const REPEAT_MS = 5_000;

export interface PusherOptions {
  readonly clock: Clock;
  readonly session: string;
  connected(): boolean;
  /** Rejects if there is no answer, or none that says what the peer has. 409: send it complete. */
  put(body: string): Promise<{ readonly status: 200 | 409; readonly answer: Answer }>;
  onFailure(error: unknown): void;
}

export class Pusher implements Disposable {
  readonly sent = { states: 0, bytes: 0, failed: 0 };
  readonly #options: PusherOptions;
  readonly #outbox: Outbox;
  #latest: PeerState | undefined;
  #gathering: Disposable | undefined;
  #repeat: Disposable | undefined;
  #busy = false;
  #pushes = 0;
  #ended = false;

  constructor(options: PusherOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.session);
  }

  push(state: PeerState): void {
    this.#latest = state;
    this.#soon();
  }

  /** Before a question whose answer goes to compare(). */
  mark(): number {
    return this.#pushes;
  }

  /** What the peer has by its word; out of date if a push has gone out since the mark. */
  compare(answer: Answer, mark: number): void {
    if (this.#busy || mark !== this.#pushes) return;
    this.#outbox.peerHas(answer.have);
    if (!this.upToDate()) this.#soon();
  }

  upToDate(): boolean {
    return this.#latest !== undefined && this.#outbox.isDelivered(this.#latest);
  }

  #soon(): void {
    if (this.#ended || this.#gathering !== undefined) return;
    this.#gathering = this.#options.clock.after(GATHER_MS, () => {
      this.#gathering = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const state = this.#latest;
    // Hello finds out when the peer is there, and compare() goes on from it.
    if (state === undefined || this.#busy || this.#ended || !this.#options.connected()) return;
    this.#busy = true;
    this.#pushes++;
    this.#repeat?.[Symbol.dispose]();
    try {
      // Refused twice: the peer's answers make no sense, and the next hello is soon enough.
      if (!(await this.#attempt(state))) await this.#attempt(state);
    } catch (error) {
      this.sent.failed++;
      this.#options.onFailure(error);
      return;
    } finally {
      this.#busy = false;
      if (!this.#ended) this.#repeat = this.#options.clock.after(REPEAT_MS, () => this.#soon());
    }
    if (this.#latest !== state) this.#soon();
  }

  async #attempt(state: PeerState): Promise<boolean> {
    const { message, sent } = this.#outbox.compose(state);
    const { status, answer } = await this.#options.put(this.#write(message));
    this.#outbox.peerHas(answer.have);
    if (status === 200) this.#outbox.acknowledged(sent);
    return status === 200;
  }

  #write(message: StateMessage): string {
    const body = JSON.stringify(message);
    const bytes = Buffer.byteLength(body);
    if (bytes > STATE_MAX_BYTES)
      throw new RangeError(`our state takes ${bytes} bytes, more than the peer reads (${STATE_MAX_BYTES})`);
    this.sent.states++;
    this.sent.bytes += bytes;
    return body;
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#gathering?.[Symbol.dispose]();
    this.#repeat?.[Symbol.dispose]();
  }
}
