// Edits with the lines around them, as they are shown: each line with its sign and its numbers on both sides. Pure, and
// bounded in lines; what is left out is counted.
import { type Edit, editsOf, linesOf } from './line-edits.ts';

export interface DiffLine {
  readonly kind: 'kept' | 'added' | 'removed';
  readonly text: string;
  /** From 1; undefined on the side where it does not stand. */
  readonly before?: number;
  readonly after?: number;
}

export interface TextDiff {
  readonly hunks: readonly (readonly DiffLine[])[];
  readonly added: number;
  readonly removed: number;
  /** Too different to be told apart line by line. */
  readonly coarse: boolean;
  /** Lines that were added or removed and are not among the hunks. */
  readonly left_out: number;
}

const CONTEXT_LINES = 3;
const SHOWN_MAX = 2_000;

export function diffTexts(before: string, after: string, context = CONTEXT_LINES): TextDiff {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const { edits, coarse } = editsOf(old, fresh);
  const added = edits.reduce((sum, { lines }) => sum + lines.length, 0);
  const removed = edits.reduce((sum, { from, to }) => sum + to - from, 0);
  let room = SHOWN_MAX;
  const hunks = groupsOf(edits, context).flatMap((group) => {
    if (room <= 0) return [];
    const lines = hunkOf(group, old, context, room);
    room -= lines.filter(({ kind }) => kind !== 'kept').length;
    return [lines];
  });
  return { hunks, added, removed, coarse, left_out: added + removed - (SHOWN_MAX - room) };
}

/** Those whose surroundings touch stand together. */
function groupsOf(edits: readonly Edit[], context: number): Edit[][] {
  const groups: Edit[][] = [];
  for (const edit of edits) {
    const last = groups.at(-1)?.at(-1);
    if (last !== undefined && edit.from - last.to <= 2 * context) groups.at(-1)!.push(edit);
    else groups.push([edit]);
  }
  return groups;
}

function hunkOf(group: readonly Edit[], old: readonly string[], context: number, room: number): DiffLine[] {
  const lines: DiffLine[] = [];
  const kept = (from: number, to: number, shift: number): void => {
    for (let index = Math.max(from, 0); index < Math.min(to, old.length); index++)
      lines.push({ kind: 'kept', text: old[index]!, before: index + 1, after: index + 1 + shift });
  };
  let left = room;
  let [shown, shift] = [group[0]!.from - context, group[0]!.at - group[0]!.from];
  for (const { from, to, at, lines: fresh } of group) {
    kept(shown, from, shift);
    for (let index = from; index < to && left > 0; index++, left--)
      lines.push({ kind: 'removed', text: old[index]!, before: index + 1 });
    for (let index = 0; index < fresh.length && left > 0; index++, left--)
      lines.push({ kind: 'added', text: fresh[index]!, after: at + index + 1 });
    if (left <= 0) return lines;
    shown = to;
    shift = at + fresh.length - to;
  }
  kept(shown, shown + context, shift);
  return lines;
}
