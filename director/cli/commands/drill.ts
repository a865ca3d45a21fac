// `fairlead drill NAME`: a fault on purpose, in a lab that runs on this machine, and what became of its connections. It
// breaks nothing of a live pair: without a lab it is refused, but for the list of what the director knows of drills.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { DrillReport } from '../../control/drill-schema.ts';
import { EXIT, type ExitCode, FairleadError } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { usage } from '../parse.ts';
import { clockTime } from '../show.ts';
import { type Cell, plain } from '../table.ts';
import { INSTANCE_OPTIONS, print, table, wholeNumber } from './common.ts';

const SOCKET = 'drill.sock';
const LAB_FOLDER = /^fl-\d+-\d+-[0-9a-f]{6}-lab$/;
const LINE_BYTES_MAX = 8 << 20;
const LISTED_MAX = 1_000;

const lines = z.array(z.string());
const lineSchema = z.union([
  z.object({ progress: z.string() }),
  z.object({ report: z.unknown(), text: lines, ok: z.boolean() }),
  z.object({
    drills: z.array(z.object({ name: z.string(), what: z.string() })),
    results: z.array(z.unknown()),
    text: lines,
  }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);
type Line = z.infer<typeof lineSchema>;

export const drill: Command = {
  name: 'drill',
  summary: 'Carries out a fault in a running lab and judges what became of its connections',
  arguments: [
    { name: 'NAME', help: 'a drill: kill-active, freeze-10s, planned-switchover, …', optional: true },
  ],
  options: {
    list: { type: 'boolean', help: 'Show the drills that there are, and stored results' },
    connections: { type: 'string', value: 'N', help: 'Established connections (default 500)' },
    json: { type: 'boolean', help: 'Print the report as JSON' },
    runtime: {
      type: 'string',
      value: 'DIR',
      help: 'Runtime folder of one of the lab’s directors (default: the newest lab on this machine)',
      complete: 'folder',
    },
    socket: INSTANCE_OPTIONS.socket!,
  },
  details:
    'Start a lab with "npm start" first; drills never touch another director. Exit status 0 only if the drill is ok. ' +
    'Without a lab, --list shows the reports that the director has. ' +
    'For a live pair there is "fairlead switchover".',
  examples: [
    'fairlead drill kill-active',
    'fairlead drill planned-switchover --json',
    'fairlead drill --list',
  ],
  run: async (context) => {
    const [name] = context.args;
    const list = flag(context.values, 'list');
    if (name === undefined && !list) throw usage('Which drill?', 'See "fairlead drill --list".');
    const connections = wholeNumber(context, 'connections', 1, 5_000);
    // Whoever names a control socket means a director, not the lab.
    if (list && text(context.values, 'socket') !== undefined) return listStored(context);
    using socket = await openLab(context);
    if (socket === undefined && list) return listStored(context);
    if (socket === undefined) throw noLab();
    socket.ask(list ? { list: true } : { drill: name, ...(connections ? { connections } : {}) });
    for await (const line of socket.lines()) {
      const exit = show(context, line);
      if (exit !== undefined) return exit;
    }
    throw new FairleadError('drill-cut-off', 'The lab ended before the drill did.');
  },
};

/** The exit status, once there is one. */
function show(context: CommandContext, line: Line): ExitCode | undefined {
  const { terminal, values } = context;
  const printLines = (value: unknown, shown: readonly string[]): void =>
    terminal.out(
      flag(values, 'json') ? `${JSON.stringify(value, null, 2)}\n` : `${shown.map(plain).join('\n')}\n`,
    );
  if ('progress' in line) {
    terminal.err(`${plain(line.progress)}\n`);
    return undefined;
  }
  if ('error' in line)
    throw new FairleadError(line.error.code, line.error.message, {
      remedy: 'See "fairlead drill --list".',
      exit: EXIT.refused,
    });
  if ('drills' in line) {
    const names = line.drills.map(({ name, what }) => `${name.padEnd(27)} ${what}`);
    printLines({ drills: line.drills, results: line.results }, [...names, '', ...line.text]);
    return EXIT.ok;
  }
  printLines(line.report, line.text);
  return line.ok ? EXIT.ok : EXIT.failed;
}

interface LabSocket extends Disposable {
  ask(request: object): void;
  lines(): AsyncGenerator<Line>;
}

/** Of several labs the one that was asked for, or the newest that answers. */
async function openLab(context: CommandContext): Promise<LabSocket | undefined> {
  for (const path of candidates(context)) {
    const socket = await tryConnect(path);
    if (socket) return speak(socket, context.terminal.interrupted);
  }
  return undefined;
}

function noLab(): FairleadError {
  return new FairleadError(
    'no-lab',
    'No lab runs here, and drills break things: they are for the lab alone.',
    {
      remedy:
        'Start one with "npm start" and try again. For a live pair there is "fairlead switchover", which loses nothing.',
      exit: EXIT.refused,
    },
  );
}

/** What the director has been told of drills that were carried out elsewhere. */
async function listStored(context: CommandContext): Promise<ExitCode> {
  const value = await context.client.call('drills', { query: { limit: LISTED_MAX } });
  return print(context, value, ({ drills }) =>
    drills.length === 0
      ? 'No lab runs here, and this director knows of no drill.\n'
      : table(context, COLUMNS, drills.toReversed().map(row)),
  );
}

const COLUMNS = [
  { title: 'ENDED' },
  { title: 'DRILL' },
  { title: 'RESULT' },
  { title: 'OUTAGE', align: 'right' },
  { title: 'LOST', align: 'right' },
  { title: 'TWO OWNERS', align: 'right' },
  { title: 'NOT WELL' },
] as const;

function row(report: DrillReport): (Cell | string)[] {
  const { at, name, ok, outage_ms, established, lost, two_owners_ms, complaints } = report;
  const ms = (value: number | undefined): string => (value === undefined ? '' : `${value.toFixed(0)} ms`);
  return [
    clockTime(at),
    name,
    ok ? { text: 'ok', tone: 'good' } : { text: 'NOT OK', tone: 'bad' },
    ms(outage_ms),
    established === undefined ? '' : `${lost ?? 0} of ${established}`,
    ms(two_owners_ms),
    complaints[0] ?? '',
  ];
}

function candidates(context: CommandContext): string[] {
  const runtime = text(context.values, 'runtime') ?? process.env.FAIRLEAD_RUNTIME;
  // FOLDER/lb1/run belongs to FOLDER/drill.sock.
  if (runtime) return [join(dirname(dirname(resolve(runtime))), SOCKET)];
  const found = readdirSync(tmpdir())
    .filter((name) => LAB_FOLDER.test(name))
    .map((name) => join(tmpdir(), name, SOCKET))
    .filter((path) => existsSync(path) && statSync(path).uid === (process.getuid?.() ?? 0));
  return found.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((settle) => {
    const socket = connect(path);
    socket.once('error', () => settle(undefined));
    socket.once('connect', () => settle(socket));
  });
}

function speak(socket: Socket, interrupted: AbortSignal): LabSocket {
  socket.on('error', () => {}); // the end of its lines tells
  interrupted.addEventListener('abort', () => socket.destroy());
  return {
    ask: (request) => void socket.write(`${JSON.stringify(request)}\n`),
    async *lines() {
      let rest = '';
      for await (const piece of socket.setEncoding('utf8')) {
        const whole = `${rest}${piece}`.split('\n');
        rest = whole.pop() ?? '';
        if (rest.length > LINE_BYTES_MAX) throw nonsense();
        for (const one of whole) if (one !== '') yield understand(one);
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function understand(line: string): Line {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    throw nonsense();
  }
}

function nonsense(): FairleadError {
  return new FairleadError('drill-nonsense', 'What answers there is no lab of this version.', {
    remedy: 'Give the runtime folder of one of the lab’s directors with --runtime.',
  });
}
