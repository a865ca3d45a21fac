// From the one-time code to the key of the TLS handshake (RFC 5869). The code has 95 bits of chance, so that nobody finds
// it by trying, also not with a recording; the handshake has a key exchange of its own, so that a code that becomes known
// later opens nothing that was recorded.
import { hkdfSync, randomBytes } from 'node:crypto';
import { CODE_CHANCE_BYTES, codeFrom } from '../core/pair-code.ts';

const KEY_BYTES = 32;

export function newCode(): string {
  return codeFrom(randomBytes(CODE_CHANCE_BYTES));
}

/** `code` as readCode() gives it. */
export function keyOfCode(code: string): Buffer {
  return Buffer.from(hkdfSync('sha256', code, 'fairlead', 'fairlead pair', KEY_BYTES));
}
