// Commands that move the virtual IPs between the two directors: switchover, hold, release.
import type { HaOrderReply, PreflightCheck, SwitchoverReply } from '../../control/ha-schema.ts';
import { EXIT, type ExitCode, FairleadError } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { paint, plain } from '../table.ts';
import { print, READ_OPTIONS } from './common.ts';

/** Names of checks and phases, side by side. */
const NAME_CHARS = 15;

export const switchover: Command = {
  name: 'switchover',
  summary: 'The active director hands the virtual IPs to its peer, after checks',
  arguments: [],
  options: {
    'dry-run': { type: 'boolean', help: 'Only the checks' },
    force: { type: 'boolean', help: 'In spite of failed checks, unless they make it dangerous' },
    reason: { type: 'string', value: 'TEXT', help: 'Why; kept with the event' },
    ...READ_OPTIONS,
  },
  details: [
    'Checks first: links, the peer’s health, hold, connection sync, revision, engine. If one fails nothing is done and the',
    'exit status is 4. Then every connection is told to the peer, and the virtual IPs move. Given to the standby, it asks',
    'the active; if that cannot be reached the exit status is 3.',
  ].join('\n'),
  examples: ['fairlead switchover --dry-run', 'fairlead switchover', 'fairlead switchover --force'],
  run: async (context) => {
    const force = flag(context.values, 'force');
    const reason = text(context.values, 'reason');
    const looked = await context.client.call('switchover', { body: { dry_run: true, force } });
    const json = flag(context.values, 'json');
    if (!json) for (const check of looked.checks) context.terminal.out(checkLine(context, check, force));
    const failed = looked.checks.filter((check) => !check.ok && !(force && check.skippable));
    if (failed.length > 0) return refuse(context, looked, failed);
    if (flag(context.values, 'dry-run'))
      return print(context, looked, () => `dry run: ${looked.from} would hand over to ${looked.to}\n`);
    const done = await context.client.call('switchover', {
      body: { dry_run: false, force, ...(reason === undefined ? {} : { reason }) },
    });
    return print(
      context,
      done,
      () => `${phases(done.phases_ms)}${plain(`${done.to} is active now: ${done.reason}`)}\n`,
    );
  },
};

function refuse(
  context: CommandContext,
  looked: SwitchoverReply,
  failed: readonly PreflightCheck[],
): ExitCode {
  if (flag(context.values, 'json')) {
    print(context, looked, () => '');
    return EXIT.refused;
  }
  const skippable = failed.every((check) => check.skippable);
  throw new FairleadError(
    'switchover-refused',
    `Not done: ${failed.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}.`,
    {
      exit: EXIT.refused,
      remedy: skippable
        ? 'Put it right, or go on in spite of it with --force.'
        : 'Put it right first; see "fairlead status".',
    },
  );
}

function checkLine(context: CommandContext, check: PreflightCheck, force: boolean): string {
  const [word, tone] = check.ok
    ? (['ok', 'good'] as const)
    : force && check.skippable
      ? (['skipped', 'warn'] as const)
      : (['failed', 'bad'] as const);
  return `${paint(word.padEnd(7), tone, context.terminal.color)}  ${check.name.padEnd(NAME_CHARS)}${plain(check.detail)}\n`;
}

function phases(phases_ms: Readonly<Record<string, number>>): string {
  return Object.entries(phases_ms)
    .map(([name, value]) => `${' '.repeat(9)}${plain(name).padEnd(NAME_CHARS)}${value.toFixed(1)} ms\n`)
    .join('');
}

export const hold: Command = {
  name: 'hold',
  summary: 'This director stands by and takes nothing over, until "fairlead release"',
  arguments: [],
  options: READ_OPTIONS,
  details:
    'An active director hands over first; if its peer cannot take the virtual IPs, nothing is done (exit status 4).',
  examples: ['fairlead hold'],
  run: async (context) => print(context, await context.client.call('hold'), human),
};

export const release: Command = {
  name: 'release',
  summary: 'Ends hold: this director may be active again',
  arguments: [],
  options: READ_OPTIONS,
  examples: ['fairlead release'],
  run: async (context) => print(context, await context.client.call('release'), human),
};

function human({ node, role, hold: held, reason, phases_ms }: HaOrderReply): string {
  return `${phases(phases_ms)}${plain(`${node}: ${role}${held ? ', on hold' : ''}; ${reason}`)}\n`;
}
