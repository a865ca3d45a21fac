// From arguments to a command with its values, by the table. What cannot be understood is a usage error (exit 2) that
// names the nearest thing that could be.
import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import type { Command, OptionSpec, Values } from './command.ts';

export interface Invocation {
  readonly command: Command;
  readonly args: readonly string[];
  readonly values: Values;
  readonly help: boolean;
}

/** Options that every command takes. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  help: { type: 'boolean', short: 'h', help: 'Show this help' },
};

export function parseInvocation(argv: readonly string[], commands: readonly Command[]): Invocation {
  const [name = 'help', ...rest] = argv;
  const command = commands.find((each) => each.name === (ALIASES[name] ?? name));
  if (command === undefined) throw unknownCommand(name, commands);
  const options = { ...command.options, ...COMMON_OPTIONS };
  const { values, positionals } = parseOptions(command, options, rest);
  const help = values.help === true;
  if (!help) checkArguments(command, positionals, values);
  return { command, args: positionals, values, help };
}

const ALIASES: Readonly<Record<string, string>> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-V': 'version',
};

export function unknownCommand(name: string, commands: readonly Command[]): FairleadError {
  const near = nearest(
    name,
    commands.map((command) => command.name),
  );
  return usage(
    `There is no command ${JSON.stringify(name)}.`,
    near === undefined ? 'See "fairlead help".' : `Did you mean "fairlead ${near}"?`,
  );
}

function parseOptions(
  command: Command,
  options: Readonly<Record<string, OptionSpec>>,
  argv: readonly string[],
): { values: Values; positionals: string[] } {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [
      name,
      { type, ...(short === undefined ? {} : { short }) },
    ]),
  );
  // Not strict: parseArgs' own complaints are for programmers; tokens let us say what is wrong and what was meant.
  const { tokens } = parseArgs({
    args: [...argv],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const spec = options[token.name];
    if (spec === undefined) throw unknownOption(command, options, token.rawName, token.name);
    if (spec.type === 'boolean' && token.value !== undefined)
      throw usage(`--${token.name} takes no value.`, helpHint(command));
    if (spec.type === 'string' && (token.value === undefined || token.value === ''))
      throw usage(`--${token.name} needs a value (${spec.value ?? 'TEXT'}).`, helpHint(command));
    values[token.name] = token.value ?? true;
  }
  return { values, positionals };
}

function unknownOption(
  command: Command,
  options: Readonly<Record<string, OptionSpec>>,
  raw: string,
  name: string,
): FairleadError {
  const near = nearest(name, Object.keys(options));
  return usage(
    `"fairlead ${command.name}" has no option ${raw}.`,
    near === undefined ? helpHint(command) : `Did you mean --${near}?`,
  );
}

function checkArguments(command: Command, args: readonly string[], values: Values): void {
  const needed = command.arguments.filter((argument) => !argument.optional);
  const missing = needed[args.length];
  if (missing !== undefined)
    throw usage(`"fairlead ${command.name}" needs ${missing.name}: ${missing.help}.`, helpHint(command));
  const takesRest = command.arguments.some((argument) => argument.rest);
  if (args.length > command.arguments.length && !takesRest)
    throw usage(
      `"fairlead ${command.name}" takes no argument ${JSON.stringify(args[command.arguments.length])}.`,
      helpHint(command),
    );
  for (const [name, option] of Object.entries(command.options))
    if (option.required && values[name] === undefined)
      throw usage(`"fairlead ${command.name}" needs --${name} ${option.value ?? ''}.`, helpHint(command));
}

function helpHint(command: Command): string {
  return `See "fairlead ${command.name} --help".`;
}

export function usage(message: string, remedy: string): FairleadError {
  return new FairleadError('usage', message, { remedy, exit: EXIT.usage });
}
