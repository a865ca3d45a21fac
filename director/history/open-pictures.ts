// Pictures of blocks that are not full yet, to the file and back: what a restart goes on from.
import { FairleadError } from '../model/error.ts';
import type { ChunkEncoder } from './core/chunk.ts';
import { widthOf } from './core/columns.ts';
import { SHAPES } from './core/levels.ts';
import { OpenBlock, type Picture, type Subjects, subjectsOf } from './core/open-block.ts';
import { decodePicturePart, encodePicture } from './core/picture-codec.ts';
import type { StoredPicture, Tables } from './tables.ts';

/** Inside a transaction. */
export function savePicture(
  tables: Tables,
  encoder: ChunkEncoder,
  { shape, block, width }: OpenBlock,
  { slot, subjects, values }: Picture,
  day: number,
): void {
  const ids = subjects.names.map((name) => tables.enter(name, day));
  const parts = encodePicture(encoder, ids, values, width);
  tables.savePicture({ level: shape.level, block, slot, parts });
}

/** Every block that was open, the oldest of each level first; `onDamage` for each picture that cannot be read. */
export function loadOpenBlocks(tables: Tables, onDamage: () => void): OpenBlock[] {
  const blocks: OpenBlock[] = [];
  let subjects: Subjects | undefined;
  for (const stored of tables.pictures()) {
    const shape = SHAPES.find(({ level }) => level === stored.level);
    if (shape === undefined || stored.slot < 0 || stored.slot >= shape.slots) {
      onDamage();
      continue;
    }
    const picture = decode(tables, stored, subjects);
    if (picture instanceof FairleadError) {
      onDamage();
      continue;
    }
    subjects = picture.subjects;
    let open = blocks.at(-1);
    if (open?.shape !== shape || open.block !== stored.block) {
      open = new OpenBlock(shape, stored.block);
      blocks.push(open);
    }
    open.put(picture);
  }
  return blocks;
}

/** `like`: subjects of the picture before, which are the same ones mostly. */
function decode(
  tables: Tables,
  { level, slot, parts }: StoredPicture,
  like: Subjects | undefined,
): Picture | FairleadError {
  const width = widthOf(level);
  const names: string[] = [];
  const rows: number[] = [];
  for (const data of parts) {
    const part = decodePicturePart(data, width);
    if (part instanceof FairleadError) return part;
    for (const [row, id] of part.ids.entries()) {
      const name = tables.nameOf(id);
      if (name === undefined) continue;
      names.push(name);
      for (const column of part.columns) rows.push(column[row]!);
    }
  }
  const isSame = like?.names.length === names.length && names.every((name, at) => name === like.names[at]);
  return {
    slot,
    subjects: isSame && like !== undefined ? like : subjectsOf(names),
    values: Float32Array.from(rows),
  };
}
