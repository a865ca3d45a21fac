// The one-time code of a pairing: 19 signs of chance (95 bits) and one that checks them, in groups to be read out.
// Reading forgives case, blanks, hyphens, and the signs that look like others (Crockford's base32). The last sign is a
// Reed-Solomon check over GF(32): one wrong sign, or two neighbours that were swapped, is always noticed, before anybody
// is asked. Pure: chance comes in as bytes.
import { EXIT, FairleadError } from '../../model/error.ts';

const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LOOK_ALIKES: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1' };
const RANDOM_SIGNS = 19;
const GROUP_SIGNS = 4;
/** Bits of chance in a code. Nobody can try 2^95 keys, also not at leisure with a recording of the handshake. */
export const CODE_BITS = RANDOM_SIGNS * 5;
/** As many as codeFrom() wants. */
export const CODE_CHANCE_BYTES = RANDOM_SIGNS;

/** Five bits of each byte are used. */
export function codeFrom(chance: Uint8Array): string {
  if (chance.length !== CODE_CHANCE_BYTES) throw new RangeError(`${CODE_CHANCE_BYTES} bytes are needed`);
  const values = Array.from(chance, (byte) => byte & 31);
  return grouped([...values, checkOf(values)]);
}

/** The code as it was made, however it was typed. Throws FairleadError `bad-code`. */
export function readCode(typed: string): string {
  const signs = [...typed.toUpperCase()].filter((sign) => !/[\s\-_.]/.test(sign));
  const values = signs.map((sign) => SIGNS.indexOf(LOOK_ALIKES[sign] ?? sign));
  const strange = values.indexOf(-1);
  if (strange >= 0) throw badCode(`has a sign that no code has: ${JSON.stringify(signs[strange])}`);
  if (values.length !== RANDOM_SIGNS + 1)
    throw badCode(`has ${values.length} signs, not ${RANDOM_SIGNS + 1}`);
  if (checkOf(values.slice(0, -1)) !== values.at(-1))
    throw badCode('was mistyped: its signs do not fit together');
  return grouped(values);
}

function badCode(what: string): FairleadError {
  return new FairleadError('bad-code', `The code ${what}.`, {
    remedy: 'Read it again on the other director: five groups of four signs.',
    exit: EXIT.usage,
  });
}

function grouped(values: readonly number[]): string {
  const text = values.map((value) => SIGNS[value]).join('');
  return text.replace(new RegExp(`(.{${GROUP_SIGNS}})(?=.)`, 'g'), '$1-');
}

/** The sum of each value times a power of its place; the powers of 2 are all different in GF(32) up to 31 places. */
function checkOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum = double(sum ^ value);
  return sum;
}

/** Times 2 in GF(32), by the polynomial x^5 + x^2 + 1. */
function double(value: number): number {
  return value & 16 ? ((value << 1) & 31) ^ 0b00101 : value << 1;
}
