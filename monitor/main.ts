// The monitor process: nannies driven by what pulse assigns over the IPC channel. It has no life of its own: when
// the channel closes, pulse is gone and so is this process, with every probe and child that it had under way.
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { Nannies } from './nannies.ts';
import { createProbes } from './probe/kinds.ts';
import { type FromMonitor, readToMonitor } from './protocol.ts';
import { systemClock } from './system-clock.ts';

const IN_FLIGHT_MAX = 4_096;
const STATS_INTERVAL_MS = 1_000;

function main(): void {
  if (process.send === undefined) {
    process.stderr.write('monitor: is started by fairlead run, not by hand\n');
    process.exit(2);
  }
  const probes = createProbes();
  const nannies = new Nannies({
    clock: systemClock,
    random: Math.random,
    probes,
    inFlight_max: IN_FLIGHT_MAX,
    report: (verdicts, complete) =>
      send(complete ? { kind: 'verdicts', complete, verdicts } : { kind: 'verdicts', verdicts }),
    reportProbes: (probes) => send({ kind: 'probes', ...probes }),
  });
  process.on('message', (value) => {
    const read = readToMonitor(value);
    if ('problem' in read) process.stderr.write(`monitor: message refused: ${read.problem}\n`);
    else if (read.message.kind === 'assign') nannies.assign(read.message.checks, read.message.number);
    else if (read.message.kind === 'probe-now') nannies.probeNow(read.message.key);
    else nannies.reportAll();
  });
  process.on('disconnect', () => leave(nannies, probes));
  process.on('SIGTERM', () => leave(nannies, probes));
  // The terminal's Ctrl-C reaches the whole process group; pulse decides when the monitors go.
  process.on('SIGINT', () => {});
  setInterval(() => {
    nannies.tellProbes();
    const cpu = process.cpuUsage();
    send({ kind: 'stats', ...nannies.takeStats(), cpu_ms: (cpu.user + cpu.system) / 1000 });
  }, STATS_INTERVAL_MS).unref();
}

function leave(...open: readonly Disposable[]): never {
  for (const each of open) each[Symbol.dispose]();
  process.exit(0);
}

function send(message: FromMonitor): void {
  // The callback takes the error of a channel that closes under the message; 'disconnect' follows and ends the process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

main();
flushCompileCache();
