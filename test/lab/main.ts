// `npm start`: the lab, shown. Exit status 0 only if every connection went where it should.
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { serveDrills } from '../drills/serve.ts';
import { type LabConsole, startConsoles } from './console.ts';
import { keptFolder } from './folder.ts';
import { createLab, type Lab } from './lab.ts';
import { startObserver } from './observer/observer.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { render, renderPlain } from './screen.ts';
import { startShow } from './show.ts';
import { summaryLines } from './summary.ts';
import type { Summary } from './tally.ts';
import { isLively, openCanvas, openKeys, styleOf } from './terminal.ts';
import { DIRECTOR_NAMES, SERVER_NAMES } from './topology.ts';
import type { View } from './view.ts';

const SIGNAL_STATUS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const PLAIN_EVERY_S = 1;

interface Interruption {
  readonly controller: AbortController;
  /** Exit status that stands for the signal, once there was one. */
  status: number | undefined;
}

/** Ends the show on the first signal, everything at once on the second. */
function endOnSignals(): Interruption {
  const interruption: Interruption = { controller: new AbortController(), status: undefined };
  for (const [signal, status] of Object.entries(SIGNAL_STATUS))
    process.on(signal, () => {
      if (interruption.status !== undefined) process.exit(status);
      interruption.status = status;
      interruption.controller.abort(
        new FairleadError('lab-interrupted', 'Interrupted.', { exit: EXIT.failed }),
      );
    });
  return interruption;
}

async function present(
  lab: Lab,
  options: Options,
  controller: AbortController,
  consoles: readonly LabConsole[],
): Promise<Summary> {
  const output = process.stdout;
  const lively = !options.plain && !options.json && isLively(output, process.env);
  await using resources = new AsyncDisposableStack();
  const observer = lab.directors.length > 1 ? resources.use(await watchWire(lab)) : undefined;
  const canvas = lively ? resources.use(openCanvas(output)) : undefined;
  let nextPlain_s = PLAIN_EVERY_S;
  const plain = (view: View): void => {
    if (view.elapsed_s < nextPlain_s) return;
    nextPlain_s = Math.floor(view.elapsed_s) + PLAIN_EVERY_S;
    say(options, renderPlain(view));
  };
  const show = startShow(lab, {
    seconds: options.seconds,
    kill: options.kill,
    observer,
    consoles,
    ended: controller.signal,
    event: (line) => canvas ?? say(options, line),
    show: (view) => (canvas ? canvas.draw(render(view, styleOf(output, process.env))) : plain(view)),
  });
  resources.use(
    await serveDrills(lab, {
      began: ({ name }) => show.drillBegan(name),
      ended: ({ name }, report) => show.drillEnded(name, report?.ok),
    }),
  );
  if (lively)
    resources.use(
      openKeys(process.stdin, (key) => {
        const one = [...SERVER_NAMES, ...lab.directors.map(({ name }) => name)][Number(key) - 1];
        if (one) show.toggle(one);
        else if (key === 'q') controller.abort();
        else if (key === '\x03') process.kill(process.pid, 'SIGINT');
      }),
    );
  return await show.done;
}

function tellConsole({ director, url, password }: LabConsole): string {
  const secret = password();
  return `console of ${director}: ${url}${secret === undefined ? '' : `  log in as admin with ${secret}`}`;
}

function watchWire(lab: Lab): ReturnType<typeof startObserver> {
  const vips = [...new Set(lab.services.map(({ vip }) => vip))];
  return startObserver(
    lab.namespaces,
    lab.directors.map(({ name }) => name),
    vips,
  );
}

/** With --json stdout is for the summary alone. */
function say(options: Options, line: string): void {
  (options.json ? process.stderr : process.stdout).write(`${line}\n`);
}

async function main(interruption: Interruption): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return EXIT.ok;
  }
  if (process.getuid?.() !== 0)
    throw new FairleadError('lab-needs-root', 'The lab makes network namespaces, which takes root.', {
      remedy: 'sudo npm start',
      exit: EXIT.usage,
    });
  const began = performance.now();
  const lab = await createLab({
    directors: options.single ? ['lb1'] : DIRECTOR_NAMES,
    keep: options.keep,
    signal: interruption.controller.signal,
    stage: (what) => say(options, `lab: ${what}`),
  });
  let summary: Summary;
  try {
    say(options, 'lab: consoles');
    using consoles = await startConsoles(lab);
    say(options, `lab: ready after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    for (const each of consoles.list) say(options, `lab: ${tellConsole(each)}`);
    say(options, `lab: npm run -s fairlead -- status --runtime ${lab.director.runtime}`);
    if (lab.directors.length > 1) say(options, 'lab: npm run -s fairlead -- drill kill-active');
    summary = await present(lab, options, interruption.controller, consoles.list);
  } finally {
    await lab[Symbol.asyncDispose]();
  }
  if (options.json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else say(options, summaryLines(summary, SERVER_NAMES).join('\n'));
  if (options.keep) say(options, `kept: ${keptFolder(lab.folder)}`);
  if (!summary.ok) return EXIT.failed;
  // Whoever gave a time and cut it short has not seen what it was to show.
  return options.seconds === undefined ? EXIT.ok : (interruption.status ?? EXIT.ok);
}

const interruption = endOnSignals();
// `npm start | head`: whoever read has seen enough.
process.stdout.on('error', () => process.kill(process.pid, 'SIGTERM'));
try {
  process.exitCode = await main(interruption);
} catch (error) {
  // A signal from the terminal reaches programs that are being waited for as well, and their failure may come first.
  await new Promise((resolve) => setImmediate(resolve));
  if (interruption.status !== undefined) {
    process.stderr.write('lab: interrupted\n');
    process.exitCode = interruption.status;
  } else if (error instanceof FairleadError) {
    process.stderr.write(`lab: ${error.message}\n${error.remedy ? `${error.remedy}\n` : ''}`);
    process.exitCode = error.exit;
  } else throw error;
}
