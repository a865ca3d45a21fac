// `fairlead`: finds the command, runs it, and turns whatever goes wrong into one sentence, a remedy and an exit status.
import fs from 'node:fs';
import { flushCompileCache } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openControlClient } from '../control/client.ts';
import { EXIT, type ExitCode, FairleadError, tellError } from '../model/error.ts';
import { type CommandContext, type Terminal, text, type Values } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp } from './help.ts';
import { parseInvocation } from './parse.ts';
import { paint, plain } from './table.ts';

const RUNTIME_FOLDER = '/run/fairlead';

const PROGRAMS = {
  pulse: fileURLToPath(new URL('../pulse/main.ts', import.meta.url)),
  withdraw: fileURLToPath(new URL('../pulse/withdraw/main.ts', import.meta.url)),
  console: fileURLToPath(new URL('../../webui/main.ts', import.meta.url)),
} as const;

/** The same process goes on as another program, so that whoever started us knows its pid. */
function become(program: keyof typeof PROGRAMS, options: readonly string[]): never {
  // Types are stripped from the console's scripts by what Node still calls an experiment.
  const quiet = program === 'console' ? ['--disable-warning=ExperimentalWarning'] : [];
  const words = [process.execPath, ...process.execArgv, ...quiet, PROGRAMS[program], ...options];
  flushCompileCache(); // which is otherwise done at an end that this process does not have
  process.execve?.(process.execPath, words, process.env);
  throw new FairleadError('old-runtime', 'This Node.js cannot replace a process.', {
    remedy: 'Use Node.js 24 or newer.',
  });
}

async function main(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { command, args, values, help } = parseInvocation(argv, commands);
  if (help) {
    terminal.out(commandHelp(command));
    return EXIT.ok;
  }
  return command.run(contextOf(args, values, terminal));
}

function contextOf(args: readonly string[], values: Values, terminal: Terminal): CommandContext {
  const given = text(values, 'runtime') ?? process.env.FAIRLEAD_RUNTIME;
  const runtimeFolder = given === undefined || given === '' ? RUNTIME_FOLDER : given;
  const socket = text(values, 'socket') ?? path.join(runtimeFolder, 'control.sock');
  const author = authorOf();
  return {
    args,
    values,
    terminal,
    runtimeFolder,
    socket,
    client: openControlClient(socket, { author, origin: 'cli' }),
    author,
    become,
    version: readVersion(),
  };
}

/** The person behind sudo, where there is one. */
function authorOf(): string {
  if (process.env.SUDO_USER) return process.env.SUDO_USER;
  try {
    return os.userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string };
  return version;
}

function openTerminal(): Terminal {
  const closed = new AbortController();
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // `fairlead events | head`: the reader has seen enough.
      if (error.code === 'EPIPE') process.exit(EXIT.ok);
      process.exit(EXIT.failed);
    });
  return {
    color: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    columns: process.stdout.columns ?? 80,
    get rows() {
      return process.stdout.rows ?? 24;
    },
    interactive: process.stdout.isTTY === true,
    out: (chunk) => void process.stdout.write(chunk),
    err: (chunk) => void process.stderr.write(chunk),
    interrupted: closed.signal,
  };
}

const terminal = openTerminal();
try {
  process.exitCode = await main(process.argv.slice(2), terminal);
} catch (error) {
  const { lines, exit } = tellError(error);
  const color = process.stderr.isTTY === true && !process.env.NO_COLOR;
  for (const line of lines)
    terminal.err(`${plain(line).replace(/^error:/, paint('error:', 'bad', color))}\n`);
  process.exitCode = exit;
}
