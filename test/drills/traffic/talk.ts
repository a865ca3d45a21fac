// One TCP connection to an echo service. What comes back must be what was sent, byte by byte. Cheap, as thousands of them
// share a process: one buffer for all that is read, no timer of their own.
import { connect, type Socket } from 'node:net';
import { failureKind } from '../../lab/client/ledger.ts';
import { monotonic_ms } from '../../lab/monotonic.ts';
import { fillPattern, findMismatch } from '../../lab/pattern.ts';
import { LOSSES, type LossKind, type Lost, type TrafficTarget } from './types.ts';

const READ_BYTES = 4_096;
const NAME_BYTES_MAX = 64;
const NEWLINE = 10;
const shared = Buffer.alloc(READ_BYTES);

export interface TalkListener {
  /** The real server has said its name: the connection works. */
  readonly named: (talk: Talk) => void;
  /** All that was sent has come back. */
  readonly answered: (talk: Talk) => void;
  /** Not after close(). */
  readonly lost: (talk: Talk, lost: Lost) => void;
}

let nextSeed = Math.floor(Math.random() * 0x3fff_ffff);

export class Talk {
  readonly target: TrafficTarget;
  readonly began = monotonic_ms();
  readonly #seed = nextSeed++;
  readonly #listener: TalkListener;
  readonly #socket: Socket;
  #named = false;
  #nameBytes = 0;
  #sent = 0;
  #echoed = 0;
  #asked_at = this.began;
  #port = 0;
  #over = false;
  /** For its owner: when it speaks next, when it is to end. */
  due = 0;
  ends = Infinity;

  constructor(target: TrafficTarget, listener: TalkListener) {
    this.target = target;
    this.#listener = listener;
    this.#socket = connect({
      host: target.address,
      port: target.port,
      noDelay: true,
      onread: { buffer: shared, callback: (length, buffer) => this.#hear(length, buffer) },
    });
    this.#socket.on('connect', () => {
      this.#port = this.#socket.localPort ?? 0;
    });
    this.#socket.on('error', (error) => this.#fail(kindOf(error)));
    this.#socket.on('end', () => this.#fail('closed'));
  }

  get isNamed(): boolean {
    return this.#named;
  }
  get isOver(): boolean {
    return this.#over;
  }
  get echoed(): number {
    return this.#echoed;
  }
  /** Since when an answer is owed; undefined: none is. */
  get owed_since(): number | undefined {
    return !this.#named || this.#echoed < this.#sent ? this.#asked_at : undefined;
  }

  /** Unless the last words have not come back yet. */
  say(length: number): void {
    if (this.#over || this.owed_since !== undefined) return;
    this.#asked_at = monotonic_ms();
    this.#socket.write(fillPattern(this.#seed, this.#sent, length));
    this.#sent += length;
  }

  /** The owner has waited long enough. */
  expire(kind: LossKind): void {
    this.#fail(kind);
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.end();
    this.#socket.once('end', () => this.#socket.destroy());
  }

  abort(): void {
    this.#over = true;
    this.#socket.destroy();
  }

  #hear(length: number, buffer: Uint8Array): boolean {
    if (this.#over) return true;
    let from = 0;
    if (!this.#named) {
      const end = buffer.subarray(0, length).indexOf(NEWLINE);
      this.#nameBytes += end < 0 ? length : end;
      if (this.#nameBytes > NAME_BYTES_MAX || (end >= 0 && end + 1 < length)) this.#fail('wrong-bytes');
      if (end < 0 || this.#over) return true;
      this.#named = true;
      from = end + 1;
      this.#listener.named(this);
      if (from === length) return true;
    }
    const bytes = buffer.subarray(from, length);
    if (this.#echoed + bytes.length > this.#sent || findMismatch(this.#seed, this.#echoed, bytes) >= 0) {
      this.#fail('wrong-bytes');
      return true;
    }
    this.#echoed += bytes.length;
    if (this.#echoed === this.#sent) this.#listener.answered(this);
    return true;
  }

  /** From the question, whose answer has just come. */
  get latency_ms(): number {
    return monotonic_ms() - this.#asked_at;
  }

  #fail(kind: LossKind): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.destroy();
    this.#listener.lost(this, {
      service: this.target.service,
      kind,
      began: this.began,
      at: monotonic_ms(),
      echoed_bytes: this.#echoed,
      local_port: this.#port,
    });
  }
}

function kindOf(error: Error): LossKind {
  const kind = failureKind(error);
  return LOSSES.find((one) => one === kind) ?? 'other';
}
