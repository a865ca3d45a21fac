// How two texts differ, line by line, as a list of edits. The work is bounded whatever the texts are: what they have in
// common at both ends is passed over, and the rest is given up on beyond a number of edits or a time.
import { diffArrays } from 'diff';

/** Lines [from, to) of the old text become `lines`, which are [at, at + lines.length) of the new one. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly lines: readonly string[];
}

export interface LineEdits {
  readonly edits: readonly Edit[];
  /** Too different to be told apart line by line: one edit stands for everything between the common ends. */
  readonly coarse: boolean;
}

/** The work grows with the square of it: a tenth of a second at most (4 MiB of lines that have nothing in common). */
const EDITS_MAX = 1_000;
const TIMEOUT_MS = 500;

/** Line ends of every kind are one; a last line end makes no line. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** What a form sends has the line ends of HTML (RFC 1866's CR LF); a configuration has those of YAML files. */
export function textOfForm(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

export function editsOf(before: readonly string[], after: readonly string[]): LineEdits {
  const { head, tail } = commonEnds(before, after);
  const [old, fresh] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  if (old.length === 0 && fresh.length === 0) return { edits: [], coarse: false };
  const whole = { from: head, to: before.length - tail, at: head, lines: fresh };
  if (old.length === 0 || fresh.length === 0) return { edits: [whole], coarse: false };
  const parts = diffArrays(old, fresh, { maxEditLength: EDITS_MAX, timeout: TIMEOUT_MS });
  if (parts === undefined) return { edits: [whole], coarse: true };
  const edits: Edit[] = [];
  let [line, at] = [head, head];
  for (const { value, added, removed } of parts) {
    const [from, to] = [line, removed ? line + value.length : line];
    if (added || removed) {
      const last = edits.at(-1);
      const lines = added ? value : [];
      // A removal and what stands in its place are one edit.
      if (last !== undefined && last.to === from && last.at + last.lines.length === at)
        edits[edits.length - 1] = { ...last, to, lines: [...last.lines, ...lines] };
      else edits.push({ from, to, at, lines });
    }
    if (!added) line += value.length;
    if (!removed) at += value.length;
  }
  return { edits, coarse: false };
}

function commonEnds(
  before: readonly string[],
  after: readonly string[],
): { readonly head: number; readonly tail: number } {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { head, tail };
}
