// `npm run drill`: carries drills out in a lab of their own, one after the other, and judges each. Exit status 0 only if
// every run of every drill is ok.
import { constants } from 'node:os';
import { EXIT, FairleadError, tellError } from '../../director/model/error.ts';
import { DRILL_SERVICES } from '../lab/configuration.ts';
import { keptFolder } from '../lab/folder.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { DRILLS } from './catalogue.ts';
import { type Drill, PACE } from './drill.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { publish } from './publish.ts';
import { reportLines, tableLines } from './render.ts';
import type { DrillReport } from './report.ts';
import { listLines, storedResults, storeResult } from './results.ts';
import { runDrill } from './run.ts';
import { obstacle, openSite, type Site } from './stage.ts';

/** The first signal ends the run at its next step, cleaned up; the second one ends the process. */
function endOnSignals(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      const status = 128 + constants.signals[signal];
      if (controller.signal.aborted) process.exit(status);
      process.exitCode = status;
      controller.abort(new FairleadError('drill-interrupted', `Ended by ${signal}.`));
    });
  return controller;
}

interface OpenLab {
  readonly lab: Lab;
  readonly site: Site;
}

async function open(options: Options, signal: AbortSignal): Promise<OpenLab> {
  const lab = await createLab({
    directors: ['lb1', 'lb2'],
    services: DRILL_SERVICES,
    pair: {
      interval_ms: options.interval_ms,
      deadtime_ms: options.deadtime_ms,
      failback: options.failback,
    },
    serial: options.serial,
    keep: options.keep,
    signal,
    stage: (what) => progress(`lab: ${what}`),
  });
  try {
    return { lab, site: await openSite(lab, options.connections) };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

async function close({ lab, site }: OpenLab): Promise<void> {
  site[Symbol.dispose]();
  await lab[Symbol.asyncDispose]();
}

function progress(line: string): void {
  process.stderr.write(`drill: ${line}\n`);
}

/** A drill that cannot even begin is a failure as well, but no report. */
class Undone {
  readonly drill: string;
  readonly why: string;
  constructor(drill: string, why: string) {
    this.drill = drill;
    this.why = why;
  }
}

async function runAll(options: Options, signal: AbortSignal): Promise<(DrillReport | Undone)[]> {
  const drills =
    options.names.length > 0
      ? options.names.map((name) => DRILLS.find((drill) => drill.name === name)!)
      : DRILLS;
  const outcomes: (DrillReport | Undone)[] = [];
  let opened: OpenLab | undefined;
  const once = async (drill: Drill, run: number): Promise<boolean> => {
    progress(`${drill.name}${options.runs > 1 ? `, run ${run} of ${options.runs}` : ''}: ${drill.what}`);
    try {
      opened ??= await open(options, signal);
      const report = await runDrill(opened.site, drill, {
        pace: { ...PACE, freeze_ms: options.freeze_ms },
        progress: (line) => progress(`  ${line}`),
        signal,
      });
      outcomes.push(report);
      storeResult(report);
      for (const line of await publish(report, opened.lab.directors)) progress(`  ${line}`);
      process.stdout.write(
        options.json ? `${JSON.stringify(report)}\n` : `${reportLines(report).join('\n')}\n`,
      );
      return report.ok;
    } catch (error) {
      signal.throwIfAborted();
      outcomes.push(new Undone(drill.name, tellError(error).lines.join('; ')));
      return false;
    }
  };
  try {
    for (const drill of drills) {
      const why = opened && drill.leftOut?.(opened.lab);
      if (why !== undefined) {
        progress(`${drill.name} is left out: ${why}`);
        continue;
      }
      for (let run = 1; run <= options.runs; run++) {
        if ((await once(drill, run)) || (opened && (await obstacle(opened.lab)) === undefined)) continue;
        // What a failed drill leaves behind is nobody else's trouble.
        if (opened) await close(opened);
        opened = undefined;
      }
    }
    return outcomes;
  } finally {
    if (opened) await close(opened);
    if (opened && options.keep) progress(`kept: ${keptFolder(opened.lab.folder)}`);
  }
}

async function main(signal: AbortSignal): Promise<number> {
  const options = parseOptions(
    process.argv.slice(2),
    DRILLS.map(({ name }) => name),
  );
  if (options.help) {
    process.stdout.write(usage(DRILLS));
    return EXIT.ok;
  }
  if (options.list) {
    const stored = storedResults();
    const lines = options.json ? stored.map((report) => JSON.stringify(report)) : listLines(stored);
    process.stdout.write(`${lines.join('\n')}\n`);
    return EXIT.ok;
  }
  if (process.getuid?.() !== 0)
    throw new FairleadError('drill-needs-root', 'Drills make network namespaces, which takes root.', {
      remedy: 'sudo npm run drill',
      exit: EXIT.usage,
    });
  const outcomes = await runAll(options, signal);
  const reports = outcomes.filter((outcome): outcome is DrillReport => !(outcome instanceof Undone));
  const undone = outcomes.filter((outcome): outcome is Undone => outcome instanceof Undone);
  const lines = [
    ...(reports.length > 0 ? tableLines(reports) : []),
    ...undone.map(({ drill, why }) => `${drill}: could not be carried out: ${why}`),
  ];
  (options.json ? process.stderr : process.stdout).write(`${lines.join('\n')}\n`);
  return undone.length === 0 && reports.length > 0 && reports.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
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
