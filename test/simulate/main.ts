// `npm run simulate -- --schedules N --seed S --workers W`: the pair through N random schedules. Exit status 1 when a promise
// was broken, with the seed and the story; `--seed S --trace` tells the story of one.
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { EXIT, FairleadError, tellError } from '../../director/model/error.ts';
import { failureOf, storyOf, summaryOf } from './report.ts';
import { scheduleOf } from './schedule.ts';
import { addTally, emptyTally, type Tally } from './tally.ts';

const REMEDY = 'npm run simulate -- --schedules 100000 --seed 1 --workers 2, or --seed 1 --trace';
const SHOWN_MAX = 3;
const PROGRESS_MS = 1_000;

function numberOf(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new FairleadError('bad-option', `--${name} takes a whole number of at least ${least}.`, {
    remedy: REMEDY,
    exit: EXIT.usage,
  });
}

function optionsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        schedules: { type: 'string', default: '100000' },
        seed: { type: 'string', default: '1' },
        workers: { type: 'string', default: '2' },
        trace: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    throw new FairleadError('bad-option', cause instanceof Error ? cause.message : String(cause), {
      remedy: REMEDY,
      exit: EXIT.usage,
    });
  }
}

async function simulate(schedules: number, seed: number, workers: number): Promise<Tally> {
  const all = emptyTally();
  let told_ms = 0;
  const share = async (first: number): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { first, end: seed + schedules, stride: workers },
    });
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (tally: Tally) => {
        addTally(all, tally);
        if (performance.now() - told_ms < PROGRESS_MS) return;
        told_ms = performance.now();
        process.stderr.write(`${all.schedules} of ${schedules}, violations: ${all.failed.length}\n`);
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  };
  await Promise.all(Array.from({ length: workers }, (_, i) => share(seed + i)));
  return all;
}

async function main(): Promise<number> {
  const values = optionsOf(process.argv.slice(2));
  const seed = numberOf('seed', values.seed, 0);
  if (values.trace) {
    process.stdout.write(`${storyOf(scheduleOf(seed), false)}\n`);
    return 0;
  }
  const began = performance.now();
  const tally = await simulate(
    numberOf('schedules', values.schedules, 1),
    seed,
    numberOf('workers', values.workers, 1),
  );
  process.stdout.write(`${summaryOf(tally, performance.now() - began)}\n`);
  for (const { seed: failed, code } of tally.failed.slice(0, SHOWN_MAX))
    process.stdout.write(`\n${failureOf(scheduleOf(failed), code)}\n`);
  if (tally.failed.length > SHOWN_MAX)
    process.stdout.write(
      `more: ${tally.failed.map((failure) => `${failure.seed} ${failure.code}`).join(', ')}\n`,
    );
  return tally.failed.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const { lines, exit } = tellError(error);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = exit;
}
