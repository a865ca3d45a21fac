// Commands about the program itself: run, doctor, version, completion, help.
import { EXIT } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { bashCompletion } from '../completion.ts';
import { commandHelp, overview } from '../help.ts';
import { unknownCommand, usage } from '../parse.ts';
import { INSTANCE_OPTIONS } from './common.ts';

const STATE_FOLDER = '/var/lib/fairlead';
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export const run: Command = {
  name: 'run',
  summary: 'Runs the director in the foreground, logging JSON lines to standard output',
  arguments: [],
  options: {
    config: { type: 'string', value: 'FILE', help: 'The configuration', required: true, complete: 'file' },
    node: { type: 'string', value: 'NAME', help: 'Which of its directors this is', required: true },
    state: {
      type: 'string',
      value: 'DIR',
      help: 'Where events, revisions and orders are kept (/var/lib/fairlead)',
      complete: 'folder',
    },
    runtime: INSTANCE_OPTIONS.runtime!,
    'heartbeat-unit': {
      type: 'string',
      value: 'UNIT',
      help: 'Of a pair: the heartbeat is this service of systemd, which is started and never stopped',
    },
    'release-on-exit': { type: 'boolean', help: 'Take everything out of the kernel at the end' },
    'log-level': { type: 'string', value: 'LEVEL', help: 'Default info', complete: LOG_LEVELS },
  },
  details: [
    'SIGTERM and SIGINT end it; what it has set up in the kernel stays, so that packets go on until it is back,',
    'unless --release-on-exit is given. SIGHUP reads the configuration file again.',
    'Of a pair: SIGTERM hands the virtual IPs over to a healthy peer and ends the heartbeat. If no peer can take them,',
    'heartbeat and virtual IPs stay, and the next start takes them over, as it does after a crash. With --heartbeat-unit they',
    'stay in any case, unless that service is being stopped too. Under systemd it says when it is ready, and that it is alive.',
  ].join('\n'),
  examples: ['fairlead run --config /etc/fairlead/fairlead.yaml --node lb1'],
  run: (context) => {
    const unit = text(context.values, 'heartbeat-unit');
    if (unit !== undefined && !/^[A-Za-z0-9@_.-]{1,200}\.service$/.test(unit))
      throw usage(`--heartbeat-unit ${unit} is no name of a service.`, 'Write fairlead-heartbeat.service.');
    const level = text(context.values, 'log-level') ?? 'info';
    if (!LOG_LEVELS.some((each) => each === level))
      throw usage(`--log-level ${level} does not exist.`, `There are: ${LOG_LEVELS.join(', ')}.`);
    return context.become('pulse', [
      ...['--config', text(context.values, 'config')!],
      ...['--node', text(context.values, 'node')!],
      ...['--state', text(context.values, 'state') ?? STATE_FOLDER],
      ...['--runtime', context.runtimeFolder],
      ...['--version', context.version],
      ...['--log-level', level],
      ...(unit === undefined ? [] : ['--heartbeat-unit', unit]),
      ...(flag(context.values, 'release-on-exit') ? ['--release-on-exit'] : []),
    ]);
  },
};

export const withdraw: Command = {
  name: 'withdraw',
  summary: 'Takes what a stopped director has left in the kernel out of it',
  arguments: [],
  options: {
    state: {
      type: 'string',
      value: 'DIR',
      help: 'Where events, revisions and orders are kept (/var/lib/fairlead)',
      complete: 'folder',
    },
    runtime: INSTANCE_OPTIONS.runtime!,
  },
  details: [
    'The packet program with all its connections, the virtual IPs, and of a pair the heartbeat, which hands over to a healthy',
    'peer before it ends. Packets are no longer forwarded then. Nothing on disk is touched. Refused while the director runs.',
  ].join('\n'),
  examples: ['systemctl stop fairlead.target && fairlead withdraw'],
  run: (context) =>
    context.become('withdraw', [
      ...['--state', text(context.values, 'state') ?? STATE_FOLDER],
      ...['--runtime', context.runtimeFolder],
    ]),
};

export const version: Command = {
  name: 'version',
  summary: 'Prints the version',
  arguments: [],
  options: {},
  examples: ['fairlead version'],
  run: (context) => {
    context.terminal.out(`fairlead ${context.version}\n`);
    return EXIT.ok;
  },
};

/** These two speak of the table that they are part of. */
export function selfDescribing(commands: () => readonly Command[]): { help: Command; completion: Command } {
  return {
    help: {
      name: 'help',
      summary: 'Lists the commands, or tells more about one',
      arguments: [{ name: 'COMMAND', help: 'a command', optional: true }],
      options: {},
      examples: ['fairlead help drain'],
      run: (context) => {
        context.terminal.out(helpText(context, commands()));
        return EXIT.ok;
      },
    },
    completion: {
      name: 'completion',
      summary: 'Prints the completion script of a shell',
      arguments: [{ name: 'SHELL', help: 'bash', complete: ['bash'] }],
      options: {},
      examples: ['fairlead completion bash > /etc/bash_completion.d/fairlead'],
      run: (context) => {
        const [shell] = context.args;
        if (shell !== 'bash')
          throw usage(`There is no completion for ${JSON.stringify(shell)}.`, 'There is one for bash.');
        context.terminal.out(bashCompletion(commands()));
        return EXIT.ok;
      },
    },
  };
}

function helpText(context: CommandContext, commands: readonly Command[]): string {
  const [name] = context.args;
  if (name === undefined) return overview(commands, context.version);
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw unknownCommand(name, commands);
  return commandHelp(command);
}
