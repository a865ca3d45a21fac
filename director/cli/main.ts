// `fairlead`: finds the command, runs it, and turns whatever goes wrong into one sentence, a remedy and an exit status.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openControlClient } from '../control/client.ts';
import { EXIT, type ExitCode, FairleadError } from '../model/error.ts';
import { type CommandContext, type Duties, type Terminal, text, type Values } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp } from './help.ts';
import { parseInvocation } from './parse.ts';
import { paint, plain } from './table.ts';

const RUNTIME_FOLDER = '/run/fairlead';

// Loaded only when needed: a `status` must not pay for the engine.
const duties: Duties = {
  run: async (options) => (await import('../pulse/main.ts')).run(options),
};

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
    client: openControlClient(socket, author),
    author,
    duties,
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
    out: (chunk) => void process.stdout.write(chunk),
    err: (chunk) => void process.stderr.write(chunk),
    interrupted: closed.signal,
  };
}

function explainError(error: unknown, terminal: Terminal): ExitCode {
  const color = process.stderr.isTTY === true && !process.env.NO_COLOR;
  if (!(error instanceof FairleadError)) {
    terminal.err(
      `fairlead: unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return EXIT.failed;
  }
  for (const line of error.message.split('\n'))
    terminal.err(`${paint('error:', 'bad', color)} ${plain(line)}\n`);
  if (error.remedy !== undefined) terminal.err(`remedy: ${plain(error.remedy)}\n`);
  return error.exit;
}

const terminal = openTerminal();
try {
  process.exitCode = await main(process.argv.slice(2), terminal);
} catch (error) {
  process.exitCode = explainError(error, terminal);
}
