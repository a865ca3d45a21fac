// What the active director has concluded about real servers, as its peer last told us. Counts while it is fresh: an
// active that has gone silent knows no better than we do.
import type { Clock } from '../model/clock.ts';

/** Told at each change and every 5 s, so that two may be lost. */
export const PEER_VERDICTS_FRESH_MS = 15_000;

export interface PeerVerdict {
  readonly key: string;
  readonly health: 'up' | 'down';
  readonly reason: string;
  readonly at: number;
}

export class PeerVerdicts {
  readonly #clock: Clock;
  #verdicts: ReadonlyMap<string, PeerVerdict> = new Map();
  #heard_ms: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hear(verdicts: readonly PeerVerdict[]): void {
    this.#verdicts = new Map(verdicts.map((verdict) => [verdict.key, verdict]));
    this.#heard_ms = this.#clock.monotonic_ms();
  }

  forget(): void {
    this.#verdicts = new Map();
    this.#heard_ms = undefined;
  }

  /** Its supervisor does not answer: what it said last is what it knew then. Holds until it speaks again. */
  lose(): void {
    this.#heard_ms = undefined;
  }

  fresh(): boolean {
    return (
      this.#heard_ms !== undefined && this.#clock.monotonic_ms() - this.#heard_ms < PEER_VERDICTS_FRESH_MS
    );
  }

  get(key: string): PeerVerdict | undefined {
    return this.#verdicts.get(key);
  }
}
