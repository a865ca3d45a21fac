// Time as a parameter. Rooms that act on time are handed one of these; tests hand in one that they turn themselves.

export interface Clock {
  /** Wall clock, milliseconds since 1970: for people and for what outlives the process. */
  now(): number;
  /** Milliseconds from an arbitrary start, never backwards: for intervals. */
  monotonic_ms(): number;
  /** Runs once after the delay unless disposed of before. Does not keep the process alive by itself. */
  after(delay_ms: number, run: () => void): Disposable;
}
