// Commands that give orders about one real server.
import { parseDuration } from '../../config/units.ts';
import type { Change } from '../../control/schema.ts';
import { EXIT, type ExitCode } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { usage } from '../parse.ts';
import { duration } from '../show.ts';
import { plain } from '../table.ts';
import { CHANGE_OPTIONS, parseWhole, print, SERVER, SERVICE, seenRevision } from './common.ts';

const POLL_MS = 500;

export const drain: Command = {
  name: 'drain',
  summary: 'Gives a real server no new connections; the present ones go on',
  arguments: [SERVICE, SERVER],
  options: {
    deadline: { type: 'string', value: 'DURATION', help: 'When to stop waiting, such as 60s or 10m' },
    // biome-ignore lint/suspicious/noThenProperty: the option is called --then
    then: {
      type: 'string',
      value: 'cut|keep',
      help: 'What becomes of connections left at the deadline (default keep)',
      complete: ['cut', 'keep'],
    },
    wait: { type: 'boolean', help: 'End only when nothing is left or the deadline has come' },
    ...CHANGE_OPTIONS,
  },
  details: 'Survives restarts. "fairlead servers" shows what is left; "fairlead enable" ends it.',
  examples: ['fairlead drain www rs1', 'fairlead drain www rs1 --deadline 60s --then cut --wait'],
  run: async (context) => {
    const deadline = text(context.values, 'deadline');
    const deadline_ms = deadline === undefined ? undefined : parseDuration(deadline);
    if (deadline !== undefined && deadline_ms === undefined)
      throw usage(`--deadline ${deadline} is no duration.`, 'Write it with a unit: 500ms, 60s, 10m, 1h.');
    const then = text(context.values, 'then');
    if (then !== undefined && then !== 'cut' && then !== 'keep')
      throw usage(`--then must be cut or keep, not ${JSON.stringify(then)}.`, 'Leave it out for keep.');
    if (then !== undefined && deadline === undefined)
      throw usage('--then says what happens at a deadline, and there is none.', 'Add --deadline 60s.');
    const change = await context.client.call('drain', {
      params: target(context),
      ifMatch: await seenRevision(context),
      body: {
        ...(deadline_ms === undefined ? {} : { deadline_ms }),
        ...(then === undefined ? {} : { at_deadline: then }),
      },
    });
    if (!flag(context.values, 'wait')) return report(context, change);
    return report(context, { ...change, server: await drained(context) });
  },
};

async function drained(context: CommandContext) {
  const { interrupted } = context.terminal;
  for (;;) {
    const server = await context.client.call('server', { params: target(context) });
    if (server.admin !== 'draining' || server.drain?.done !== undefined || interrupted.aborted) return server;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export const enable: Command = {
  name: 'enable',
  summary: 'Ends a drain or a disable',
  arguments: [SERVICE, SERVER],
  options: CHANGE_OPTIONS,
  examples: ['fairlead enable www rs1'],
  run: async (context) =>
    report(
      context,
      await context.client.call('enable', { params: target(context), ifMatch: await seenRevision(context) }),
    ),
};

export const disable: Command = {
  name: 'disable',
  summary: 'Takes a real server out at once, by the removal policy of its service',
  arguments: [SERVICE, SERVER],
  options: CHANGE_OPTIONS,
  details: 'Its connections end or wait as "removal" says. To let them go on, drain instead.',
  examples: ['fairlead disable www rs1'],
  run: async (context) =>
    report(
      context,
      await context.client.call('disable', { params: target(context), ifMatch: await seenRevision(context) }),
    ),
};

export const weight: Command = {
  name: 'weight',
  summary: 'Another weight in place of the configured one, until further notice',
  arguments: [SERVICE, SERVER, { name: 'WEIGHT', help: '0 to 65535, or "default" for the configured one' }],
  options: CHANGE_OPTIONS,
  examples: ['fairlead weight www rs1 5', 'fairlead weight www rs1 default'],
  run: async (context) => {
    const given = context.args[2]!;
    const value = given === 'default' ? null : parseWhole(given, 'WEIGHT', 0, 65_535);
    return report(
      context,
      await context.client.call('weight', {
        params: target(context),
        ifMatch: await seenRevision(context),
        body: { weight: value },
      }),
    );
  },
};

function target(context: CommandContext): { service: string; server: string } {
  return { service: context.args[0]!, server: context.args[1]! };
}

function report(context: CommandContext, change: Change): ExitCode {
  if (!change.stored)
    context.terminal.err('warning: in force, but the disk has not taken it; a restart would forget it.\n');
  print(context, change, ({ server }) =>
    server === undefined
      ? 'done\n'
      : `${server.service}/${server.name}: ${server.admin}, health ${server.health}, effective weight ${server.weight_effective} (${plain(server.because)})${left(server)}\n`,
  );
  return EXIT.ok;
}

function left(server: NonNullable<Change['server']>): string {
  if (server.admin !== 'draining' || server.drain === undefined) return '';
  if (server.drain.done !== undefined) return ', drained';
  const { active, inactive, templates, drain: progress } = server;
  const until =
    progress.deadline === undefined
      ? ''
      : `, deadline ${duration(progress.deadline - progress.since)} after the order`;
  return `, left: ${active} active, ${inactive} inactive, ${templates} templates${until}`;
}
