// Help from the table of commands.
import type { Command, OptionSpec } from './command.ts';
import { COMMON_OPTIONS } from './parse.ts';

const COLUMN = 26;

export function overview(commands: readonly Command[], version: string): string {
  return [
    `fairlead ${version}: high-availability director`,
    '',
    'Usage: fairlead COMMAND [ARGUMENTS] [OPTIONS]',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(14)}${command.summary}`),
    '',
    '"fairlead COMMAND --help" tells more. Reading commands take --json.',
    'Exit status: 0 ok, 1 failed, 2 usage or bad input, 3 not the active director, 4 refused.',
    '',
  ].join('\n');
}

export function synopsis(command: Command): string {
  const parts = command.arguments.map((argument) => {
    const name = argument.rest ? `${argument.name}...` : argument.name;
    return argument.optional ? `[${name}]` : name;
  });
  const required = Object.entries(command.options)
    .filter(([, option]) => option.required)
    .map(([name, option]) => `--${name} ${option.value ?? 'TEXT'}`);
  return ['fairlead', command.name, ...required, ...parts, '[OPTIONS]'].join(' ');
}

export function commandHelp(command: Command): string {
  const lines = [`${command.summary}.`, '', `Usage: ${synopsis(command)}`];
  if (command.details !== undefined) lines.push('', command.details);
  if (command.arguments.length > 0) {
    lines.push('', 'Arguments:');
    for (const argument of command.arguments) lines.push(`  ${argument.name.padEnd(COLUMN)}${argument.help}`);
  }
  lines.push('', 'Options:');
  for (const [name, option] of Object.entries({ ...command.options, ...COMMON_OPTIONS }))
    lines.push(`  ${optionLabel(name, option).padEnd(COLUMN)}${option.help}`);
  if (command.examples.length > 0)
    lines.push('', 'Examples:', ...command.examples.map((example) => `  ${example}`));
  return [...lines, ''].join('\n');
}

export function optionLabel(name: string, option: OptionSpec): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `${short}--${name}${option.type === 'string' ? ` ${option.value ?? 'TEXT'}` : ''}`;
}
