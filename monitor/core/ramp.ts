// Slow start: which part of its weight a server that came back may have. Pure.
// Guarantees: never 0 (a scheduler would take it for quiesced), never falls as time goes on, 1 from the end of the ramp.

/** 1/32 of the weight at the first moment: small enough for a cold cache, large enough to see some traffic. */
export const RAMP_FLOOR = 1 / 32;

export function ramp(since_ms: number, duration_ms: number): number {
  if (duration_ms <= 0 || since_ms >= duration_ms) return 1;
  if (since_ms <= 0) return RAMP_FLOOR;
  return RAMP_FLOOR + (1 - RAMP_FLOOR) * (since_ms / duration_ms);
}
