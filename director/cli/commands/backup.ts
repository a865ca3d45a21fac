// Backups: made by the running director, put back while none runs.
import fs from 'node:fs';
import path from 'node:path';
import type { Restored } from '../../backup/restore.ts';
import { formatBytes } from '../../config/units.ts';
import { openControlClient } from '../../control/client.ts';
import type { Backup, BackupList } from '../../control/schedule-schema.ts';
import { EXIT, FairleadError } from '../../model/error.ts';
import type { Command, CommandContext } from '../command.ts';
import { flag, text } from '../command.ts';
import { usage } from '../parse.ts';
import { clockTime } from '../show.ts';
import { plain } from '../table.ts';
import { print, READ_OPTIONS, table } from './common.ts';

const STATE_FOLDER = '/var/lib/fairlead';
const CONFIG_FILE = '/etc/fairlead/fairlead.yaml';
/** With what was sampled it may take its time. */
const PATIENCE_MS = 30 * 60_000;

export const backup: Command = {
  name: 'backup',
  summary: 'Makes a backup of this director: store, configuration, key',
  arguments: [
    {
      name: 'FILE',
      help: 'where a copy of it goes, beside the one in the state folder',
      optional: true,
      complete: 'file',
    },
  ],
  options: {
    history: { type: 'boolean', help: 'What was sampled, too; that may be large' },
    list: { type: 'boolean', help: 'Lists those that there are; makes none' },
    ...READ_OPTIONS,
  },
  details: [
    'One .tar.gz (mode 0600) in backups/ of the state folder, made while the director runs: events, audit, revisions, orders,',
    'accounts and reports of drills, the configuration file and the pair’s key. It holds SECRETS: the key, and the hashes of',
    'passwords and tokens. FILE is never written over. "fairlead restore" puts one back; the schedule makes them by itself.',
  ].join('\n'),
  examples: ['fairlead backup', 'fairlead backup /mnt/safe/lb1.tar.gz', 'fairlead backup --list'],
  run: async (context) => {
    const [file] = context.args;
    if (flag(context.values, 'list')) {
      if (file !== undefined || flag(context.values, 'history'))
        throw usage('--list takes neither FILE nor --history.', 'See "fairlead backup --help".');
      return print(context, await context.client.call('backups'), (value) => listing(context, value));
    }
    if (file !== undefined && fs.existsSync(file))
      throw usage(`${file} is there already.`, 'Remove it, or give another name.');
    const patient = openControlClient(context.socket, {
      ...{ author: context.author, origin: 'cli', timeout_ms: PATIENCE_MS },
    });
    const made = await patient.call('backup', { body: { history: flag(context.values, 'history') } });
    if (file !== undefined) copyTo(made, file);
    for (const missing of made.missing) context.terminal.err(`warning: not in it: ${plain(missing)}\n`);
    return print(
      context,
      made,
      ({ path: place, bytes }) =>
        `${plain(place)}, ${bytes} bytes\n${file === undefined ? '' : `copied to ${plain(file)}\n`}It holds secrets: keep it where only admins can read it.\n`,
    );
  },
};

function listing(context: CommandContext, { folder, backups }: BackupList): string {
  if (backups.length === 0) return `There is no backup in ${plain(folder)}.\n`;
  const columns = [
    { title: 'MADE' },
    { title: 'BY' },
    { title: 'SIZE', align: 'right' },
    { title: 'FILE' },
  ] as const;
  return table(
    context,
    columns,
    backups.map(({ at, by, bytes, path: place }) => [clockTime(at), by, `${bytes}`, place]),
  );
}

/** Whole or not at all. */
function copyTo(made: Backup, file: string): void {
  const partial = `${file}.partial-${process.pid}`;
  try {
    fs.copyFileSync(made.path, partial, fs.constants.COPYFILE_EXCL);
    fs.chmodSync(partial, 0o600);
    const descriptor = fs.openSync(partial, 'r');
    fs.fsyncSync(descriptor);
    fs.closeSync(descriptor);
    fs.linkSync(partial, file);
  } catch (cause) {
    throw new FairleadError(
      'not-copied',
      `The backup ${made.path} is made, but not copied to ${file}: ${(cause as Error).message}.`,
      { remedy: 'Copy it yourself, as root, on the machine of the director.', cause },
    );
  } finally {
    fs.rmSync(partial, { force: true });
  }
}

export const restore: Command = {
  name: 'restore',
  summary: 'Puts a backup back, while no director runs',
  arguments: [{ name: 'FILE', help: 'a backup', complete: 'file' }],
  options: {
    'dry-run': { type: 'boolean', help: 'Looks the backup through and says what would be done' },
    state: {
      ...{ type: 'string', value: 'DIR', complete: 'folder' },
      help: `Where events, revisions and orders are kept (${STATE_FOLDER})`,
    },
    config: {
      ...{ type: 'string', value: 'FILE', complete: 'file' },
      help: `Where the configuration goes (${CONFIG_FILE})`,
    },
    json: READ_OPTIONS.json!,
  },
  details: [
    'Every checksum, the databases and the configuration in it are looked through before anything is touched. What is there is',
    'set aside as NAME.before-restore-TIME, never removed. Of a pair the active’s word counts: a director that is restored and',
    'stands by takes the active’s revision and orders as soon as it hears them.',
  ].join('\n'),
  examples: ['fairlead restore backup.tar.gz --dry-run', 'fairlead restore backup.tar.gz'],
  run: async (context) => {
    const dryRun = flag(context.values, 'dry-run');
    const { restoreBackup } = await import('../../backup/restore.ts');
    const value = await restoreBackup({
      file: context.args[0]!,
      stateFolder: path.resolve(text(context.values, 'state') ?? STATE_FOLDER),
      configFile: path.resolve(text(context.values, 'config') ?? CONFIG_FILE),
      ...{ dryRun, now: Date.now(), who: context.author },
    });
    print(context, { dry_run: dryRun, ...value }, () => told(value, dryRun));
    return EXIT.ok;
  },
};

function told({ manifest, placed, left }: Restored, dryRun: boolean): string {
  const { node, cluster, at, version, parts } = manifest;
  const size = (name: string): string => {
    const bytes = parts.find((each) => each.name === name)?.bytes ?? 0;
    return bytes === 0 ? '0' : formatBytes(bytes);
  };
  return [
    `Backup of director ${node}, cluster ${cluster}, made ${clockTime(at)} by fairlead ${version}: whole.`,
    ...placed.map(
      ({ name, to, setAside }) =>
        `${dryRun ? 'would restore' : 'restored'} ${name} (${size(name)}) to ${to}${setAside === undefined ? '' : `; what was there ${dryRun ? 'would become' : 'is now'} ${setAside}`}`,
    ),
    ...left.map(({ name, why }) => `left out ${name}: ${why}`),
    dryRun ? 'Nothing was changed.' : 'Start the director to go on from it.',
  ]
    .map((line) => `${plain(line)}\n`)
    .join('');
}
