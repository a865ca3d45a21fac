// Whether beats survive a busy machine: a pair with short intervals while every core is kept busy by several processes.
// A takeover in that time is a false one. Also what the beats themselves cost.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeartbeatStatus } from '../../heartbeat/protocol.ts';
import { createPair, type Director } from '../support/heartbeat-pair.ts';
import { atMost } from './figures.ts';
import type { BenchContext, Section } from './section.ts';

const INTERVAL_MS = 10;
const DEADTIME_MS = 100;
const SECONDS = 60;
const QUICK_SECONDS = 3;
/** FAIRLEAD_BEATS_S in the environment makes it longer: ten minutes are 600. */
const WANTED_S = Number(process.env.FAIRLEAD_BEATS_S ?? SECONDS);
const BUSY_PER_CORE = 2;
const READY_MS = 10_000;
const TICKS_PER_S = 100;

export const BEATS: Section = {
  name: 'beats',
  title: `A pair with beats every ${INTERVAL_MS} ms and a deadtime of ${DEADTIME_MS} ms while all cores are busy`,
  async *run(context) {
    using pair = createPair({ interval_ms: INTERVAL_MS, deadtime_ms: DEADTIME_MS });
    const directors = [pair.lb1, pair.lb2];
    for (const director of directors) director.start();
    await until(context, () => roles(directors) === 'active standby');
    const before = directors.map((director) => cpuOf(director.status()!));
    const epoch = pair.lb1.status()!.epoch;
    const seconds = context.quick ? QUICK_SECONDS : WANTED_S;
    context.say(`${seconds} s with ${BUSY_PER_CORE} busy processes on each core`);
    using _ = keepBusy();
    const began = performance.now();
    for (let second = 0; second < seconds; second++) {
      await sleep(1_000);
      await context.turn();
    }
    const elapsed_s = (performance.now() - began) / 1_000;
    await until(context, () => directors.every((director) => director.status() !== undefined));
    const status = directors.map((director) => director.status()!);
    yield {
      name: 'false takeovers',
      value: status[0]!.epoch - epoch + (roles(directors) === 'active standby' ? 0 : 1),
      unit: '',
      target: atMost(0),
      detail: `in ${Math.round(elapsed_s)} s; ${status[0]!.priority_mode}`,
    };
    for (const [index, one] of status.entries())
      yield {
        name: `lateness of ${one.node}'s loop, 99th percentile`,
        value: one.lateness_p99_ms,
        unit: 'ms',
        detail: `at most ${one.lateness_max_ms} ms; ${(((cpuOf(one) - before[index]!) / elapsed_s) * 100).toFixed(1)} % of a core`,
      };
  },
};

function roles(directors: readonly Director[]): string {
  return directors.map((director) => director.status()?.role ?? 'none').join(' ');
}

async function until(context: BenchContext, holds: () => boolean): Promise<void> {
  const end_ms = performance.now() + READY_MS;
  while (!holds()) {
    if (performance.now() > end_ms) throw new Error('the pair did not get ready');
    await sleep(20);
    await context.turn();
  }
}

/** Seconds of CPU time that the process has used (proc(5), fields 14 and 15). */
function cpuOf(status: HeartbeatStatus): number {
  const stat = readFileSync(`/proc/${status.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

function keepBusy(): Disposable {
  const children: ChildProcess[] = [];
  for (let count = 0; count < BUSY_PER_CORE * availableParallelism(); count++)
    children.push(
      spawn(process.execPath, ['-e', 'for (;;) [...Array(1000)].map(String)'], { stdio: 'ignore' }),
    );
  return {
    [Symbol.dispose]() {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}
