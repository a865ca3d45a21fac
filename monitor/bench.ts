// How many TCP checks a monitor process does, and how punctually: real processes, real sockets on loopback. The
// listener is a process of its own, so that its cost is not counted as the monitor's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { address } from '../director/model/address.ts';
import { checkKey, type MonitorSpec } from '../director/model/monitor.ts';
import { type Check, createMonitorPool, type PoolStats } from './pool.ts';
import { systemClock } from './system-clock.ts';

export interface ProbeRateOptions {
  /** Nannies, all of one listener, each with a key of its own. */
  readonly checks: number;
  readonly interval_ms: number;
  /** Seconds that are measured, after all nannies have come to a verdict. */
  readonly duration_s: number;
  readonly workers: number;
}

export interface ProbeRate {
  readonly checks_per_second: number;
  /** Checks per second of the monitor's own CPU time. */
  readonly per_core: number;
  /** Quantiles within one second: those of the median second, and of the worst one, which shows what else ran. */
  readonly lateness_p50_ms: number;
  readonly lateness_p99_ms: number;
  readonly lateness_p99_worst_ms: number;
  readonly failures: number;
}

const DEFAULTS: ProbeRateOptions = { checks: 6_000, interval_ms: 1_000, duration_s: 5, workers: 1 };

const LISTENER = `
  const server = require('node:net').createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(server.address().port));
`;

export async function measureProbeRate(options: Partial<ProbeRateOptions> = {}): Promise<ProbeRate> {
  const wanted = { ...DEFAULTS, ...options };
  await using listener = await startListener();
  let up = 0;
  const settled = Promise.withResolvers<void>();
  const seconds: PoolStats[] = [];
  const measured = Promise.withResolvers<void>();
  using pool = createMonitorPool({
    workers: wanted.workers,
    clock: systemClock,
    log: (level, message, fields) => process.stderr.write(`${level}: ${message} ${JSON.stringify(fields)}\n`),
    onVerdict: () => {
      if (++up === wanted.checks) settled.resolve();
    },
    onStats: (stats) => {
      if (up < wanted.checks) return;
      seconds.push(stats);
      // The first closes the time before everything was settled; each process tells once a second.
      if (seconds.length > wanted.duration_s * wanted.workers) measured.resolve();
    },
  });
  pool.assign(checksFor(listener.port, wanted));
  await settled.promise;
  await measured.promise;
  return summarize(seconds, wanted.workers);
}

function summarize(seconds: readonly PoolStats[], workers: number): ProbeRate {
  const first = seconds[0]!;
  const last = seconds.at(-1)!;
  const probes = last.probes - first.probes;
  const whole = seconds.slice(1);
  return {
    checks_per_second: probes / ((seconds.length - 1) / workers),
    per_core: probes / ((last.cpu_ms - first.cpu_ms) / 1000),
    lateness_p50_ms: median(whole.map((second) => second.lateness_p50_ms)),
    lateness_p99_ms: median(whole.map((second) => second.lateness_p99_ms)),
    lateness_p99_worst_ms: Math.max(...whole.map((second) => second.lateness_p99_ms)),
    failures: last.failures - first.failures,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1]!;
}

function checksFor(port: number, { checks, interval_ms }: ProbeRateOptions): Check[] {
  const monitor: MonitorSpec = {
    probe: { kind: 'tcp' },
    interval_ms,
    fast_interval_ms: interval_ms,
    timeout_ms: interval_ms,
    rise: 2,
    fall: 3,
    jitter: 0.1,
  };
  const target = { address: address('127.0.0.1'), port };
  const key = checkKey(target, monitor, 'bench');
  return Array.from({ length: checks }, (_, index) => ({
    key: `${key} #${index}`,
    target,
    service: 'bench',
    monitor,
  }));
}

async function startListener(): Promise<AsyncDisposable & { readonly port: number }> {
  const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return {
    port: Number(String(line)),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}
