// Reads a backup into a folder, trusting nothing: only names that a backup can hold, each once, only plain files, none larger
// than the list at its beginning says, every checksum compared, every database looked through. Whatever is wrong ends it.
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { parseConfiguration } from '../config/parse.ts';
import { formatProblem } from '../config/problem.ts';
import { examineDatabase } from '../database/examine.ts';
import { HISTORY_MIGRATIONS } from '../history/schema.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { SCHEMA_VERSION } from '../store/migrations.ts';
import {
  MANIFEST,
  MANIFEST_MAX_BYTES,
  type Manifest,
  manifestSchema,
  PARTS,
  type PartName,
} from './manifest.ts';

const SCHEMAS: Readonly<Partial<Record<PartName, { readonly known: number; readonly table: string }>>> = {
  'store.sqlite': { known: SCHEMA_VERSION, table: 'events' },
  'history.sqlite': { known: HISTORY_MIGRATIONS.steps.length, table: 'subjects' },
};

export function refuse(file: string, why: string, cause?: unknown): FairleadError {
  return new FairleadError('bad-backup', `${file} is no usable backup: ${why}.`, {
    exit: EXIT.usage,
    remedy: 'Take another one; see "fairlead backup --list".',
    cause,
  });
}

/** Into a folder that is there and empty. Throws FairleadError. */
export async function readBackup(file: string, folder: string): Promise<Manifest> {
  const descriptor = openPlain(file);
  const unpack = new Unpacking(file, folder);
  const source = fs.createReadStream(file, { fd: descriptor });
  const gunzip = createGunzip();
  try {
    source.on('error', (error) => gunzip.destroy(error));
    for await (const chunk of source.pipe(gunzip) as AsyncIterable<Buffer>) unpack.write(chunk);
    const manifest = unpack.end();
    for (const part of manifest.parts) examinePart(file, folder, part);
    return manifest;
  } catch (error) {
    if (error instanceof FairleadError) throw error;
    throw refuse(file, (error as Error).message, error);
  } finally {
    gunzip.destroy();
    source.destroy();
    unpack[Symbol.dispose]();
  }
}

function openPlain(file: string): number {
  let descriptor: number;
  try {
    // Not waiting: opening a FIFO that nobody writes to would take forever.
    descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (cause) {
    throw refuse(file, `it cannot be opened: ${(cause as Error).message}`, cause);
  }
  if (fs.fstatSync(descriptor).isFile()) return descriptor;
  fs.closeSync(descriptor);
  throw refuse(file, 'it is no plain file');
}

interface Taken {
  readonly name: PartName;
  readonly descriptor: number;
  readonly hash: Hash;
  bytes: number;
}

class Unpacking implements Disposable {
  readonly #file: string;
  readonly #folder: string;
  readonly #parser: Parser;
  readonly #done = new Map<PartName, { bytes: number; sha256: string }>();
  #manifest: Manifest | undefined;
  #open: Taken | undefined;
  #problem: FairleadError | undefined;

  constructor(file: string, folder: string) {
    this.#file = file;
    this.#folder = folder;
    this.#parser = new Parser({
      strict: true,
      gzip: false,
      maxMetaEntrySize: MANIFEST_MAX_BYTES,
      onwarn: (_code, message) => this.#refuse(String(message)),
      onReadEntry: (entry) => this.#take(entry),
    });
    // What the parser cannot read at all.
    this.#parser.on('error', (error: unknown) => this.#refuse((error as Error).message));
    this.#parser.on('ignoredEntry', (entry: ReadEntry) => this.#refuse(`it holds ${kindOf(entry)}`));
  }

  write(chunk: Buffer): void {
    if (this.#problem === undefined) this.#parser.write(chunk);
    if (this.#problem !== undefined) throw this.#problem;
  }

  end(): Manifest {
    this.#parser.end();
    if (this.#problem !== undefined) throw this.#problem;
    if (this.#manifest === undefined) throw refuse(this.#file, `it holds no ${MANIFEST}`);
    for (const { name, bytes, sha256 } of this.#manifest.parts) {
      const found = this.#done.get(name);
      if (found === undefined) throw refuse(this.#file, `${name} is missing: it may be cut off`);
      if (found.bytes !== bytes || found.sha256 !== sha256)
        throw refuse(this.#file, `${name} is damaged: its checksum is another one`);
    }
    return this.#manifest;
  }

  [Symbol.dispose](): void {
    if (this.#open !== undefined) fs.closeSync(this.#open.descriptor);
    this.#open = undefined;
  }

  #refuse(why: string): void {
    this.#problem ??= refuse(this.#file, why);
  }

  /** Every entry has to be read on, or the parser would wait. */
  #take(entry: ReadEntry): void {
    try {
      if (this.#problem === undefined) this.#takeGood(entry);
      else entry.resume();
    } catch (error) {
      this.#problem ??= error instanceof FairleadError ? error : refuse(this.#file, (error as Error).message);
      entry.resume();
    }
  }

  #takeGood(entry: ReadEntry): void {
    if (entry.type !== 'File' && entry.type !== 'OldFile')
      throw refuse(this.#file, `it holds ${kindOf(entry)}`);
    if (this.#manifest === undefined) {
      this.#takeManifest(entry);
      return;
    }
    const part = this.#manifest.parts.find(({ name }) => name === entry.path);
    if (part === undefined || this.#done.has(part.name))
      throw refuse(this.#file, `it holds ${JSON.stringify(entry.path)}, which its list does not name`);
    if (entry.size !== part.bytes || entry.size > PARTS[part.name])
      throw refuse(this.#file, `${part.name} has ${entry.size} bytes, which is not what its list says`);
    const descriptor = fs.openSync(path.join(this.#folder, part.name), 'wx', 0o600);
    const taken: Taken = { name: part.name, descriptor, hash: createHash('sha256'), bytes: 0 };
    this.#open = taken;
    entry.on('data', (chunk: Buffer) => this.#keep(taken, chunk));
    entry.on('end', () => this.#finish(taken));
  }

  #takeManifest(entry: ReadEntry): void {
    if (entry.path !== MANIFEST) throw refuse(this.#file, `it does not begin with ${MANIFEST}`);
    if (entry.size > MANIFEST_MAX_BYTES) throw refuse(this.#file, `its ${MANIFEST} is too large`);
    const chunks: Buffer[] = [];
    entry.on('data', (chunk: Buffer) => void chunks.push(chunk));
    entry.on('end', () => {
      const parsed = manifestSchema.safeParse(parseJson(Buffer.concat(chunks).toString('utf8')));
      if (!parsed.success) this.#refuse(`its ${MANIFEST} is not one of this release`);
      else if (new Set(parsed.data.parts.map(({ name }) => name)).size < parsed.data.parts.length)
        this.#refuse(`its ${MANIFEST} names a part twice`);
      else this.#manifest = parsed.data;
    });
  }

  #keep(taken: Taken, chunk: Buffer): void {
    if (this.#problem !== undefined) return;
    try {
      for (let place = 0; place < chunk.length; ) place += fs.writeSync(taken.descriptor, chunk, place);
      taken.hash.update(chunk);
      taken.bytes += chunk.length;
    } catch (error) {
      this.#refuse((error as Error).message);
    }
  }

  #finish(taken: Taken): void {
    this.#done.set(taken.name, { bytes: taken.bytes, sha256: taken.hash.digest('hex') });
    fs.fsyncSync(taken.descriptor);
    fs.closeSync(taken.descriptor);
    this.#open = undefined;
  }
}

function kindOf(entry: ReadEntry): string {
  return `${JSON.stringify(entry.path)}, which is no plain file (${entry.type})`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function examinePart(file: string, folder: string, { name, schema }: Manifest['parts'][number]): void {
  const place = path.join(folder, name);
  const expected = SCHEMAS[name];
  if (expected !== undefined) {
    const found = examineDatabase(place, expected.table);
    if ('fault' in found) throw refuse(file, `${name} is damaged: ${found.fault}`);
    if (found.schema !== schema) throw refuse(file, `${name} has schema ${found.schema}, not ${schema}`);
    if (found.schema > expected.known)
      throw new FairleadError(
        'backup-too-new',
        `${file}: ${name} has schema ${found.schema}, this release knows schema ${expected.known}.`,
        { exit: EXIT.usage, remedy: 'Install the release that made it, then restore it.' },
      );
  }
  if (name !== 'fairlead.yaml') return;
  const parsed = parseConfiguration(fs.readFileSync(place, 'utf8'), name);
  if ('problems' in parsed)
    throw refuse(file, `its configuration is not good: ${parsed.problems.map(formatProblem)[0] ?? ''}`);
}
