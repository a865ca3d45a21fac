// Files that the configuration names: secrets, passwords, certificates. Read anew for each message, so that they can be
// exchanged while the director runs; bounded, and never told.
import { open } from 'node:fs/promises';
import path from 'node:path';
import { FairleadError } from '../../model/error.ts';

const FILE_MAX_BYTES = 256 * 1024;

export async function readNamed(folder: string, file: string): Promise<Buffer> {
  try {
    await using handle = await open(path.resolve(folder, file), 'r');
    const { size } = await handle.stat();
    if (size > FILE_MAX_BYTES) throw new Error('it is larger than 256 KiB');
    const bytes = Buffer.alloc(FILE_MAX_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, FILE_MAX_BYTES, 0);
    return bytes.subarray(0, bytesRead);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new FairleadError('bad-file', `${file} cannot be read: ${why}.`, { cause });
  }
}

/** The first line, without its end. */
export async function readSecret(folder: string, file: string): Promise<string> {
  const [line = ''] = (await readNamed(folder, file)).toString('utf8').split(/\r?\n/, 1);
  if (line === '') throw new FairleadError('bad-file', `The first line of ${file} is empty.`);
  return line;
}
