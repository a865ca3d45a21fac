import { expect, it } from 'vitest';
import { measureProbeRate } from './bench.ts';

it('measures checks of real connections, without a failure among them', { timeout: 20_000 }, async () => {
  const rate = await measureProbeRate({ checks: 20, interval_ms: 100, duration_s: 1 });
  expect(rate.failures).toBe(0);
  expect(rate.checks_per_second).toBeGreaterThan(0);
  expect(rate.per_core).toBeGreaterThan(0);
  expect(rate.lateness_p99_ms).toBeGreaterThanOrEqual(rate.lateness_p50_ms);
});
