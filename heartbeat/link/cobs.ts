// Frames on a line of bytes: consistent overhead byte stuffing (Cheshire and Baker 1999), so that 0 occurs between
// frames only. A 0 goes before and after each: noise spoils one frame, never the next. Guarantee: the reader's memory is
// one frame, whatever comes.
import { FRAME_MAX_BYTES } from './frame.ts';

const DELIMITER = 0;
/** A block is a length and up to 254 bytes without a 0. */
const BLOCK_MAX = 0xff;

/** With both delimiters. */
export function encodeCobs(frame: Uint8Array): Uint8Array {
  const line = new Uint8Array(frame.length + Math.floor(frame.length / (BLOCK_MAX - 1)) + 3);
  let block = 1; // where the length of the present block goes; line[0] is the delimiter
  let end = 2;
  for (const byte of frame) {
    if (end - block === BLOCK_MAX) {
      line[block] = BLOCK_MAX;
      block = end++;
    }
    if (byte !== DELIMITER) {
      line[end++] = byte;
      continue;
    }
    line[block] = end - block;
    block = end++;
  }
  line[block] = end - block;
  return line.subarray(0, end + 1);
}

/** What is between two delimiters; undefined when no frame is encoded so. */
export function decodeCobs(bytes: Uint8Array): Uint8Array | undefined {
  const frame = new Uint8Array(bytes.length);
  let length = 0;
  for (let block = 0; block < bytes.length; ) {
    const size = bytes[block]!;
    const next = block + size;
    if (size === DELIMITER || next > bytes.length) return undefined;
    frame.set(bytes.subarray(block + 1, next), length);
    length += size - 1;
    if (size !== BLOCK_MAX && next < bytes.length) length++; // the 0 that the block stands for
    block = next;
  }
  return length === 0 ? undefined : frame.slice(0, length);
}

export class CobsReader {
  /** Frames that were spoiled: not encoded as one, or longer than any. */
  garbled = 0;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #buffer: Uint8Array;
  #length = 0;

  constructor(onFrame: (frame: Uint8Array) => void, frameMax_bytes = FRAME_MAX_BYTES) {
    this.#onFrame = onFrame;
    this.#buffer = new Uint8Array(frameMax_bytes + Math.ceil(frameMax_bytes / (BLOCK_MAX - 1)));
  }

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === DELIMITER) this.#end();
      else if (this.#length < this.#buffer.length) this.#buffer[this.#length++] = byte;
      else this.#length = this.#buffer.length + 1; // too long; the rest is left out
    }
  }

  #end(): void {
    const length = this.#length;
    this.#length = 0;
    if (length === 0) return; // between two frames
    const frame = length > this.#buffer.length ? undefined : decodeCobs(this.#buffer.subarray(0, length));
    if (frame === undefined) this.garbled++;
    else this.#onFrame(frame);
  }
}
