// The pair's key: made anew, or the one that is there, if it is good.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { readKeyFile } from '../../heartbeat/link/keys.ts';
import { EXIT, FairleadError } from '../model/error.ts';

const KEY_BYTES = 32;

function newKey(): string {
  return `${randomBytes(KEY_BYTES).toString('hex')}\n`;
}

/** The text of a key file, once the heartbeat's own reader has found it good. Throws FairleadError. */
export function readKeyText(file: string): string {
  readKeyFile(file);
  return fs.readFileSync(file, 'utf8');
}

/** As a file name in the folder: a key that travels is written there and nowhere else. */
export function keyFileName(folder: string, configured: string): string {
  const file = path.resolve(folder, configured);
  if (path.dirname(file) === path.resolve(folder)) return path.basename(file);
  throw new FairleadError('key-elsewhere', `key_file is ${configured}, which is outside ${folder}.`, {
    remedy:
      'Write a file name without a folder, such as heartbeat.key, or copy configuration and key yourself.',
    exit: EXIT.usage,
  });
}

/** A new one, unless a good one is there already: then undefined, as it stays. Throws where a bad one is in the way. */
export function keyForSetup(folder: string, name: string): string | undefined {
  const file = path.join(folder, name);
  if (!fs.existsSync(file)) return newKey();
  readKeyFile(file);
  return undefined;
}

const LEAST_CHARS = 16;
const LINES_MAX = 8;

/** What came from the other director, before it is written. */
export function checkKeyText(text: string): void {
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (
    keys.length > 0 &&
    keys.length <= LINES_MAX &&
    keys.every((key) => Buffer.byteLength(key) >= LEAST_CHARS)
  )
    return;
  throw new FairleadError('key-unusable', 'The other director’s key cannot be used.', {
    remedy: 'See "fairlead doctor" there.',
  });
}
