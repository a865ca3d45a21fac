// Reads a configuration file from disk. Whatever stands at the path, this ends quickly: only a regular file is read,
// at most the limit and one byte of it, and only if it is UTF-8 text.
import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Configuration } from './configuration.ts';
import { CONFIGURATION_MAX_BYTES, parseConfiguration } from './parse.ts';
import { type ConfigProblem, ConfigurationError } from './problem.ts';

export interface ConfigurationFile {
  readonly configuration: Configuration;
  readonly warnings: readonly ConfigProblem[];
  /** As it stands in the file. */
  readonly text: string;
}

/** Throws ConfigurationError (exit 2) with every problem. */
export function readConfigurationFile(path: string): ConfigurationFile {
  const text = readConfigurationText(path);
  const parsed = parseConfiguration(text, path);
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems);
  return { ...parsed, text };
}

/** The text alone, for edits and comparisons. Throws ConfigurationError. */
export function readConfigurationText(path: string): string {
  using file = openFile(path);
  const bytes = readBounded(file.descriptor, path);
  if (!isUtf8(bytes)) {
    const { line, column } = placeOfBadByte(bytes);
    throw refusal(path, 'not-utf8', 'this is not UTF-8 text', 'save the file as UTF-8', line, column);
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

function openFile(path: string): Disposable & { readonly descriptor: number } {
  let descriptor: number;
  try {
    // Not waiting: opening a FIFO that nobody writes to would take forever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw refusal(path, 'unreadable', `the file cannot be opened: ${systemReason(error)}`);
  }
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}

function readBounded(descriptor: number, path: string): Buffer {
  const limit = CONFIGURATION_MAX_BYTES;
  const stat = fstatSync(descriptor);
  if (!stat.isFile())
    throw refusal(
      path,
      'not-a-file',
      `this is ${stat.isDirectory() ? 'a directory' : 'a device, pipe or socket'}, not a file`,
    );
  if (stat.size > limit) throw tooLarge(path);
  // A file may grow while it is read, and some say 0 and have content: the limit holds for what comes.
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    let count: number;
    try {
      count = readSync(descriptor, chunk, 0, chunk.length, null);
    } catch (error) {
      throw refusal(path, 'unreadable', `the file cannot be read: ${systemReason(error)}`);
    }
    if (count === 0) return Buffer.concat(chunks, length);
    length += count;
    if (length > limit) throw tooLarge(path);
    chunks.push(chunk.subarray(0, count));
  }
}

function tooLarge(path: string): ConfigurationError {
  const limit_MiB = CONFIGURATION_MAX_BYTES / 2 ** 20;
  return refusal(path, 'too-large', `the file is larger than the limit of ${limit_MiB} MiB`);
}

function refusal(
  file: string,
  code: string,
  message: string,
  remedy?: string,
  line = 0,
  column = 0,
): ConfigurationError {
  return new ConfigurationError([
    { file, line, column, message, ...(remedy === undefined ? {} : { remedy }), code },
  ]);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the path is too long',
  ENXIO: 'it is a socket or a device without a driver',
  ERR_INVALID_ARG_VALUE: 'the path holds a null byte',
};

function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? (code || String(error));
}

/** Line by line, as no decoder tells the place. */
function placeOfBadByte(bytes: Buffer): { line: number; column: number } {
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    const row = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isUtf8(row)) {
      const good = row.toString('utf8').indexOf('\ufffd');
      return { line, column: good + 1 };
    }
    if (end < 0) return { line, column: 1 };
    start = end + 1;
  }
}
