// Keeps the peer's copy of our state new: 20 ms after a change, again every 5 s, and as soon as the peer says that it has another
// one. One push is under way at a time; meanwhile only the newest state is kept.
import type { Clock } from '../model/clock.ts';
import { type Answer, STATE_MAX_BYTES, type StateMessage } from './message.ts';
import { Outbox } from './outbox.ts';
import type { PeerState } from './state.ts';

const GATHER_MS = 20;
const REPEAT_MS = 5_000;
/** A state that the peer does not take may be large, and will hardly be taken a second later. */
const BACK_OFF_MS = { first: 500, last: 30_000 };

export interface PusherOptions {
  readonly clock: Clock;
  readonly session: string;
  connected(): boolean;
  /** Rejects if there is no answer, or none that says what the peer has. 409: send it complete. */
  put(body: string): Promise<{ readonly status: 200 | 409; readonly answer: Answer }>;
  /** The peer has taken over what was pushed, or has said that it does not. */
  onHeeded(): void;
  onFailure(error: unknown): void;
}

export class Pusher implements Disposable {
  readonly sent = { states: 0, bytes: 0, failed: 0 };
  readonly #options: PusherOptions;
  readonly #outbox: Outbox;
  #latest: PeerState | undefined;
  #heeded: PeerState | 'refused' | undefined;
  #gathering: Disposable | undefined;
  #repeat: Disposable | undefined;
  #busy = false;
  #pushes = 0;
  #wait_ms = BACK_OFF_MS.first;
  #notBefore_ms = 0;
  #ended = false;

  constructor(options: PusherOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.session);
  }

  push(state: PeerState): void {
    this.#latest = state;
    this.#soon();
  }

  /** The peer is there, or there again. */
  reconnected(): void {
    this.#trusted();
    this.#gathering?.[Symbol.dispose]();
    this.#gathering = undefined;
    this.#soon();
  }

  #trusted(): void {
    this.#notBefore_ms = 0;
    this.#wait_ms = BACK_OFF_MS.first;
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

  /** What the peer acknowledged last, if it took it over. */
  get heeded(): PeerState | 'refused' | undefined {
    return this.#heeded;
  }

  upToDate(): boolean {
    return this.#latest !== undefined && this.#outbox.isDelivered(this.#latest);
  }

  #soon(): void {
    if (this.#ended || this.#gathering !== undefined) return;
    const { clock } = this.#options;
    const delay_ms = Math.max(GATHER_MS, this.#notBefore_ms - clock.monotonic_ms());
    this.#gathering = clock.after(delay_ms, () => {
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
      if (!(await this.#attempt(state)) && !(await this.#attempt(state)))
        throw new Error('the peer wants a complete state, and refuses it');
      this.#trusted();
    } catch (error) {
      this.#failed(error);
      return;
    } finally {
      this.#busy = false;
      if (!this.#ended) this.#repeat = this.#options.clock.after(REPEAT_MS, () => this.#soon());
    }
    if (this.#latest !== state) this.#soon();
  }

  /** The next hello finds that the peer lacks it. */
  #failed(error: unknown): void {
    this.sent.failed++;
    this.#notBefore_ms = this.#options.clock.monotonic_ms() + this.#wait_ms;
    this.#wait_ms = Math.min(BACK_OFF_MS.last, this.#wait_ms * 2);
    this.#options.onFailure(error);
  }

  async #attempt(state: PeerState): Promise<boolean> {
    const { message, sent } = this.#outbox.compose(state);
    const { status, answer } = await this.#options.put(this.#write(message));
    this.#outbox.peerHas(answer.have);
    if (status !== 200) return false;
    this.#outbox.acknowledged(sent);
    this.#heeded = answer.heeded === false ? 'refused' : state;
    this.#options.onHeeded();
    return true;
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
