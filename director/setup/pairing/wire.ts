// What the two ends of a pairing say to each other: lines of JSON over TLS, each limited in size and time and of a known
// shape. hello -> offer (the configuration), take -> key, done -> bye; or refused, with the reason.
import type tls from 'node:tls';
import { z } from 'zod';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';

export const PAIR_PORT = 8850;
export const IDENTITY = 'fairlead-pair-1';
const FORMAT = 1;
/** Of a request; an offer holds a whole configuration, escaped. */
export const REQUEST_MAX_BYTES = 16 * 1024;
export const OFFER_MAX_BYTES = 12 * 2 ** 20;
export const LINE_TIMEOUT_MS = 60_000;

const shortText = z.string().max(255);
const format = z.literal(FORMAT);

export const helloSchema = z.object({ format, version: shortText, hostname: shortText });
export const offerSchema = z.object({
  format,
  version: shortText,
  /** The director that invites. */
  node: shortText,
  /** The text of the configuration in force. */
  configuration: z.string().max(4 * 2 ** 20),
  revision: z.number().int().optional(),
  /** Its wall clock, milliseconds since 1970. */
  now: z.number(),
  /** Link addresses of its interfaces, so that its answers are not taken for a stranger's. */
  macs: z.array(z.string().regex(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/)).max(256),
});
export const takeSchema = z.union([
  z.object({ take: shortText }),
  z.object({ refused: z.string().max(2_000) }),
]);
export const keySchema = z.object({ key: z.string().max(8_192) });
export const doneSchema = z.object({ done: z.literal(true) });
export const byeSchema = z.object({ bye: z.literal(true) });

export type Hello = z.infer<typeof helloSchema>;
export type Offer = z.infer<typeof offerSchema>;

export const hello = (version: string, hostname: string): Hello => ({
  format: FORMAT,
  version: version.slice(0, 255),
  hostname: hostname.slice(0, 255),
});

export const offer = (of: Omit<Offer, 'format'>): Offer => ({ format: FORMAT, ...of });

/** Lines over one connection, one at a time. */
export class LineConnection implements Disposable {
  readonly #socket: tls.TLSSocket;
  readonly #clock: Clock;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #max_bytes = REQUEST_MAX_BYTES;
  #ended: Error | undefined;
  #look: (() => void) | undefined;

  constructor(socket: tls.TLSSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > this.#max_bytes) this.#end(brokenOff('it says more than it may'));
      this.#look?.();
    });
    socket.on('error', (error) => this.#end(brokenOff(error.message)));
    socket.on('close', () => this.#end(brokenOff('it closed the connection')));
  }

  send(value: unknown): void {
    if (this.#ended === undefined) this.#socket.write(`${JSON.stringify(value)}\n`);
  }

  /** The next line, of this shape. Throws FairleadError `pair-broken-off`. */
  async receive<T>(schema: z.ZodType<T>, max_bytes = REQUEST_MAX_BYTES): Promise<T> {
    this.#max_bytes = max_bytes;
    const line = await this.#line();
    try {
      return schema.parse(JSON.parse(line));
    } catch (cause) {
      const error = brokenOff(
        'it says what cannot be understood; the two may be of different versions',
        cause,
      );
      this.#end(error);
      throw error;
    }
  }

  #line(): Promise<string> {
    return new Promise((resolve, reject) => {
      const limit = this.#clock.after(LINE_TIMEOUT_MS, () => this.#end(brokenOff('it says nothing')));
      this.#look = () => {
        const line = this.#takeLine();
        if (line === undefined && this.#ended === undefined) return;
        limit[Symbol.dispose]();
        this.#look = undefined;
        if (line === undefined) reject(this.#ended);
        else resolve(line);
      };
      this.#look();
    });
  }

  #takeLine(): string | undefined {
    // Only the newest chunk can bring the end of the line, as each line is waited for before the next is sent.
    if (!this.#chunks.some((chunk) => chunk.includes(10))) return undefined;
    const bytes = Buffer.concat(this.#chunks, this.#bytes);
    const at = bytes.indexOf(10);
    this.#chunks = [bytes.subarray(at + 1)];
    this.#bytes = bytes.length - at - 1;
    return bytes.toString('utf8', 0, at);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#socket.destroy();
    this.#look?.();
  }

  /** What was sent still goes out. */
  [Symbol.dispose](): void {
    this.#ended ??= brokenOff('it is over');
    this.#socket.destroySoon();
    this.#look?.();
  }
}

function brokenOff(what: string, cause?: unknown): FairleadError {
  return new FairleadError('pair-broken-off', `The other director broke off: ${what}.`, {
    remedy: 'See what it says on its terminal; begin again with "fairlead pair --invite" there.',
    ...(cause === undefined ? {} : { cause }),
  });
}
