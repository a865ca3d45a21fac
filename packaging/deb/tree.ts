// What a package holds, as data: one entry per file. How it lies on disk follows from this list alone, so neither the order
// of folders, nor the builder's umask, nor the times of the checkout's files get into the package.
import fs from 'node:fs';
import path from 'node:path';

export interface Entry {
  /** Where it goes, without the leading slash. */
  readonly path: string;
  /** 0644 and 0755 are all that there is: what needs another mode is made by postinst, with its owner. */
  readonly executable?: true;
  readonly content: Content;
}

export type Content =
  | { readonly copyOf: string }
  | { readonly bytes: Buffer }
  | { readonly text: string }
  | { readonly folder: true };

/** Puts the entries below an empty folder, each with the same time. Gives back how much they take, in KiB as dpkg counts. */
export function layOut(entries: readonly Entry[], root: string, time_s: number): number {
  const folders = new Set<string>();
  let size_kib = 0;
  for (const entry of sorted(entries)) {
    const target = path.join(root, entry.path);
    for (const folder of foldersOf(entry)) folders.add(folder);
    fs.mkdirSync(path.join(root, path.dirname(entry.path)), { recursive: true });
    if ('folder' in entry.content) continue;
    if ('copyOf' in entry.content) fs.copyFileSync(entry.content.copyOf, target);
    else fs.writeFileSync(target, 'bytes' in entry.content ? entry.content.bytes : entry.content.text);
    fs.chmodSync(target, entry.executable ? 0o755 : 0o644);
    fs.utimesSync(target, time_s, time_s);
    size_kib += Math.ceil(fs.statSync(target).size / 1024);
  }
  // Deepest first: making a folder's content changes its time.
  for (const folder of [...folders].sort().reverse()) {
    fs.mkdirSync(path.join(root, folder), { recursive: true });
    fs.chmodSync(path.join(root, folder), 0o755);
    fs.utimesSync(path.join(root, folder), time_s, time_s);
    size_kib += 1;
  }
  fs.chmodSync(root, 0o755);
  fs.utimesSync(root, time_s, time_s);
  return size_kib;
}

/** By code units, whatever the locale; a path that stands twice is a mistake of the builder's. */
export function sorted(entries: readonly Entry[]): readonly Entry[] {
  const byPath = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const twice = byPath.find((entry, index) => entry.path === byPath[index + 1]?.path);
  if (twice !== undefined) throw new Error(`${twice.path} is there twice`);
  return byPath;
}

function foldersOf(entry: Entry): string[] {
  const parts = entry.path.split('/');
  const depth = 'folder' in entry.content ? parts.length : parts.length - 1;
  return Array.from({ length: depth }, (_, index) => parts.slice(0, index + 1).join('/'));
}
