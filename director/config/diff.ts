// The difference of two texts, line by line, as a unified diff (the format of diff -u), for dry runs. Shortest edit
// script by Myers' greedy algorithm (1986); texts that have too little in common are told as replaced.

const CONTEXT_LINES = 3;
/** Beyond it the search would cost more than the answer is worth. */
const EDITS_MAX = 2_000;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Empty when there is no difference. */
export function diffText(
  before: string,
  after: string,
  names: readonly [string, string] = ['before', 'after'],
): string {
  if (before === after) return '';
  const lines = editScript(linesOf(before), linesOf(after));
  return `--- ${names[0]}\n+++ ${names[1]}\n${hunks(lines).join('')}`;
}

/** With their line ends, so that a missing last one is a difference too. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function editScript(a: readonly string[], b: readonly string[]): Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [
    ...a.slice(0, head).map(same),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

/** Furthest points per diagonal, kept for each number of edits, then walked back. */
function middle(a: readonly string[], b: readonly string[]): Line[] {
  const trace: Int32Array[] = [];
  const most = Math.min(a.length + b.length, EDITS_MAX);
  const furthest = new Int32Array(2 * most + 3);
  for (let edits = 0; edits <= most; edits++) {
    trace.push(furthest.slice(most - edits, most + edits + 3));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const at = most + 1 + diagonal;
      const down = diagonal === -edits || (diagonal !== edits && furthest[at - 1]! < furthest[at + 1]!);
      let x = down ? furthest[at + 1]! : furthest[at - 1]! + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      furthest[at] = x;
      if (x >= a.length && x - diagonal >= b.length) return walkBack(a, b, trace);
    }
  }
  return [...a.map((text): Line => ({ sign: '-', text })), ...b.map((text): Line => ({ sign: '+', text }))];
}

function walkBack(a: readonly string[], b: readonly string[], trace: readonly Int32Array[]): Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits > 0; edits--) {
    // The slice of this round begins one diagonal below -edits.
    const furthest = (diagonal: number) => trace[edits]![diagonal + edits + 1]!;
    const diagonal = x - y;
    const down =
      diagonal === -edits || (diagonal !== edits && furthest(diagonal - 1) < furthest(diagonal + 1));
    const from = down ? diagonal + 1 : diagonal - 1;
    const startX = furthest(from);
    const startY = startX - from;
    while (x > startX && y > startY) {
      lines.push({ sign: ' ', text: a[--x]! });
      y--;
    }
    lines.push(down ? { sign: '+', text: b[--y]! } : { sign: '-', text: a[--x]! });
  }
  while (x > 0) lines.push({ sign: ' ', text: a[--x]! });
  return lines.reverse();
}

/** Changes with their context; those whose contexts touch stand together. */
function hunks(lines: readonly Line[]): string[] {
  const result: string[] = [];
  const changes = [...lines.keys()].filter((index) => lines[index]!.sign !== ' ');
  for (let first = 0; first < changes.length; ) {
    let last = first;
    while (last + 1 < changes.length && changes[last + 1]! - changes[last]! <= 2 * CONTEXT_LINES) last++;
    const start = Math.max(0, changes[first]! - CONTEXT_LINES);
    const end = Math.min(lines.length, changes[last]! + CONTEXT_LINES + 1);
    result.push(hunk(lines, start, end));
    first = last + 1;
  }
  return result;
}

function hunk(lines: readonly Line[], start: number, end: number): string {
  const count = (from: number, to: number, sign: Line['sign']) =>
    lines.slice(from, to).filter((line) => line.sign !== sign).length;
  const range = (sign: Line['sign']) => {
    const length = count(start, end, sign);
    const first = count(0, start, sign) + (length > 0 ? 1 : 0);
    return length === 1 ? `${first}` : `${first},${length}`;
  };
  const body = lines
    .slice(start, end)
    .map(
      ({ sign, text }) => `${sign}${text}${text.endsWith('\n') ? '' : '\n\\ No newline at end of file\n'}`,
    );
  return `@@ -${range('+')} +${range('-')} @@\n${body.join('')}`;
}
