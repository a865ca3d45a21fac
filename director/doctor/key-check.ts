// The pair's shared key: there, readable, nobody else's to read, and long enough to be one.
import { resolve } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { type Finding, fail, ok } from './finding.ts';
import type { Machine } from './machine.ts';

/** Half of what HMAC-SHA256 makes use of (RFC 2104, 3: shorter than the output weakens it). */
const KEY_LEAST_BYTES = 16;
const OTHERS = 0o077;
const NEW_KEY = 'Make one on one director and copy it to the other: (umask 077; openssl rand -hex 32 > FILE)';

/** `folder` is the configuration file's: the key's path is relative to it. */
export function checkKey(machine: Machine, configuration: Configuration, folder: string): Finding[] {
  if (configuration.heartbeat === undefined) return [];
  const file = resolve(folder, configuration.heartbeat.keyFile);
  const mode = machine.mode(file);
  if (mode === undefined) return [fail('key', `there is no key file ${file}`, NEW_KEY.replace('FILE', file))];
  const text = machine.read(file);
  if (text === undefined)
    return [
      fail(
        'key',
        `the key file ${file} cannot be read`,
        'Let the user that runs Fairlead own it, mode 0600.',
      ),
    ];
  if (mode & OTHERS) return [fail('key', `others may read the key file ${file}`, `Run: chmod 600 ${file}`)];
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (keys.length === 0 || keys.some((key) => Buffer.byteLength(key) < KEY_LEAST_BYTES))
    return [
      fail(
        'key',
        `the key file ${file} holds a key of fewer than ${KEY_LEAST_BYTES} bytes, or none`,
        NEW_KEY.replace('FILE', file),
      ),
    ];
  return [ok('key', `${keys.length} in ${file}`)];
}
