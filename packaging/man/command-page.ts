// fairlead(8), from the table of commands that parsing, help and completion follow too.
import type { Command } from '../../director/cli/command.ts';
import { optionLabel, synopsis } from '../../director/cli/help.ts';
import { COMMON_OPTIONS } from '../../director/cli/parse.ts';
import { EXIT } from '../../director/model/error.ts';
import { bold, entry, heading, paragraph, plain, subheading, title, verbatim } from './roff.ts';

const STATUS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done.',
  failed: 'Failed: not running, the engine refused, a check failed.',
  usage: 'Bad usage or bad input.',
  notActive: 'Not the active director.',
  refused: 'Refused by a check beforehand.',
};

const ENVIRONMENT: Readonly<Record<string, string>> = {
  FAIRLEAD_RUNTIME: 'The folder of the running director, instead of /run/fairlead; --runtime goes before it.',
  NO_COLOR: 'If set, no colour, even on a terminal.',
};

const FILES: Readonly<Record<string, string>> = {
  '/etc/fairlead/fairlead.yaml': 'The configuration, see fairlead.yaml(5).',
  '/etc/fairlead/heartbeat.key': 'The secret that a pair shares.',
  '/etc/fairlead/node': 'The name of this director: FAIRLEAD_NODE=lb1.',
  '/etc/default/fairlead': 'Options for the supervisor and the console.',
  '/var/lib/fairlead':
    'What outlives a restart: revisions, orders, events, audit, accounts, history, backups.',
  '/run/fairlead': 'Sockets and locks of the running director.',
  '/usr/share/doc/fairlead/examples/fairlead.yaml': 'A complete configuration.',
};

export function commandPage(
  commands: readonly Command[],
  about: { readonly version: string; readonly time_s: number },
): string {
  return [
    title('fairlead', 8, about),
    heading('name'),
    `fairlead \\- ${plain('high-availability director for virtual services')}\n`,
    heading('synopsis'),
    `${bold('fairlead')} \\fICOMMAND\\fR [\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n`,
    heading('description'),
    `${plain(
      'Two machines share virtual IP addresses and forward every connection that reaches them to a pool of real servers. ' +
        'This command runs a director, shows what it does, and gives it orders; it talks to the director of this machine ' +
        'over a socket, which root and members of the group fairlead may use.',
    )}\n`,
    heading('commands'),
    ...commands.map(commandSection),
    heading('exit status'),
    ...(Object.keys(STATUS) as (keyof typeof EXIT)[]).map((name) =>
      entry(bold(String(EXIT[name])), plain(STATUS[name])),
    ),
    heading('environment'),
    ...Object.entries(ENVIRONMENT).map(([name, text]) => entry(bold(name), plain(text))),
    heading('files'),
    ...Object.entries(FILES).map(([name, text]) => entry(`\\fI${plain(name)}\\fR`, plain(text))),
    heading('see also'),
    `${bold('fairlead.yaml')}(5), ${bold('systemctl')}(1), ${bold('ip')}(8)\n`,
  ].join('');
}

function commandSection(command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  return [
    subheading(synopsis(command)),
    `${plain(command.summary)}.\n`,
    ...(command.details === undefined ? [] : command.details.split('\n\n').map((text) => detail(text))),
    ...command.arguments.map((argument) => entry(`\\fI${plain(argument.name)}\\fR`, sentence(argument.help))),
    ...options.map(([name, option]) => entry(bold(optionLabel(name, option)), sentence(option.help))),
    ...(command.examples.length === 0 ? [] : [paragraph('Examples:'), verbatim(command.examples.join('\n'))]),
  ].join('');
}

/** Lines that were broken on purpose, as lists are, stay so. */
function detail(text: string): string {
  return /\n\s/.test(text) ? verbatim(text) : paragraph(plain(text));
}

function sentence(text: string): string {
  return plain(/[.!?]$/.test(text) ? text : `${text}.`);
}
