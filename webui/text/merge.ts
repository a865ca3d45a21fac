// Two texts that came from one, put together: what either changed is in the result. Where both changed the same lines, or
// lines next to each other, nothing is guessed: those places are told and there is no result. Pure.
import { type Edit, editsOf, linesOf } from './line-edits.ts';

export interface Clash {
  /** Lines of the common ancestor, from 1, both included. */
  readonly from_line: number;
  readonly to_line: number;
}

export type Merged =
  | { readonly text: string }
  | { readonly clashes: readonly Clash[]; readonly coarse: boolean };

const CLASHES_MAX = 50;

export function mergeTexts(base: string, mine: string, theirs: string): Merged {
  const lines = linesOf(base);
  const [own, other] = [editsOf(lines, linesOf(mine)), editsOf(lines, linesOf(theirs))];
  if (own.coarse || other.coarse) return { clashes: [], coarse: true };
  const clashes = clashesOf(own.edits, other.edits);
  if (clashes.length > 0) return { clashes, coarse: false };
  const edits = [
    ...own.edits,
    ...other.edits.filter((edit) => !own.edits.some((each) => isSame(each, edit))),
  ];
  edits.sort((one, another) => one.from - another.from);
  const merged: string[] = [];
  let line = 0;
  const take = (from: number, to: number): void => {
    for (let index = from; index < to; index++) merged.push(lines[index]!);
  };
  for (const { from, to, lines: fresh } of edits) {
    take(line, from);
    for (const each of fresh) merged.push(each);
    line = to;
  }
  take(line, lines.length);
  return { text: merged.length === 0 ? '' : `${merged.join('\n')}\n` };
}

/** Both lists are sorted: each pair of neighbours is looked at once. */
function clashesOf(own: readonly Edit[], other: readonly Edit[]): Clash[] {
  const clashes: Clash[] = [];
  let [mine, theirs] = [0, 0];
  while (mine < own.length && theirs < other.length && clashes.length < CLASHES_MAX) {
    const [one, another] = [own[mine]!, other[theirs]!];
    if (touches(one, another) && !isSame(one, another))
      clashes.push({
        from_line: Math.min(one.from, another.from) + 1,
        to_line: Math.max(one.to, another.to, Math.min(one.from, another.from) + 1),
      });
    if (one.to < another.to || (one.to === another.to && one.from <= another.from)) mine++;
    else theirs++;
  }
  return clashes;
}

function touches(one: Edit, another: Edit): boolean {
  return one.from <= another.to && another.from <= one.to;
}

function isSame(one: Edit, another: Edit): boolean {
  return (
    one.from === another.from &&
    one.to === another.to &&
    one.lines.length === another.lines.length &&
    one.lines.every((line, index) => line === another.lines[index])
  );
}
