// What `fairlead setup` and `fairlead pair` share: the checks before, what is done after, and options for both.
import path from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import type { Finding } from '../doctor/finding.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { installFiles, type NewFile } from '../setup/files.ts';
import { forwardingSettings, SYSCTL_FILE, startUnits, switchForwardingOn } from '../setup/host.ts';
import type { CommandContext, OptionSpec } from './command.ts';
import { flag, text } from './command.ts';
import { findingLines } from './findings.ts';

const DEFAULT_FOLDER = '/etc/fairlead';

export const FIRST_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  folder: {
    type: 'string',
    value: 'DIR',
    help: `Where the files are (default: ${DEFAULT_FOLDER})`,
    complete: 'folder',
  },
  force: {
    type: 'boolean',
    help: 'In spite of failed checks, and over a configuration that is there (kept as .bak)',
  },
  'no-start': { type: 'boolean', help: 'Do not start the units' },
  'no-forwarding': { type: 'boolean', help: 'Leave the kernel’s forwarding settings alone' },
};

export function folderOf(context: CommandContext): string {
  return path.resolve(text(context.values, 'folder') ?? DEFAULT_FOLDER);
}

/** Shows what was found; what failed ends the command unless it is forced. */
export function reportChecks(context: CommandContext, findings: readonly Finding[]): void {
  context.terminal.out(findingLines(findings, context.terminal.color));
  const failed = findings.filter((finding) => finding.level === 'fail');
  if (failed.length === 0 || flag(context.values, 'force')) return;
  throw new FairleadError(
    'checks-failed',
    `${failed.length === 1 ? 'A check' : `${failed.length} checks`} failed (${[...new Set(failed.map((each) => each.check))].join(', ')}); nothing was written.`,
    { remedy: 'Do what is said above, or go on in spite of it with --force.', exit: EXIT.refused },
  );
}

/** Writes the files, switches forwarding on. */
export function settle(
  context: CommandContext,
  configuration: Configuration,
  files: readonly NewFile[],
): void {
  const folder = folderOf(context);
  installFiles(folder, files, flag(context.values, 'force'));
  context.terminal.out(`wrote ${files.map((file) => path.join(folder, file.name)).join(', ')}\n`);
  if (flag(context.values, 'no-forwarding')) return;
  const settings = forwardingSettings(configuration);
  const failures = switchForwardingOn(settings, folder === DEFAULT_FOLDER ? SYSCTL_FILE : undefined);
  for (const failure of failures) context.terminal.err(`warning: forwarding: ${failure}\n`);
  if (settings.length > 0 && failures.length === 0)
    context.terminal.out(`switched on ${settings.join(', ')}\n`);
}

/** Starts the units of the package, or says how to start the director. */
export function startDirector(context: CommandContext, node: string): void {
  const folder = folderOf(context);
  const byHand = `fairlead run --config ${path.join(folder, 'fairlead.yaml')} --node ${node}`;
  if (flag(context.values, 'no-start') || folder !== DEFAULT_FOLDER) {
    context.terminal.out(`not started; start it with: systemctl start fairlead.target, or ${byHand}\n`);
    return;
  }
  const how = startUnits();
  context.terminal.out(
    how === 'started'
      ? 'started fairlead.target\n'
      : `there is no systemd with its units here; start it with: ${byHand}\n`,
  );
}
