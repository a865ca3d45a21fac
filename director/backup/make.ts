// Makes a backup: copies of the databases first, then everything with its checksums into one archive. It gets its name only
// when the disk has all of it; whatever goes wrong before leaves nothing. It holds secrets (the pair's key, the passwords'
// hashes) and is for its owner alone.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import { FairleadError } from '../model/error.ts';
import {
  backupName,
  listBackups,
  MANUAL,
  MANUAL_MAX,
  partialName,
  pruneBackups,
  removePartial,
} from './folder.ts';
import { MANIFEST, type Manifest, PARTS, type PartName } from './manifest.ts';

export interface BackupRequest {
  readonly folder: string;
  readonly node: string;
  readonly cluster: string;
  readonly version: string;
  readonly at: number;
  readonly by: string;
  /** How many of the same `by` stay. */
  readonly keep?: number;
  /** Databases by name: each is asked to copy itself to a file, and says why not. */
  readonly databases: readonly {
    readonly name: PartName;
    readonly schema: number;
    readonly from: string;
    readonly copy: (file: string) => Promise<string | undefined>;
  }[];
  /** Files that are taken as they are. */
  readonly files: readonly { readonly name: PartName; readonly from: string }[];
}

export interface MadeBackup {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly missing: readonly string[];
  readonly pruned: readonly string[];
}

/** One at a time in a folder. Throws FairleadError. */
export async function makeBackup(request: BackupRequest): Promise<MadeBackup> {
  const { folder, node, at, by, keep } = request;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    removePartial(folder);
  } catch (cause) {
    throw failure(folder, cause);
  }
  if (by === MANUAL && listBackups(folder).filter((each) => each.by === MANUAL).length >= MANUAL_MAX)
    throw new FairleadError(
      'too-many-backups',
      `There are ${MANUAL_MAX} backups made by hand in ${folder}.`,
      {
        remedy: 'Remove those that nobody needs.',
      },
    );
  const word = randomBytes(8).toString('hex');
  const parts = path.join(folder, partialName(word));
  const partial = path.join(folder, partialName(`${word}.tar.gz`));
  const name = backupName(node, at, by);
  const file = path.join(folder, name);
  try {
    fs.mkdirSync(parts, { mode: 0o700 });
    const manifest = await gather(request, parts);
    fs.writeFileSync(path.join(parts, MANIFEST), JSON.stringify(manifest, null, 2), { mode: 0o600 });
    const names = [MANIFEST, ...manifest.parts.map((part) => part.name)];
    await pipeline(
      create({ cwd: parts, gzip: true, portable: true, strict: true }, names),
      fs.createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }),
    );
    // Never over another one.
    fs.linkSync(partial, file);
    syncFolder(folder);
    const pruned = keep === undefined ? [] : pruneBackups(folder, by, keep);
    return { name, path: file, bytes: fs.statSync(file).size, missing: manifest.missing, pruned };
  } catch (error) {
    throw failure(folder, error);
  } finally {
    fs.rmSync(parts, { recursive: true, force: true });
    fs.rmSync(partial, { force: true });
  }
}

async function gather(request: BackupRequest, parts: string): Promise<Manifest> {
  const { node, cluster, version, at, by } = request;
  const found: Manifest['parts'] = [];
  const missing: string[] = [];
  for (const { name, schema, from, copy } of request.databases) {
    const file = path.join(parts, name);
    const refused = await copy(file);
    if (refused !== undefined) throw new Error(`${name} cannot be copied: ${refused}`);
    fs.chmodSync(file, 0o600);
    found.push({ name, ...(await measure(file)), schema, from });
  }
  for (const { name, from } of request.files) {
    const file = path.join(parts, name);
    try {
      const bytes = readSmall(from, PARTS[name]);
      fs.writeFileSync(file, bytes, { mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
      missing.push(`${from}: ${(error as Error).message}`);
      continue;
    }
    found.push({ name, ...(await measure(file)), from });
  }
  return { product: 'fairlead', format: 1, version, node, cluster, at, by, parts: found, missing };
}

function readSmall(file: string, bytes_max: number): Buffer {
  const stat = fs.statSync(file);
  if (!stat.isFile() || stat.size > bytes_max) throw new Error('it is no file, or too large');
  return fs.readFileSync(file);
}

async function measure(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of fs.createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** So that the name outlives a power cut. */
export function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function failure(folder: string, cause: unknown): FairleadError {
  if (cause instanceof FairleadError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || /disk is full/.test(message);
  return new FairleadError(
    'backup-failed',
    `No backup was made in ${folder}: ${full ? 'the disk is full' : message}.`,
    {
      remedy: full
        ? 'Free some space there, or keep fewer backups.'
        : 'Put it right, then try "fairlead backup".',
      cause,
    },
  );
}
