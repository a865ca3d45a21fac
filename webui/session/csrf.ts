// The token that every form carries, masked anew for every page: a page is compressed together with what the visitor
// wrote, and a secret that is always the same could be guessed by the length (the BREACH attack).
import { randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_MAX_LENGTH = 512;

export function maskToken(token: string): string {
  const plain = Buffer.from(token);
  const pad = randomBytes(plain.length);
  return Buffer.concat([pad, xor(plain, pad)]).toString('base64url');
}

export function isToken(given: unknown, token: string): boolean {
  if (typeof given !== 'string' || given.length > TOKEN_MAX_LENGTH) return false;
  const bytes = Buffer.from(given, 'base64url');
  const expected = Buffer.from(token);
  if (expected.length === 0 || bytes.length !== 2 * expected.length) return false;
  const pad = bytes.subarray(0, expected.length);
  return timingSafeEqual(xor(bytes.subarray(expected.length), pad), expected);
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ other[index]!));
}
