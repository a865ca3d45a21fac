// A block that is not stored yet: pictures of all subjects, one per interval, as they came. Of several for the same interval
// the later one counts, subject by subject. Bounded: however often a clock goes back, an interval has few pictures.

import { isExact, tidy, widthOf } from './columns.ts';
import type { LevelShape } from './levels.ts';

/** Names in an order that numbers are given in. */
export interface Subjects {
  readonly names: readonly string[];
  readonly index: ReadonlyMap<string, number>;
}

export function subjectsOf(names: readonly string[]): Subjects {
  return { names, index: new Map(names.map((name, index) => [name, index])) };
}

export interface Picture {
  readonly slot: number;
  readonly subjects: Subjects;
  /** Row by row: the columns of the first subject, of the second, … */
  readonly values: Float32Array;
}

/** Of one interval, where subjects changed meanwhile. */
const PER_SLOT_MAX = 4;

export class OpenBlock {
  readonly shape: LevelShape;
  readonly block: number;
  readonly width: number;
  readonly #exact: readonly boolean[];
  /** In the order in which they came. */
  #pictures: Picture[] = [];
  #union: Subjects | undefined;

  constructor(shape: LevelShape, block: number) {
    this.shape = shape;
    this.block = block;
    this.width = widthOf(shape.level);
    this.#exact = Array.from({ length: this.width }, (_, column) => isExact(shape.level, column));
  }

  put(picture: Picture): void {
    const same = this.#pictures.filter((each) => each.slot === picture.slot);
    const replaced =
      same.find((each) => each.subjects === picture.subjects) ??
      (same.length >= PER_SLOT_MAX ? same[0] : undefined);
    if (replaced !== undefined) this.#pictures = this.#pictures.filter((each) => each !== replaced);
    this.#pictures.push(picture);
    this.#union = undefined;
  }

  get pictures(): readonly Picture[] {
    return this.#pictures;
  }

  /** Every subject that any picture shows. */
  subjects(): Subjects {
    if (this.#union !== undefined) return this.#union;
    const [first, ...rest] = new Set(this.#pictures.map((picture) => picture.subjects));
    this.#union =
      first === undefined || rest.length === 0
        ? (first ?? subjectsOf([]))
        : subjectsOf([...new Set([first, ...rest].flatMap((each) => each.names))]);
    return this.#union;
  }

  /** First and last interval with a picture; undefined without any. */
  range(): { readonly first: number; readonly last: number } | undefined {
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const { slot } of this.#pictures) {
      first = Math.min(first, slot);
      last = Math.max(last, slot);
    }
    return last < 0 ? undefined : { first, last };
  }

  /** Lays what is known of a subject over `columns`, which are as long as a block; false if nothing is. */
  lay(name: string, columns: readonly Float64Array[]): boolean {
    let found = false;
    let subjects: Subjects | undefined;
    let row: number | undefined;
    for (const picture of this.#pictures) {
      if (picture.subjects !== subjects) {
        subjects = picture.subjects;
        row = subjects.index.get(name);
      }
      if (row === undefined) continue;
      found = true;
      this.#copy(picture, row, columns);
    }
    return found;
  }

  #copy({ slot, values }: Picture, row: number, columns: readonly Float64Array[]): void {
    const from = row * this.width;
    for (let column = 0; column < this.width; column++) {
      const value = values[from + column]!;
      columns[column]![slot] = this.#exact[column] ? value : tidy(value);
    }
  }

  /** Pictures of one interval, in the order in which they came. */
  at(slot: number): readonly Picture[] {
    return this.#pictures.filter((picture) => picture.slot === slot);
  }
}

/** Columns for one block, with nothing in them. */
export function emptyColumns(shape: LevelShape): Float64Array[] {
  return Array.from({ length: widthOf(shape.level) }, () => new Float64Array(shape.slots).fill(Number.NaN));
}

export function clearColumns(columns: readonly Float64Array[]): void {
  for (const column of columns) column.fill(Number.NaN);
}
