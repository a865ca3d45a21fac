// What names a configuration's text on both directors: SHA-256, hexadecimal, as the store keeps it.
import { createHash } from 'node:crypto';

export function revisionHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
