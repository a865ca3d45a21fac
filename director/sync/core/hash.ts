// Two 32-bit hashes of an entry: `key` of its key alone, which says to what range of the table it belongs, and `whole` of its
// key and destination. Both directors come to the same numbers, whatever their slots. Against mistakes, not against
// attackers: what is hashed came from the engine or in an authentic datagram.
import { isMapped, kindOf, WORD } from './slot.ts';

export const RANGES = 1_024;

/** Result of the last call of `hashEntry`; not boxed, as it is made for each event. */
export const entryHash = { key: 0, whole: 0 };

function mix(hash: number, word: number): number {
  const folded = Math.imul(hash ^ word, 0x9e37_79b1);
  return Math.imul(folded ^ (folded >>> 15), 0x85eb_ca77);
}

function finish(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0xc2b2_ae3d);
  return (once ^ (once >>> 13)) >>> 0;
}

function mixAddress(hash: number, words: Uint32Array, at: number): number {
  if (isMapped(words, at)) return mix(hash, words[at + 3]!);
  let mixed = hash;
  for (let index = 0; index < 4; index++) mixed = mix(mixed, words[at + index]! + 1);
  return mixed;
}

/** Hashes the entry whose slot begins at word `at`. */
export function hashEntry(words: Uint32Array, at: number): void {
  const ends = words[at + WORD.server_end]!;
  let hash = mix(kindOf(words[at]!), (ends >>> 16) & 0xff);
  hash = mixAddress(hash, words, at + WORD.client);
  hash = mixAddress(hash, words, at + WORD.virtual);
  hash = mix(hash, words[at + WORD.ports]!);
  entryHash.key = finish(hash);
  hash = mixAddress(hash ^ 0x27d4_eb2f, words, at + WORD.destination);
  // 0 means that a slot is empty
  entryHash.whole = finish(mix(hash, ends & 0xffff)) || 1;
}

export function rangeOf(key: number): number {
  return key >>> 22;
}
