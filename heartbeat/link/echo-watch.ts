// Tells a line that gives back what is sent (a loopback plug, a terminal server that echoes) from one with a peer at its
// end, and from one with both (a bus that all hear). Pure.

/** In a row, without a word of anybody else: on a bus the peer's beats come between. */
const ECHOES = 3;
/** Frames sent without one coming back: the plug is gone. */
const SILENT = 5;
/** An echo may be late by what the line holds. */
const REMEMBERED = 4;

export class EchoWatch {
  #sent: Uint8Array[] = [];
  #inRow = 0;
  #unanswered = 0;

  get echoing(): boolean {
    return this.#inRow >= ECHOES;
  }

  /** `frame` must not change any more. */
  sent(frame: Uint8Array): void {
    this.#sent.push(frame);
    if (this.#sent.length > REMEMBERED) this.#sent.shift();
    if (++this.#unanswered > SILENT) this.#inRow = 0;
  }

  heard(frame: Uint8Array): void {
    const own = this.#sent.some((one) => Buffer.compare(one, frame) === 0);
    this.#inRow = own ? this.#inRow + 1 : 0;
    if (own) this.#unanswered = 0;
  }

  forget(): void {
    this.#sent = [];
    this.#inRow = 0;
    this.#unanswered = 0;
  }
}
