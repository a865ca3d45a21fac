// One column of the codec: numbers that are there, as bits. Whole numbers and short decimals take the short way, anything
// else (long fractions, infinities, huge ones) goes as it is.
import { type BitReader, type BitWriter, damaged, ESCAPE, ESCAPED_BITS } from './bits.ts';

const KIND_BITS = 2;
const RAW = 0;
/** The same number throughout. */
const CONSTANT = 1;
/** Distances from the least. */
const OFFSETS = 2;
/** Differences from one to the next. */
const DELTAS = 3;

/** Digits after the point, at most; trailing zeros are divided off. */
const DIGITS = 3;
const SHIFT_BITS = 4;
const SHIFT_MAX = 15;
const WIDTH_BITS = 6;
/** So that every sum and difference is still exact. */
const WHOLE_MAX = 2 ** 51;
const LOG_BITS = 6;

/** Work space for one column at a time: `whole` and what is made of it. */
export interface Scratch {
  readonly whole: Float64Array;
  readonly codes: Float64Array;
  readonly lengths: Uint32Array;
}

export function createScratch(rows: number): Scratch {
  return {
    whole: new Float64Array(rows),
    codes: new Float64Array(rows),
    lengths: new Uint32Array(ESCAPED_BITS + 1),
  };
}

/** The first `count` of `values`. */
export function writeNumbers(writer: BitWriter, values: Float64Array, count: number, scratch: Scratch): void {
  const { whole, codes } = scratch;
  const first = values[0]!;
  let constant = true;
  for (let at = 1; at < count && constant; at++) constant = values[at] === first;
  const length = constant ? 1 : count;
  const shift = toWhole(values, length, whole);
  if (shift === undefined) {
    writer.bits(RAW, KIND_BITS);
    for (let at = 0; at < count; at++) writer.double(values[at]!);
    return;
  }
  if (constant) {
    writer.bits(CONSTANT, KIND_BITS);
    writer.bits(shift, SHIFT_BITS);
    writeSigned(writer, whole[0]!);
    return;
  }
  let least = whole[0]!;
  for (let at = 1; at < count; at++) if (whole[at]! < least) least = whole[at]!;
  for (let at = 0; at < count; at++) codes[at] = whole[at]! - least;
  const byOffset = bestLog(codes, count, scratch.lengths);
  for (let at = 1; at < count; at++) {
    const delta = whole[at]! - whole[at - 1]!;
    codes[at - 1] = delta < 0 ? -2 * delta - 1 : 2 * delta;
  }
  const byDelta = bestLog(codes, count - 1, scratch.lengths);
  const isDelta = byDelta.cost <= byOffset.cost;
  writer.bits(isDelta ? DELTAS : OFFSETS, KIND_BITS);
  writer.bits(shift, SHIFT_BITS);
  writeSigned(writer, isDelta ? whole[0]! : least);
  const { log } = isDelta ? byDelta : byOffset;
  writer.bits(log, LOG_BITS);
  if (isDelta) for (let at = 0; at < count - 1; at++) writer.rice(codes[at]!, log);
  else for (let at = 0; at < count; at++) writer.rice(whole[at]! - least, log);
}

/** Into the rows of `column` that `mask` names. */
export function readNumbers(reader: BitReader, column: Float64Array, mask: Uint8Array): void {
  const kind = reader.bits(KIND_BITS);
  const rows = column.length;
  if (kind === RAW) {
    for (let row = 0; row < rows; row++) if (mask[row] === 1) column[row] = reader.double();
    return;
  }
  const shift = reader.bits(SHIFT_BITS);
  const divisor = shift < DIGITS ? 10 ** (DIGITS - shift) : 1;
  const factor = shift > DIGITS ? 10 ** (shift - DIGITS) : 1;
  const start = readSigned(reader);
  if (kind === CONSTANT) {
    const value = (start / divisor) * factor;
    for (let row = 0; row < rows; row++) if (mask[row] === 1) column[row] = value;
    return;
  }
  const log = reader.bits(LOG_BITS);
  if (log > ESCAPED_BITS) throw damaged('a width is impossible');
  let value = start;
  let isFirst = true;
  for (let row = 0; row < rows; row++) {
    if (mask[row] !== 1) continue;
    if (kind === OFFSETS) value = start + reader.rice(log);
    else if (!isFirst) value += unzigzag(reader.rice(log));
    isFirst = false;
    column[row] = (value / divisor) * factor;
  }
}

function unzigzag(code: number): number {
  if (code < 2 ** 30) return (code & 1) === 0 ? code >>> 1 : -((code + 1) >>> 1);
  return code % 2 === 0 ? code / 2 : -(code + 1) / 2;
}

/** Whole numbers, and by how many tens thousandths were divided for them; undefined if they are none. */
function toWhole(values: Float64Array, count: number, whole: Float64Array): number | undefined {
  let shift = DIGITS;
  for (let at = 0; at < count; at++) {
    const value = values[at]!;
    if (!(Math.abs(value) < WHOLE_MAX)) return undefined;
    if (Math.trunc(value) !== value) shift = 0;
    whole[at] = value + 0;
  }
  if (shift === 0) {
    const scale = 10 ** DIGITS;
    for (let at = 0; at < count; at++) {
      const thousandths = Math.round(values[at]! * scale);
      if (Math.abs(thousandths) >= WHOLE_MAX || thousandths / scale !== values[at]) return undefined;
      whole[at] = thousandths + 0;
    }
  }
  return divideTens(whole, count, shift);
}

function divideTens(whole: Float64Array, count: number, from: number): number {
  let zeros = 0;
  while (zeros < count && whole[zeros] === 0) zeros++;
  if (zeros === count) return from;
  for (let shift = from; shift < SHIFT_MAX; shift++) {
    for (let at = zeros; at < count; at++) {
      const tenth = whole[at]! / 10;
      if (Math.trunc(tenth) !== tenth) return shift;
    }
    for (let at = zeros; at < count; at++) whole[at] = whole[at]! / 10;
  }
  return SHIFT_MAX;
}

function bitLength(value: number): number {
  return value < 2 ** 31 ? 32 - Math.clz32(value) : 31 + bitLength(Math.floor(value / 2 ** 31));
}

/** Which divisor (a power of two) suits best, from how long the numbers are. */
function bestLog(
  values: Float64Array,
  count: number,
  lengths: Uint32Array,
): { readonly log: number; readonly cost: number } {
  lengths.fill(0);
  let longest = 0;
  for (let at = 0; at < count; at++) {
    const length = bitLength(values[at]!);
    lengths[length] = lengths[length]! + 1;
    if (length > longest) longest = length;
  }
  let log = 0;
  let cost = Number.POSITIVE_INFINITY;
  for (let candidate = 0; candidate <= longest; candidate++) {
    let bits = 0;
    for (let length = 0; length <= longest; length++) {
      const times = lengths[length]!;
      if (times === 0) continue;
      // A number of this length is one and a half times the least of them on average.
      const over = length - 1 - candidate;
      const ones = over < 0 ? 0 : over > 5 ? ESCAPE : 1.5 * (1 << over);
      bits += times * (ones < ESCAPE ? ones + 1 + candidate : ESCAPE + ESCAPED_BITS);
    }
    if (bits >= cost) continue;
    log = candidate;
    cost = bits;
  }
  return { log, cost };
}

function writeSigned(writer: BitWriter, value: number): void {
  const size = Math.abs(value);
  const width = bitLength(size);
  writer.bits(value < 0 ? 1 : 0, 1);
  writer.bits(width, WIDTH_BITS);
  writer.wide(size, width);
}

function readSigned(reader: BitReader): number {
  const negative = reader.bits(1) === 1;
  const width = reader.bits(WIDTH_BITS);
  if (width > ESCAPED_BITS) throw damaged('a width is impossible');
  const size = reader.wide(width);
  return negative ? 0 - size : size;
}
