// The codec of what is stored: a table of numbers, column by column, as few bytes. Any number comes back as it was (-0 as
// 0); NaN stands for "nothing there". Decimals with up to three digits after the point, which is what is sampled, become
// whole numbers, then either differences from one to the next or distances from the least, in Rice's code (Rice 1971):
// for so few numbers it is shorter than deflate makes them, and leaves deflate nothing to gain. Reading never throws:
// what is cut off, changed or random gives an error with the code `history-damaged`.
import { FairleadError } from '../../model/error.ts';
import { BitReader, BitWriter, damaged } from './bits.ts';
import { createScratch, readNumbers, writeNumbers } from './numbers.ts';

/** Rows of a table, and columns. */
export const ROWS_MAX = 4_095;
export const COLUMNS_MAX = 63;
const FORMAT = 1;
/** Format and checksum. */
const HEAD_BYTES = 3;

/** Packs one table after the other, on the same work space. */
export class ChunkEncoder {
  readonly #writer = new BitWriter();
  readonly #scratch = createScratch(ROWS_MAX);
  readonly #present = new Float64Array(ROWS_MAX);
  readonly #sampled = new Uint8Array(ROWS_MAX);

  /** `columns` are of one length. */
  encode(columns: readonly Float64Array[]): Uint8Array {
    const rows = columns[0]?.length ?? 0;
    if (rows > ROWS_MAX || columns.length > COLUMNS_MAX)
      throw new RangeError(`a chunk of ${columns.length} columns with ${rows} rows`);
    const writer = this.#writer;
    writer.reset();
    writer.bits(FORMAT, 8);
    writer.bits(0, 16);
    writer.bits(rows, 12);
    writer.bits(columns.length, 6);
    const sampled = this.#sampled.subarray(0, rows).fill(0);
    for (const column of columns)
      for (let row = 0; row < rows; row++) if (isThere(column[row]!)) sampled[row] = 1;
    writeMask(writer, sampled);
    for (const column of columns) this.#column(column, sampled);
    const bytes = writer.finish();
    const sum = checksum(bytes);
    bytes[1] = sum >>> 8;
    bytes[2] = sum & 255;
    return bytes;
  }

  #column(column: Float64Array, sampled: Uint8Array): void {
    const writer = this.#writer;
    const present = this.#present;
    let count = 0;
    let whole = true;
    for (let row = 0; row < sampled.length; row++) {
      const value = column[row]!;
      if (isThere(value)) present[count++] = value;
      else if (sampled[row] === 1) whole = false;
    }
    writer.bits(count > 0 ? 1 : 0, 1);
    if (count === 0) return;
    writer.bits(whole ? 1 : 0, 1);
    if (!whole)
      for (let row = 0; row < sampled.length; row++)
        if (sampled[row] === 1) writer.bits(isThere(column[row]!) ? 1 : 0, 1);
    writeNumbers(writer, present, count, this.#scratch);
  }
}

/** Anything but NaN. */
function isThere(value: number): boolean {
  return !Number.isNaN(value);
}

export function decodeChunk(bytes: Uint8Array): readonly Float64Array[] | FairleadError {
  try {
    return readChunk(bytes);
  } catch (error) {
    if (error instanceof FairleadError) return error;
    throw error;
  }
}

function readChunk(bytes: Uint8Array): Float64Array[] {
  if (bytes.length < HEAD_BYTES) throw damaged('it ends too soon');
  if (bytes[0] !== FORMAT) throw damaged(`format ${bytes[0]} is not known`);
  if (checksum(bytes) !== bytes[1]! * 256 + bytes[2]!) throw damaged('its checksum is wrong');
  const reader = new BitReader(bytes, HEAD_BYTES);
  const rows = reader.bits(12);
  const width = reader.bits(6);
  const sampled = readMask(reader, rows);
  const columns: Float64Array[] = [];
  for (let index = 0; index < width; index++) columns.push(readColumn(reader, sampled));
  return columns;
}

function readColumn(reader: BitReader, sampled: Uint8Array): Float64Array {
  const column = new Float64Array(sampled.length).fill(Number.NaN);
  if (reader.bits(1) === 0) return column;
  const mask = reader.bits(1) === 1 ? sampled : sampled.map((one) => (one === 1 ? reader.bits(1) : 0));
  readNumbers(reader, column, mask);
  return column;
}

function writeMask(writer: BitWriter, mask: Uint8Array): void {
  const all = !mask.includes(0);
  writer.bits(all ? 1 : 0, 1);
  if (!all) for (const one of mask) writer.bits(one, 1);
}

function readMask(reader: BitReader, rows: number): Uint8Array {
  const mask = new Uint8Array(rows).fill(1);
  if (reader.bits(1) === 0) for (let row = 0; row < rows; row++) mask[row] = reader.bits(1);
  return mask;
}

/** Fletcher's, of everything but itself (RFC 1146). */
function checksum(bytes: Uint8Array): number {
  let one = bytes[0]!;
  let other = one;
  for (let at = HEAD_BYTES; at < bytes.length; ) {
    // So many sums stay within 31 bits without being reduced.
    const end = Math.min(bytes.length, at + 2_048);
    while (at < end) {
      one += bytes[at++]!;
      other += one;
    }
    one %= 255;
    other %= 255;
  }
  return (other << 8) | one;
}
