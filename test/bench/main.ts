// `npm run bench`: measures the director on this machine and prints each figure beside its target. A missed target does not
// fail the run; the exit status is 0 unless a benchmark could not be run to its end.
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { EXIT, FairleadError, tellError } from '../../director/model/error.ts';
import { sweepLeftovers } from '../support/netns.ts';
import { APPLY } from './apply.ts';
import { BEATS } from './beats.ts';
import { CONSOLE } from './console.ts';
import { type Figure, formatResults, type SectionResult, verdictOf } from './figures.ts';
import { HISTORY } from './history.ts';
import { LIVE } from './live.ts';
import { describeMachine, readMachine } from './machine.ts';
import { MEMORY } from './memory.ts';
import { METRICS } from './metrics.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { PACKETS } from './packet-cost.ts';
import { PROBES } from './probes.ts';
import type { BenchContext, Section } from './section.ts';
import { STORE } from './store.ts';
import { SYNC } from './sync.ts';
import { THROUGHPUT } from './throughput.ts';
import { TRUTH } from './truth.ts';
import { TURNOVER } from './turnover.ts';

const SECTIONS: readonly Section[] = [
  ...[PACKETS, MEMORY, TURNOVER, APPLY, PROBES, LIVE],
  ...[BEATS, STORE, SYNC, HISTORY, CONSOLE, THROUGHPUT, METRICS, TRUTH],
];
const RESULTS = join(import.meta.dirname, '../../build/bench/results.json');

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

/** The first signal ends the run at its next measurement, cleaned up; the second one ends the process. */
function endOnSignals(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      const status = 128 + constants.signals[signal];
      if (controller.signal.aborted) process.exit(status);
      process.exitCode = status;
      controller.abort(new FairleadError('bench-interrupted', `Ended by ${signal}.`));
    });
  return controller;
}

async function runSection(section: Section, context: BenchContext): Promise<SectionResult> {
  const began = performance.now();
  const figures: Figure[] = [];
  let failure: string | undefined;
  try {
    for await (const figure of section.run(context))
      figures.push(context.quick ? withoutTarget(figure) : figure);
  } catch (error) {
    if (context.signal.aborted) throw error;
    failure = tellError(error).lines.join('\n  ');
  }
  return {
    section: section.name,
    title: section.title,
    seconds: (performance.now() - began) / 1000,
    figures,
    ...(failure === undefined ? {} : { failure }),
  };
}

/** A smoke run has nothing to hold against a target. */
function withoutTarget({ target: _, ...figure }: Figure): Figure {
  return figure;
}

async function measure(options: Options, signal: AbortSignal): Promise<boolean> {
  const machine = readMachine();
  process.stdout.write(`${describeMachine(machine)}\n\n`);
  sweepLeftovers();
  const results: SectionResult[] = [];
  for (const section of SECTIONS) {
    if (options.only && !options.only.includes(section.name)) continue;
    const result = await runSection(section, {
      quick: options.quick,
      signal,
      say: (what) => say(`${section.name}: ${what}`),
      async turn() {
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
      },
    });
    results.push(result);
    process.stdout.write(`${formatResults([result])}\n`);
  }
  const judged = results.flatMap(({ figures }) => figures.map(verdictOf));
  const count = (verdict: 'met' | 'missed') => judged.filter((each) => each === verdict).length;
  if (!options.quick) process.stdout.write(`${count('met')} targets met, ${count('missed')} missed\n`);
  mkdirSync(dirname(options.json), { recursive: true });
  const figures = results.map((result) => ({
    ...result,
    figures: result.figures.map((figure) => ({ ...figure, verdict: verdictOf(figure) })),
  }));
  writeFileSync(
    options.json,
    `${JSON.stringify({ machine, quick: options.quick, results: figures }, null, 2)}\n`,
  );
  say(`figures are in ${options.json}`);
  return results.every(({ failure }) => failure === undefined);
}

async function main(signal: AbortSignal): Promise<number> {
  const names = SECTIONS.map(({ name }) => name);
  const options = parseOptions(process.argv.slice(2), names, RESULTS);
  if (options.help) {
    process.stdout.write(usage(SECTIONS));
    return EXIT.ok;
  }
  if (process.getuid?.() !== 0)
    throw new FairleadError('bench-needs-root', 'The benchmarks load packet programs, which takes root.', {
      remedy: 'sudo npm run bench',
      exit: EXIT.usage,
    });
  return (await measure(options, signal)) ? EXIT.ok : EXIT.failed;
}

const controller = endOnSignals();
try {
  const status = await main(controller.signal);
  process.exitCode ??= status;
} catch (error) {
  const { lines, exit } = tellError(error);
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exitCode ??= exit;
}
