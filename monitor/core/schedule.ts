// When each nanny's next probe starts. A heap ordered by planned start; time and randomness are parameters.
// Guarantees: starts lie on a grid (no drift, whatever a probe takes), a grid point that was missed is skipped and not
// made up for, a nanny never has two probes at once, and at most `inFlight_max` probes are under way altogether.

export interface Timing {
  readonly interval_ms: number;
  /** Part of the interval, 0 to 1, by which each start is put off at random. */
  readonly jitter: number;
}

/** One nanny's place in the schedule. Its fields belong to the schedule. */
export interface Entry<T> {
  readonly item: T;
  readonly jitter: number;
  /** Where in the interval this nanny starts, 0 to 1: keeps thousands of nannies apart however intervals change. */
  readonly phase: number;
  interval_ms: number;
  /** Grid point of the next (or present) probe. */
  base_ms: number;
  /** Grid point plus jitter. */
  planned_ms: number;
  /** Position in the heap; -1 while under way or removed. */
  position: number;
  removed: boolean;
}

export interface Start<T> {
  readonly entry: Entry<T>;
  /** How much later than planned it starts. */
  readonly late_ms: number;
}

export class Schedule<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #inFlight_max: number;
  readonly #random: () => number;
  #inFlight = 0;

  constructor(options: { readonly inFlight_max: number; readonly random: () => number }) {
    this.#inFlight_max = options.inFlight_max;
    this.#random = options.random;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** First start: somewhere within one interval from now. */
  add(item: T, timing: Timing, now_ms: number): Entry<T> {
    const phase = this.#random();
    const entry: Entry<T> = {
      item,
      jitter: timing.jitter,
      phase,
      interval_ms: timing.interval_ms,
      base_ms: nextOnPhase(phase, timing.interval_ms, now_ms),
      planned_ms: 0,
      position: -1,
      removed: false,
    };
    this.#plan(entry);
    return entry;
  }

  /** A probe that is under way still has to be reported by finished(). */
  remove(entry: Entry<T>): void {
    entry.removed = true;
    this.#takeOut(entry);
  }

  /** Starts at once; the grid stays. Of no effect while a probe is under way: its outcome is as fresh. */
  hurry(entry: Entry<T>, now_ms: number): void {
    if (entry.position < 0 || entry.planned_ms <= now_ms) return;
    this.#takeOut(entry);
    entry.base_ms -= entry.interval_ms; // so that finished() arrives at the grid point that was planned
    entry.planned_ms = now_ms;
    this.#putIn(entry);
  }

  /** The next entry that is due, now under way; undefined when none is due or too many are under way. */
  take(now_ms: number): Start<T> | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.planned_ms > now_ms || this.#inFlight >= this.#inFlight_max)
      return undefined;
    this.#takeOut(first);
    this.#inFlight++;
    return { entry: first, late_ms: now_ms - first.planned_ms };
  }

  /** The probe that take() started has ended; `interval_ms` leads to the next one. */
  finished(entry: Entry<T>, interval_ms: number, now_ms: number): void {
    this.#inFlight--;
    if (entry.removed) return;
    // A shorter interval counts from the last start, so that a doubtful server is not probed twice in a moment; a longer one
    // goes back to the nanny's phase, or else all that were probed fast together would stay together.
    if (interval_ms > entry.interval_ms) {
      entry.base_ms = nextOnPhase(entry.phase, interval_ms, now_ms);
    } else {
      const missed = Math.ceil((now_ms - entry.base_ms) / interval_ms);
      entry.base_ms += interval_ms * Math.max(1, missed);
    }
    entry.interval_ms = interval_ms;
    this.#plan(entry);
  }

  /** When to call take() again; undefined when there is nothing to wait for but the end of a probe. */
  next_ms(): number | undefined {
    return this.#inFlight >= this.#inFlight_max ? undefined : this.#heap[0]?.planned_ms;
  }

  #plan(entry: Entry<T>): void {
    entry.planned_ms = entry.base_ms + this.#random() * entry.jitter * entry.interval_ms;
    this.#putIn(entry);
  }

  #putIn(entry: Entry<T>): void {
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1, entry);
  }

  #takeOut(entry: Entry<T>): void {
    const position = entry.position;
    if (position < 0) return;
    entry.position = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    if (position > 0 && last.planned_ms < this.#heap[(position - 1) >> 1]!.planned_ms)
      this.#rise(position, last);
    else this.#sink(position, last);
  }

  #rise(from: number, entry: Entry<T>): void {
    let position = from;
    while (position > 0) {
      const parent = this.#heap[(position - 1) >> 1]!;
      if (parent.planned_ms <= entry.planned_ms) break;
      this.#put(position, parent);
      position = (position - 1) >> 1;
    }
    this.#put(position, entry);
  }

  #sink(from: number, entry: Entry<T>): void {
    let position = from;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= this.#heap.length) break;
      const right = this.#heap[child + 1];
      if (right !== undefined && right.planned_ms < this.#heap[child]!.planned_ms) child++;
      if (this.#heap[child]!.planned_ms >= entry.planned_ms) break;
      this.#put(position, this.#heap[child]!);
      position = child;
    }
    this.#put(position, entry);
  }

  #put(position: number, entry: Entry<T>): void {
    this.#heap[position] = entry;
    entry.position = position;
  }
}

/** The first time after now that lies at `phase` of a whole number of intervals. */
function nextOnPhase(phase: number, interval_ms: number, now_ms: number): number {
  const offset = phase * interval_ms;
  return (Math.floor((now_ms - offset) / interval_ms) + 1) * interval_ms + offset;
}
