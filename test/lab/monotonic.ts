// The machine's own time, CLOCK_MONOTONIC in milliseconds: the same in every process, whatever happens to the wall clock.

export function monotonic_ms(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
