// Commands about the configuration: check, apply, rollback.
import { ConfigurationError, formatProblem } from '../../config/problem.ts';
import type { ApplyReply } from '../../control/schema.ts';
import { EXIT, type ExitCode } from '../../model/error.ts';
import type { ArgumentSpec, Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { plain } from '../table.ts';
import { CHANGE_OPTIONS, parseWhole, print, seenRevision } from './common.ts';

const FILE: ArgumentSpec = { name: 'FILE', help: 'a configuration file', complete: 'file' };

export const check: Command = {
  name: 'check',
  summary: 'Says what is wrong with a configuration file, line by line',
  arguments: [FILE],
  options: { json: { type: 'boolean', help: 'Print JSON' } },
  details: 'Needs no running director and changes nothing. Exit status 2 when something is wrong.',
  examples: ['fairlead check /etc/fairlead/fairlead.yaml'],
  run: async (context) => {
    const file = context.args[0]!;
    const { readConfigurationFile } = await import('../../config/file.ts');
    try {
      const { configuration, warnings } = readConfigurationFile(file);
      const servers = configuration.services.reduce((sum, service) => sum + service.servers.length, 0);
      const value = { ok: true, problems: [], warnings };
      return print(context, value, () =>
        [
          ...warnings.map((warning) => `warning: ${formatProblem(warning)}\n`),
          `${file}: ok, ${configuration.services.length} services with ${servers} real servers\n`,
        ].join(''),
      );
    } catch (error) {
      if (!(error instanceof ConfigurationError) || !flag(context.values, 'json')) throw error;
      print(context, { ok: false, problems: error.problems, warnings: [] }, () => '');
      return EXIT.usage;
    }
  },
};

export const apply: Command = {
  name: 'apply',
  summary: 'Takes a configuration file as the new revision',
  arguments: [FILE],
  options: {
    'dry-run': { type: 'boolean', help: 'Only say what would be done' },
    comment: { type: 'string', value: 'TEXT', help: 'Why, for the list of revisions' },
    ...CHANGE_OPTIONS,
  },
  details: 'Everything is checked before anything is touched; connections of what does not change go on.',
  examples: ['fairlead apply new.yaml --dry-run', 'fairlead apply new.yaml --comment "third server"'],
  run: async (context) => {
    const file = context.args[0]!;
    // Checked by the director, which must do so anyway; a large file takes a second to read.
    const { readConfigurationText } = await import('../../config/file.ts');
    const body = readConfigurationText(file);
    const reply = await context.client.call('apply', {
      query: {
        dry_run: flag(context.values, 'dry-run') ? '1' : '0',
        comment: text(context.values, 'comment') ?? '',
        source: file,
      },
      body,
      ifMatch: await seenRevision(context),
    });
    return report(context, reply);
  },
};

export const rollback: Command = {
  name: 'rollback',
  summary: 'Takes an older revision again, as a new one',
  arguments: [{ name: 'N', help: 'its number (default: the one before)', optional: true }],
  options: CHANGE_OPTIONS,
  examples: ['fairlead rollback', 'fairlead rollback 3'],
  run: async (context) => {
    const [number] = context.args;
    const body =
      number === undefined ? {} : { revision: parseWhole(number, 'N', 1, Number.MAX_SAFE_INTEGER) };
    return report(
      context,
      await context.client.call('rollback', { body, ifMatch: await seenRevision(context) }),
    );
  },
};

function report(context: CommandContext, reply: ApplyReply): ExitCode {
  if (!reply.stored)
    context.terminal.err('warning: in force, but the disk has not taken it; a restart would forget it.\n');
  for (const failure of reply.failed)
    context.terminal.err(
      `error: ${failure.service}: the engine refused: ${plain(failure.detail)} [${failure.code}]\n`,
    );
  print(context, reply, () => human(reply));
  return reply.failed.length > 0 ? EXIT.failed : EXIT.ok;
}

function human(reply: ApplyReply): string {
  const section = (title: string, list: readonly string[]): string[] =>
    list.length === 0 ? [] : [`${title}:`, ...list.map((each) => `  ${plain(each)}`)];
  return [
    ...reply.warnings.map((warning) => `warning: ${plain(warning)}`),
    ...section('configuration', reply.changes),
    ...section('engine', reply.steps),
    ...section('only after a restart', reply.needs_restart),
    summary(reply),
    '',
  ].join('\n');
}

function summary(reply: ApplyReply): string {
  if (reply.dry_run) return `dry run: ${reply.steps.length} steps would be carried out, nothing was changed`;
  if (!reply.changed) return `revision ${reply.revision} says this already`;
  return `revision ${reply.revision} is in force, ${reply.steps.length} steps`;
}
