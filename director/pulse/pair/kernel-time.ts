// CLOCK_MONOTONIC, which processes of one machine share: what the heartbeat tells times by.

export function kernelMonotonic_ms(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
