// Puts a backup in place of what is there, while no director runs on it. What is there is set aside under another name,
// never removed. Nothing is touched before the whole backup has been looked through.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { readConfigurationFile } from '../config/file.ts';
import { FairleadError } from '../model/error.ts';
import { lockState } from '../native/instance-lock.ts';
import { syncFolder } from './make.ts';
import type { Manifest, PartName } from './manifest.ts';
import { readBackup } from './read.ts';
import { leaveRestoreNote, WHO_MAX_CHARS } from './restore-note.ts';

export interface RestoreRequest {
  readonly file: string;
  readonly stateFolder: string;
  /** Where the configuration goes; the key goes beside it. */
  readonly configFile: string;
  readonly dryRun: boolean;
  readonly now: number;
  /** Whose order it is, for events and audit. */
  readonly who: string;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly placed: readonly { readonly name: PartName; readonly to: string; readonly setAside?: string }[];
  /** In the backup, and not put anywhere. */
  readonly left: readonly { readonly name: PartName; readonly why: string }[];
}

/** Throws FairleadError: already-running, bad-backup, backup-too-new, restore-failed. */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const { file, stateFolder, dryRun } = request;
  try {
    fs.mkdirSync(stateFolder, { recursive: true, mode: 0o750 });
  } catch (cause) {
    throw failed(stateFolder, cause);
  }
  using _ = lockState(stateFolder);
  const folder = path.join(stateFolder, `.restore-${randomBytes(8).toString('hex')}`);
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
    const manifest = await readBackup(file, folder);
    const { targets, left } = decideTargets(request, manifest, folder);
    const placed = targets.map(({ name, to }) => {
      const setAside = dryRun ? asideOf(to, request.now) : place(path.join(folder, name), to, request.now);
      return { name, to, ...(setAside === undefined ? {} : { setAside }) };
    });
    if (!dryRun) {
      const { node, at, version } = manifest;
      leaveRestoreNote(stateFolder, {
        ...{ who: request.who.slice(0, WHO_MAX_CHARS), at: request.now, file: path.resolve(file) },
        backup: { node, at, version },
      });
    }
    return { manifest, placed, left };
  } catch (error) {
    throw failed(stateFolder, error);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function decideTargets({ stateFolder, configFile }: RestoreRequest, manifest: Manifest, folder: string) {
  const targets: { name: PartName; to: string }[] = [];
  const left: { name: PartName; why: string }[] = [];
  for (const { name } of manifest.parts) {
    if (name === 'fairlead.yaml') targets.push({ name, to: path.resolve(configFile) });
    else if (name !== 'heartbeat.key') targets.push({ name, to: path.join(path.resolve(stateFolder), name) });
    else {
      const to = keyPlace(configFile, path.join(folder, 'fairlead.yaml'));
      if ('why' in to) left.push({ name, why: to.why });
      else targets.push({ name, to: to.place });
    }
  }
  return { targets, left };
}

/** Where the restored configuration looks for it; never outside the configuration's own folder, whatever it says. */
function keyPlace(configFile: string, restored: string): { place: string } | { why: string } {
  if (!fs.existsSync(restored)) return { why: 'no configuration says where it belongs' };
  const keyFile = readConfigurationFile(restored).configuration.heartbeat?.keyFile;
  if (keyFile === undefined) return { why: 'the configuration names no key' };
  const folder = path.resolve(path.dirname(configFile));
  const place = path.resolve(folder, keyFile);
  return path.dirname(place) === folder && place !== path.resolve(configFile)
    ? { place }
    : { why: `it belongs to ${place}, outside ${folder}: take it out of the archive with tar` };
}

const TAILS = ['-wal', '-shm'];

/** Undefined: nothing is there. */
function asideOf(file: string, now: number): string | undefined {
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-');
  return fs.lstatSync(file, { throwIfNoEntry: false }) === undefined
    ? undefined
    : `${file}.before-restore-${stamp}`;
}

/** What is there gets a second name, then the new one takes the first: at no time is there nothing. */
function place(from: string, to: string, now: number): string | undefined {
  const aside = asideOf(to, now);
  fs.mkdirSync(path.dirname(to), { recursive: true, mode: 0o755 });
  // Across file systems no file can be renamed.
  const beside = `${to}.restoring`;
  fs.rmSync(beside, { force: true });
  fs.copyFileSync(from, beside, fs.constants.COPYFILE_EXCL);
  fs.chmodSync(beside, 0o600);
  const descriptor = fs.openSync(beside, 'r');
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
  if (aside !== undefined) {
    fs.linkSync(to, aside);
    // A log belongs to its database: the new one must not be rolled forward with it.
    for (const tail of TAILS) if (fs.existsSync(to + tail)) fs.renameSync(to + tail, aside + tail);
  }
  fs.renameSync(beside, to);
  syncFolder(path.dirname(to));
  return aside;
}

function failed(stateFolder: string, cause: unknown): FairleadError {
  if (cause instanceof FairleadError) return cause;
  return new FairleadError(
    'restore-failed',
    `It could not be restored to ${stateFolder}: ${(cause as Error).message}.`,
    {
      remedy: 'What was there has not been removed; names ending in .before-restore-… are what it was.',
      cause,
    },
  );
}
