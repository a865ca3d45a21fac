// How many checks of real servers one monitor process does for its CPU time, and how punctually.
import { measureProbeRate } from '../../monitor/bench.ts';
import { atLeast, atMost } from './figures.ts';
import type { Section } from './section.ts';

const QUICK = { checks: 500, interval_ms: 1_000, duration_s: 1 };

export const PROBES: Section = {
  name: 'probes',
  title: 'TCP checks of a listener on loopback by one monitor process',
  async *run(context) {
    context.say('nannies start and settle');
    const rate = await measureProbeRate(context.quick ? QUICK : {});
    yield {
      name: 'checks per second of CPU time',
      value: rate.per_core,
      unit: '/s',
      target: atLeast(5_000),
      detail: `${Math.round(rate.checks_per_second)} checks a second were done, ${rate.failures} failed`,
    };
    yield {
      name: 'lateness, 99th percentile of the median second',
      value: rate.lateness_p99_ms,
      unit: 'ms',
      target: atMost(50),
      detail: `median ${rate.lateness_p50_ms.toFixed(1)} ms, worst second ${rate.lateness_p99_worst_ms.toFixed(1)} ms`,
    };
  },
};
