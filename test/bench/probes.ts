// How many checks of real servers one monitor process does for its CPU time, and how punctually.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ProbeRate, ProbeRateOptions } from '../../monitor/bench.ts';
import { atLeast, atMost } from './figures.ts';
import type { Section } from './section.ts';

const QUICK: Partial<ProbeRateOptions> = { checks: 500, interval_ms: 1_000, duration_s: 1 };
const PROGRAM = join(import.meta.dirname, 'probe-rate/main.ts');

export const PROBES: Section = {
  name: 'probes',
  title: 'TCP checks of a listener on loopback by one monitor process',
  async *run(context) {
    context.say('nannies start and settle');
    const rate = await measure(context.quick ? QUICK : {}, context.signal);
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

/** In a process group of its own, ended as a whole when the run is. */
async function measure(options: Partial<ProbeRateOptions>, signal: AbortSignal): Promise<ProbeRate> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
  signal.addEventListener('abort', end);
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => signal.removeEventListener('abort', end));
  signal.throwIfAborted();
  if (status !== 0) throw new Error(`the monitor’s benchmark ended with status ${status}`);
  return JSON.parse(printed) as ProbeRate;
}
