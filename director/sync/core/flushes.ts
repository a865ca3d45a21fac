// Orders to bring everything to the peer: each is answered once, when all of it was acknowledged or when that will not be.
import type { Session } from './session.ts';

const FLUSHES_MAX = 16;

export type Flushed = (result: { ok: boolean; reason: string; took_ms: number; events: number }) => void;

interface Flush {
  readonly position: number;
  readonly abandoned: number;
  readonly began: number;
  readonly until: number;
  readonly events: number;
  readonly done: Flushed;
}

export class Flushes {
  readonly #session: Session;
  #flushes: Flush[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** Everything was sealed; `events` of it for this order. */
  add(now: number, within_ms: number, events: number, done: Flushed): void {
    const { isUp, outbound } = this.#session;
    const refuse = (reason: string) => done({ ok: false, reason, took_ms: 0, events });
    if (!isUp) refuse('The peer does not answer.');
    else if (this.#flushes.length >= FLUSHES_MAX) refuse('Too many at once.');
    else {
      const { position, abandoned } = outbound;
      this.#flushes.push({ position, abandoned, began: now, until: now + within_ms, events, done });
      this.settle(now);
    }
  }

  /** Answers those of which it is known by now. */
  settle(now: number): void {
    if (this.#flushes.length === 0) return;
    this.#flushes = this.#flushes.filter((flush) => {
      const [ok, reason] = this.#outcome(flush, now);
      if (ok !== undefined) flush.done({ ok, reason, took_ms: now - flush.began, events: flush.events });
      return ok === undefined;
    });
  }

  #outcome({ position, abandoned, until }: Flush, now: number): readonly [boolean | undefined, string] {
    const { isUp, outbound } = this.#session;
    if (!isUp) return [false, 'The peer does not answer.'];
    if (abandoned !== outbound.abandoned)
      return [false, 'The peer was behind; the tables are compared anew.'];
    if (outbound.oldest > position) return [true, 'The peer has everything.'];
    return [now >= until ? false : undefined, 'The peer is too slow.'];
  }
}
