// A link by a serial line: a null-modem cable, which fails for other reasons than a network does.
// Guarantees: at most one frame waits for the line, and a newer one takes its place; output that does not leave is thrown
// away, never waited for; a line that gives back our own frames is told as such; a device that goes is opened again when it is back.
import { readSync, writeSync } from 'node:fs';
import type { Clock } from '../../director/model/clock.ts';
import { onReadable } from '../../director/native/readable.ts';
import {
  discardOutput,
  type OpenLine,
  openSerialLine,
  pendingOutput_bytes,
} from '../../director/native/termios.ts';
import { Backoff } from './backoff.ts';
import { CobsReader, encodeCobs } from './cobs.ts';
import { EchoWatch } from './echo-watch.ts';
import type { Link, LinkCounters, LinkEvents } from './link.ts';

/** A start bit, eight of data, a stop bit. */
const BITS_PER_BYTE = 10;
/** Beyond twice the time that the bytes take: scheduling, and what the hardware still holds. */
const STUCK_MS = 50;
const READ_BYTES = 512;
const READS_PER_WAKE = 8;

export interface SerialLinkOptions {
  readonly device: string;
  readonly baud: number;
  readonly clock: Clock;
}

/** Never throws for what may come to be: the link is down then. */
export function openSerialLink(options: SerialLinkOptions, events: LinkEvents): Link {
  return new SerialLink(options, events);
}

class SerialLink implements Link {
  readonly kind = 'serial';
  readonly name: string;
  readonly #options: SerialLinkOptions;
  readonly #events: LinkEvents;
  readonly #backoff: Backoff;
  readonly #echo = new EchoWatch();
  readonly #bytes = new Uint8Array(READ_BYTES);
  #line: { readonly device: OpenLine; readonly wakes: Disposable } | undefined;
  #reader = new CobsReader(() => {});
  #garbled = 0;
  #waiting: Uint8Array | undefined;
  #timer: Disposable | undefined;
  /** When what was written last must have left. */
  #left_ms = 0;
  #up = false;
  #detail = 'not opened yet';
  #sent = 0;
  #unsent = 0;
  #disposed = false;

  constructor(options: SerialLinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.name = `serial ${options.device}`;
    this.#backoff = new Backoff(options.clock, () => this.#mend());
    [this.#up, this.#detail] = this.#attempt();
    if (!this.#up) this.#backoff.later();
  }

  send(frame: Uint8Array): void {
    if (this.#line === undefined || this.#waiting !== undefined) this.#unsent++;
    if (this.#line === undefined) return;
    this.#waiting = encodeCobs(frame);
    this.#echo.sent(frame);
    if (!this.#echo.echoing && !this.#up) this.#become(true, this.#description());
    this.#pump();
  }

  isUp(): boolean {
    return this.#up;
  }

  detail(): string {
    return this.#detail;
  }

  counters(): LinkCounters {
    return { sent: this.#sent, unsent: this.#unsent, garbled: this.#garbled + this.#reader.garbled };
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#backoff[Symbol.dispose]();
    this.#close();
  }

  /** Writes what waits, as soon as what was written before has left. */
  #pump(): void {
    const [line, frame] = [this.#line, this.#waiting];
    if (line === undefined || frame === undefined || this.#timer !== undefined) return;
    try {
      const { fd } = line.device;
      const pending = pendingOutput_bytes(fd);
      const now_ms = this.#options.clock.monotonic_ms();
      if (pending > 0 && now_ms < this.#left_ms) {
        this.#timer = this.#options.clock.after(Math.max(1, this.#duration_ms(pending)), () => {
          this.#timer = undefined;
          this.#pump();
        });
        return;
      }
      if (pending > 0) this.#discard(fd); // the line stands still: what it holds is stale
      this.#waiting = undefined;
      this.#left_ms = now_ms + 2 * this.#duration_ms(frame.length) + STUCK_MS;
      if (writeNow(fd, frame) === frame.length) this.#sent++;
      else this.#discard(fd);
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error));
    }
  }

  #discard(fd: number): void {
    discardOutput(fd);
    this.#unsent++;
  }

  #duration_ms(bytes: number): number {
    return (bytes * BITS_PER_BYTE * 1_000) / this.#options.baud;
  }

  #read(fd: number): void {
    for (let turn = 0; turn < READS_PER_WAKE && this.#line?.device.fd === fd; turn++) {
      const length = this.#readOnce(fd);
      if (length === 0) return;
      this.#reader.take(this.#bytes.subarray(0, length));
    }
  }

  /** 0: there is nothing more, or the device is gone. */
  #readOnce(fd: number): number {
    try {
      const length = readNow(fd, this.#bytes);
      if (length === 0) this.#lost(`${this.#options.device} has hung up`);
      return length ?? 0;
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error));
      return 0;
    }
  }

  #take(frame: Uint8Array): void {
    if (this.#disposed) return;
    this.#echo.heard(frame);
    if (this.#echo.echoing)
      this.#become(false, `echo: ${this.#options.device} gives back what is sent, a loopback plug perhaps`);
    else this.#become(true, this.#description());
    this.#events.onFrame(frame, this.#options.device);
  }

  #description(): string {
    return `${this.#options.device} at ${this.#options.baud} baud`;
  }

  #mend(): void {
    const [up, detail] = this.#attempt();
    this.#become(up, detail);
    if (up) this.#backoff.succeeded();
    else this.#backoff.later();
  }

  #attempt(): [up: boolean, detail: string] {
    try {
      const device = openSerialLine(this.#options.device, this.#options.baud);
      const { fd } = device;
      this.#garbled += this.#reader.garbled;
      this.#reader = new CobsReader((frame) => this.#take(frame));
      this.#line = { device, wakes: onReadable(fd, () => this.#read(fd)) };
      return [true, this.#description()];
    } catch (error) {
      return [false, error instanceof Error ? error.message : String(error)];
    }
  }

  #lost(reason: string): void {
    if (this.#waiting !== undefined) this.#unsent++;
    this.#close();
    this.#become(false, reason);
    this.#backoff.later();
  }

  #close(): void {
    const line = this.#line;
    this.#line = undefined;
    this.#waiting = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#echo.forget();
    if (line === undefined) return;
    line.wakes[Symbol.dispose]();
    try {
      discardOutput(line.device.fd); // or closing waits for it (closing_wait, up to 30 s)
    } catch {
      // The device is gone, and its queue with it.
    }
    line.device[Symbol.dispose]();
  }

  #become(up: boolean, detail: string): void {
    const changed = up !== this.#up || detail !== this.#detail;
    this.#up = up;
    this.#detail = detail;
    if (changed) this.#events.onState(up, detail);
  }
}

/** Undefined: nothing has come. */
function readNow(fd: number, bytes: Uint8Array): number | undefined {
  return unlessAgain(() => readSync(fd, bytes));
}

function writeNow(fd: number, bytes: Uint8Array): number {
  return unlessAgain(() => writeSync(fd, bytes)) ?? 0;
}

function unlessAgain(action: () => number): number | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
