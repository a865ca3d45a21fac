// What the builder tells while it works: one line per step with what came of it and how long it took.

export interface Progress {
  /** Does the work and prints its line; what the function gives back goes on, what it throws too. */
  step<T>(name: string, work: () => T, tell?: (outcome: T) => string): T;
  say(line: string): void;
}

export function printProgress(out: (line: string) => void, now_ms: () => number): Progress {
  return {
    say: out,
    step(name, work, tell) {
      const began_ms = now_ms();
      const outcome = work();
      const took = `${((now_ms() - began_ms) / 1000).toFixed(1)} s`;
      out(`deb: ${name.padEnd(34)} ${took.padStart(7)}  ${tell?.(outcome) ?? ''}`.trimEnd());
      return outcome;
    },
  };
}

export const silent: Progress = { say: () => {}, step: (_, work) => work() };

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
