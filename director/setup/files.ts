// Writes the files of a director: all of them or none. Guarantees: nobody ever finds a half-written file; without `force`
// nothing that is there is written over; with it the former file stays as NAME.bak; the configuration comes last, so that
// whoever waits for it finds everything.
import fs from 'node:fs';
import path from 'node:path';
import { EXIT, FairleadError } from '../model/error.ts';

export const CONFIGURATION_NAME = 'fairlead.yaml';
export const NODE_NAME = 'node';

export interface NewFile {
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

export function nodeFile(node: string): NewFile {
  return { name: NODE_NAME, text: `FAIRLEAD_NODE=${node}\n`, mode: 0o644 };
}

export function keyFile(name: string, key: string): NewFile {
  return { name, text: key, mode: 0o600 };
}

export function configurationFile(text: string): NewFile {
  return { name: CONFIGURATION_NAME, text, mode: 0o644 };
}

/** Throws `already-configured` when there is a configuration and it may not be replaced. */
export function refuseToReplace(folder: string, force: boolean): void {
  if (force) return;
  const present = [CONFIGURATION_NAME, NODE_NAME].filter((name) => fs.existsSync(path.join(folder, name)));
  if (present.length === 0) return;
  throw new FairleadError('already-configured', `${path.join(folder, present[0]!)} is there already.`, {
    remedy: 'Change it with "fairlead apply", or begin anew with --force (the former one is kept as .bak).',
    exit: EXIT.refused,
  });
}

export function installFiles(folder: string, files: readonly NewFile[], force: boolean): void {
  refuseToReplace(folder, force);
  const undo: (() => void)[] = [];
  const temporary = files.map((file) => path.join(folder, `.${file.name}.${process.pid}.new`));
  makeFolder(folder);
  try {
    for (const [index, file] of files.entries()) writeWhole(temporary[index]!, file);
    for (const [index, file] of files.entries()) {
      const target = path.join(folder, file.name);
      undo.push(place(temporary[index]!, target, force));
    }
    syncFolder(folder);
  } catch (error) {
    for (const each of undo.reverse()) each();
    throw failed(folder, error);
  } finally {
    for (const each of temporary) fs.rmSync(each, { force: true });
  }
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw failed(folder, error);
  }
}

function writeWhole(target: string, { text, mode }: NewFile): void {
  fs.rmSync(target, { force: true });
  const descriptor = fs.openSync(target, 'wx', mode);
  try {
    fs.writeFileSync(descriptor, text);
    fs.fchmodSync(descriptor, mode); // whatever the umask says
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Returns how it is undone. */
function place(temporary: string, target: string, force: boolean): () => void {
  const isThere = fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  if (!isThere || !force) {
    fs.linkSync(temporary, target); // never over one that came meanwhile
    return () => fs.rmSync(target, { force: true });
  }
  const backup = `${target}.bak`;
  fs.rmSync(`${backup}.new`, { force: true });
  fs.linkSync(target, `${backup}.new`);
  fs.renameSync(`${backup}.new`, backup);
  fs.renameSync(temporary, target);
  return () => fs.renameSync(backup, target);
}

function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function failed(folder: string, error: unknown): FairleadError {
  if (error instanceof FairleadError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST' && fs.statSync(folder).isDirectory())
    return new FairleadError('already-configured', `${folder} was configured meanwhile: ${message}.`, {
      remedy: 'Look at what is there; --force replaces it.',
      exit: EXIT.refused,
      cause: error,
    });
  return new FairleadError(
    'not-written',
    `The files in ${folder} cannot be written, and are as before: ${message}.`,
    {
      remedy:
        code === 'EROFS'
          ? 'The disk is read-only: mount it writable.'
          : 'Run it as root, and see that the disk has room.',
      cause: error,
    },
  );
}
