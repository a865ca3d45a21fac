// A picture as bytes: all subjects of one interval, in parts of so many that a part is small work. Subjects are numbers
// there; what a number stands for is the caller's to know.
import type { FairleadError } from '../../model/error.ts';
import { damaged } from './bits.ts';
import { type ChunkEncoder, decodeChunk } from './chunk.ts';
import { tidy } from './columns.ts';

const PART_ROWS = 1_024;

/** `values` is row by row, `width` numbers each, in the order of `ids`. */
export function encodePicture(
  encoder: ChunkEncoder,
  ids: readonly number[],
  values: Float32Array,
  width: number,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < ids.length; from += PART_ROWS) {
    const rows = Math.min(PART_ROWS, ids.length - from);
    const columns = [Float64Array.from(ids.slice(from, from + rows))];
    for (let column = 0; column < width; column++)
      columns.push(
        Float64Array.from({ length: rows }, (_, row) => tidy(values[(from + row) * width + column]!)),
      );
    parts.push(encoder.encode(columns));
  }
  return parts;
}

export interface PicturePart {
  readonly ids: Float64Array;
  readonly columns: readonly Float64Array[];
}

export function decodePicturePart(data: Uint8Array, width: number): PicturePart | FairleadError {
  const decoded = decodeChunk(data);
  if (!('length' in decoded)) return decoded;
  const [ids, ...columns] = decoded;
  if (ids === undefined || columns.length !== width)
    return damaged(`it has ${decoded.length - 1} columns, not ${width}`);
  return { ids, columns };
}
