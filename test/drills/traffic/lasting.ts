// Connections that last: each says a few bytes every quarter to half a second, at times spread by chance, and is watched
// for its whole life. What is lost is noted once, with how.
import { monotonic_ms } from '../../lab/monotonic.ts';
import { Talk, type TalkListener } from './talk.ts';
import { EXAMPLES_MAX, type LastingResult, type Losses, type Lost, type TrafficTarget } from './types.ts';

const MESSAGE_BYTES = 32;
const PAUSE_MS = [250, 500] as const;

export class LastingTalks {
  readonly #timeout_ms: number;
  readonly #talks = new Set<Talk>();
  #of = 0;
  #lost: Losses = {};
  #examples: Lost[] = [];
  #stall_ms = 0;
  /** What was asked earlier counts from here. */
  #since = 0;
  #verified = 0;
  failures = 0;
  readonly #listener: TalkListener;

  constructor(timeout_ms: number) {
    this.#timeout_ms = timeout_ms;
    this.#listener = {
      named: (talk) => {
        talk.due = monotonic_ms() + Math.random() * PAUSE_MS[1];
      },
      answered: (talk) => this.answered(talk),
      lost: (talk, lost) => this.lost(talk, lost),
    };
  }

  get size(): number {
    return this.#talks.size;
  }
  /** Of them, those that have been answered at least once. */
  get working(): number {
    let count = 0;
    for (const talk of this.#talks) if (talk.echoed > 0) count++;
    return count;
  }

  open(target: TrafficTarget): void {
    this.#talks.add(new Talk(target, this.#listener));
    this.#of++;
  }

  /** Takes over one that was opened elsewhere, whose listener hands on to `answered` and `lost`. */
  adopt(talk: Talk, ends: number): void {
    talk.ends = ends;
    talk.due = monotonic_ms() + pause_ms();
    this.#talks.add(talk);
    this.#of++;
  }

  readonly answered = (talk: Talk): void => {
    const now = monotonic_ms();
    this.#stall_ms = Math.max(this.#stall_ms, Math.min(talk.latency_ms, now - this.#since));
    this.#verified += MESSAGE_BYTES;
    talk.due = now + pause_ms();
  };

  readonly lost = (talk: Talk, lost: Lost): void => {
    this.#talks.delete(talk);
    this.failures++;
    this.#lost[lost.kind] = (this.#lost[lost.kind] ?? 0) + 1;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(lost);
  };

  turn(now: number): void {
    for (const talk of this.#talks) {
      const owed = talk.owed_since;
      if (owed !== undefined) {
        if (now - owed > this.#timeout_ms) talk.expire(talk.isNamed ? 'silent' : 'timeout');
      } else if (talk.ends < now) {
        this.#talks.delete(talk);
        talk.close();
      } else if (talk.due <= now) talk.say(MESSAGE_BYTES);
    }
  }

  begin(): void {
    this.#of = this.#talks.size;
    this.#since = monotonic_ms();
    this.#lost = {};
    this.#examples = [];
    this.#stall_ms = 0;
    this.#verified = 0;
  }

  /** After each has answered once more, or has been given up. */
  async end(): Promise<LastingResult> {
    const asked_at = monotonic_ms();
    const waiting = new Map([...this.#talks].map((talk) => [talk, talk.echoed]));
    for (const talk of waiting.keys()) talk.say(MESSAGE_BYTES);
    const isSettled = (): boolean => {
      for (const [talk, echoed] of waiting)
        if (talk.isOver || (talk.echoed > echoed && talk.owed_since === undefined)) waiting.delete(talk);
      return waiting.size === 0;
    };
    while (!isSettled() && monotonic_ms() - asked_at < this.#timeout_ms)
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (const talk of waiting.keys()) {
      const owed = talk.owed_since;
      if (owed !== undefined) this.#stall_ms = Math.max(this.#stall_ms, monotonic_ms() - owed);
      talk.expire('silent');
    }
    return {
      of: this.#of,
      lost: this.#lost,
      examples: this.#examples,
      stall_ms: this.#stall_ms,
      verified_bytes: this.#verified,
    };
  }
}

function pause_ms(): number {
  return PAUSE_MS[0] + Math.random() * (PAUSE_MS[1] - PAUSE_MS[0]);
}
