// So many requests at a time, in all and for each who asks, so that one token cannot keep the others out, nor all of them the
// command line. A place is free again once the response is closed.
import type express from 'express';
import { FairleadError } from '../../director/model/error.ts';

export interface PlaceLimits {
  readonly perIdentity: number;
  readonly total: number;
  /** Of the refusal. */
  readonly code: 'busy' | 'too-many-followers';
  /** What is counted. */
  readonly what: string;
}

export class Places {
  readonly #limits: PlaceLimits;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  enter(who: string, response: express.Response): void {
    const { perIdentity, total, what } = this.#limits;
    const own = this.#taken.get(who) ?? 0;
    if (own >= perIdentity) throw this.#full(`At most ${perIdentity} ${what} for each who is logged in.`);
    if (this.#total >= total) throw this.#full(`At most ${total} ${what} at a time.`);
    this.#taken.set(who, own + 1);
    this.#total += 1;
    response.once('close', () => this.#leave(who));
  }

  #leave(who: string): void {
    this.#total -= 1;
    const left = (this.#taken.get(who) ?? 1) - 1;
    if (left === 0) this.#taken.delete(who);
    else this.#taken.set(who, left);
  }

  #full(sentence: string): FairleadError {
    return new FairleadError(this.#limits.code, sentence, { remedy: 'Let one end, then try again.' });
  }
}
