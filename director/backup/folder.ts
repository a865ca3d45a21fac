// The folder of backups: what each is called, which there are, and which are given up. Names that are not ours are left alone.
import fs from 'node:fs';
import path from 'node:path';

/** By hand; then some must be removed by hand, too. */
export const MANUAL = 'manual';
export const MANUAL_MAX = 100;
const LISTED_MAX = 5_000;
const PARTIAL = '.partial-';
const NAME = /^fairlead-(.{1,64})-(\d{8}T\d{9}Z)-([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.tar\.gz$/;

export interface BackupFile {
  readonly name: string;
  readonly path: string;
  readonly node: string;
  readonly at: number;
  readonly by: string;
  readonly bytes: number;
}

export function backupsFolder(stateFolder: string): string {
  return path.join(stateFolder, 'backups');
}

export function backupName(node: string, at: number, by: string): string {
  const stamp = new Date(at).toISOString().replace(/[-:.]/g, '');
  return `fairlead-${node}-${stamp}-${by}.tar.gz`;
}

/** Newest first; none where there is no folder. */
export function listBackups(folder: string): BackupFile[] {
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .flatMap((name): BackupFile[] => {
      const [, node, stamp, by] = NAME.exec(name) ?? [];
      if (node === undefined || stamp === undefined || by === undefined) return [];
      const at = Date.parse(
        stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z'),
      );
      const stat = fs.lstatSync(path.join(folder, name), { throwIfNoEntry: false });
      if (Number.isNaN(at) || stat?.isFile() !== true) return [];
      return [{ name, path: path.join(folder, name), node, at, by, bytes: stat.size }];
    })
    .sort((one, other) => other.at - one.at || (one.name < other.name ? 1 : -1))
    .slice(0, LISTED_MAX);
}

/** Removes the oldest of one entry's; says which. */
export function pruneBackups(folder: string, by: string, keep: number): string[] {
  const gone = listBackups(folder)
    .filter((each) => each.by === by)
    .slice(keep);
  for (const each of gone) fs.rmSync(each.path, { force: true });
  return gone.map(({ name }) => name);
}

/** A place for a backup that is being made. */
export function partialName(word: string): string {
  return `${PARTIAL}${word}`;
}

/** What was left behind by a process that ended in the middle. */
export function removePartial(folder: string): void {
  for (const name of fs.readdirSync(folder))
    if (name.startsWith(PARTIAL)) fs.rmSync(path.join(folder, name), { recursive: true, force: true });
}
