// What many commands share: options, JSON output, and the precondition of changes.
import { EXIT, type ExitCode } from '../../model/error.ts';
import type { ArgumentSpec, CommandContext, OptionSpec } from '../command.ts';
import { flag, text } from '../command.ts';
import { usage } from '../parse.ts';
import { type Cell, type Column, renderTable } from '../table.ts';

export const INSTANCE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  runtime: {
    type: 'string',
    value: 'DIR',
    help: 'Runtime folder of the instance (FAIRLEAD_RUNTIME, else /run/fairlead)',
    complete: 'folder',
  },
  socket: { type: 'string', value: 'PATH', help: 'Its control socket, wherever it is', complete: 'file' },
};

export const READ_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', help: 'Print JSON, as the control API gives it' },
  ...INSTANCE_OPTIONS,
};

export const CHANGE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  'if-revision': {
    type: 'string',
    value: 'N',
    help: 'Only while revision N is in force (default: the one that is now)',
  },
  ...READ_OPTIONS,
};

export const SERVICE: ArgumentSpec = { name: 'SERVICE', help: 'a virtual service', complete: 'service' };
export const SERVER: ArgumentSpec = { name: 'SERVER', help: 'one of its real servers', complete: 'server' };

/** Prints the value as JSON if asked to, else what `human` makes of it. */
export function print<T>(context: CommandContext, value: T, human: (value: T) => string): ExitCode {
  context.terminal.out(flag(context.values, 'json') ? `${JSON.stringify(value, null, 2)}\n` : human(value));
  return EXIT.ok;
}

export function table(
  context: CommandContext,
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
): string {
  return renderTable(columns, rows, context.terminal.color);
}

/** A whole number from an option; undefined when it was not given. */
export function wholeNumber(
  context: CommandContext,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const given = text(context.values, name);
  return given === undefined ? undefined : parseWhole(given, `--${name}`, least, most);
}

export function parseWhole(given: string, what: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usage(
    `${what} must be a whole number from ${least} to ${most}, not ${JSON.stringify(given)}.`,
    'Write digits only.',
  );
}

/** The revision that the caller means to change. */
export async function seenRevision(context: CommandContext): Promise<number> {
  return wholeNumber(context, 'if-revision', 1, Number.MAX_SAFE_INTEGER) ?? (await context.client.revision());
}
