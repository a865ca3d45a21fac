// What a benchmark is to main.ts: a name for --only, a title, and a function that gives figures.
import type { Figure } from './figures.ts';

export interface BenchContext {
  /** A smoke run: every figure, none of them to be relied on. */
  readonly quick: boolean;
  /** What is being done, for whoever waits. */
  say(what: string): void;
  /** Called between measurements: lets signals in, and throws once the run is to end. */
  turn(): Promise<void>;
  readonly signal: AbortSignal;
}

export interface Section {
  readonly name: string;
  readonly title: string;
  /** Gives figures as they come, so that what was measured before a failure is kept. */
  run(context: BenchContext): AsyncIterable<Figure>;
}
