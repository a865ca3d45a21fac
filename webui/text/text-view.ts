// Texts and their differences as tables of lines: numbers that are not copied along, signs beside colours, and never more
// lines than somebody can look at.

import { counted } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { DiffLine, TextDiff } from './hunks.ts';

const LINE_MAX_LENGTH = 4_096;

export interface DiffNames {
  readonly before: string;
  readonly after: string;
}

export function diffView(diff: TextDiff, { before, after }: DiffNames): Html {
  const { hunks, added, removed, coarse, left_out } = diff;
  if (hunks.length === 0)
    return html`<p class="quiet">${before} and ${after} are the same, line for line.</p>`;
  return html`<p><span class="sum removed">− ${counted(removed, 'line')} removed</span> <span class="sum added">+ ${counted(added, 'line')} added</span> <span class="quiet">from ${before} to ${after}</span></p>
${coarse ? html`<p class="banner warn" role="status">The two differ too much to be told apart line by line: everything between what they have in common at the beginning and at the end is shown as removed and added.</p>` : NOTHING}
<div class="table lines diff" role="region" aria-label="Differences" tabindex="0"><table><thead class="unseen"><tr><th>Line in ${before}</th><th>Line in ${after}</th><th>Sign</th><th>Text</th></tr></thead>${hunks.map((lines, index) => html`<tbody>${index > 0 ? html`<tr class="gap"><td colspan="4">⋯</td></tr>` : NOTHING}${drawn(lines)}</tbody>`)}</table></div>
${left_out > 0 ? html`<p class="banner warn" role="status">Cut: ${counted(left_out, 'changed line')} more ${left_out === 1 ? 'is' : 'are'} not shown here.</p>` : NOTHING}`;
}

function drawn(lines: readonly DiffLine[]): Html[] {
  const partners = partnersOf(lines);
  return lines.map((line, index) => diffLine(line, partners[index]));
}

const SIGNS = { kept: ' ', added: '+', removed: '−' } as const;

function diffLine({ kind, text, before, after }: DiffLine, other: string | undefined): Html {
  const shown = other === undefined ? html`${shorten(text)}` : marked(shorten(text), shorten(other));
  const content =
    kind === 'added' ? html`<ins>${shown}</ins>` : kind === 'removed' ? html`<del>${shown}</del>` : shown;
  return html`<tr class="${kind}"><td class="no" data-n="${before}"></td><td class="no" data-n="${after}"></td><td class="sign">${SIGNS[kind]}</td><td class="line">${content}</td></tr>`;
}

/** Of as many lines that were removed as there stand in their place: which one each became. */
export function partnersOf(lines: readonly DiffLine[]): (string | undefined)[] {
  const partners: (string | undefined)[] = lines.map(() => undefined);
  for (let index = 0; index < lines.length; ) {
    const kind = lines[index]!.kind;
    let end = index;
    while (end < lines.length && lines[end]!.kind === kind) end++;
    const count = end - index;
    const pairs = kind === 'removed' && lines.slice(end, end + count).every((line) => line.kind === 'added');
    if (pairs && lines[end + count - 1] !== undefined && lines[end + count]?.kind !== 'added')
      for (let at = index; at < end; at++) {
        partners[at] = lines[at + count]!.text;
        partners[at + count] = lines[at]!.text;
      }
    index = end;
  }
  return partners;
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /\w/.test(character);
}

/** What is not the same at both ends stands out; where little is the same, nothing does. */
function marked(text: string, other: string): Html {
  const shorter = Math.min(text.length, other.length);
  let head = 0;
  while (head < shorter && text[head] === other[head]) head++;
  let tail = 0;
  while (tail < shorter - head && text.at(-1 - tail) === other.at(-1 - tail)) tail++;
  // Whole words, as nobody reads halves.
  const within = (at: number): boolean => isWord(text[at]) || isWord(other[at]);
  while (head > 0 && isWord(text[head - 1]) && within(head)) head--;
  const withinEnd = (at: number): boolean => isWord(text.at(-1 - at)) || isWord(other.at(-1 - at));
  while (tail > 0 && isWord(text.at(-tail)) && withinEnd(tail)) tail--;
  const middle = text.slice(head, text.length - tail);
  if (middle === '' || head + tail < text.trimStart().length / 3 || !middle.isWellFormed())
    return html`${text}`;
  return html`${text.slice(0, head)}<mark>${middle}</mark>${text.slice(text.length - tail)}`;
}

export interface LineMark {
  /** From 1. */
  readonly line: number;
  readonly tone: 'bad' | 'warn';
  readonly note: string;
}

export interface TextShown {
  readonly lines: readonly string[];
  /** From 1, both included; within the text. */
  readonly spans: readonly (readonly [from: number, to: number])[];
  readonly marks?: readonly LineMark[];
  readonly label: string;
}

/** Each line has its number and an address, `#L12`; what is wrong stands below its line. */
export function textView({ lines, spans, marks = [], label }: TextShown): Html {
  const byLine = Map.groupBy(marks, ({ line }) => line);
  const row = (number: number): Html => {
    const noted = byLine.get(number) ?? [];
    const tone = noted.some((mark) => mark.tone === 'bad') ? 'bad' : noted.length > 0 ? 'warn' : '';
    return html`<tr id="L${number}"${tone === '' ? NOTHING : html` class="noted ${tone}"`}><td class="no" data-n="${number}"></td><td class="sign">${SHAPES[tone]}</td><td class="line">${shorten(lines[number - 1] ?? '')}</td></tr>${noted.map((mark) => html`<tr class="note ${mark.tone}"><td></td><td></td><td><span>${mark.note}</span></td></tr>`)}`;
  };
  return html`<div class="table lines" role="region" aria-label="${label}" tabindex="0"><table>${spans.map(([from, to], index) => html`<tbody>${index > 0 ? html`<tr class="gap"><td colspan="3">⋯</td></tr>` : NOTHING}${Array.from({ length: Math.max(to - from + 1, 0) }, (_, offset) => row(from + offset))}</tbody>`)}</table></div>`;
}

const SHAPES = { '': '', bad: '▼', warn: '◆' } as const;

/** The whole of a short text; of a long one what is around the marks. */
export function spansAround(total: number, marked: readonly number[], context: number): [number, number][] {
  const spans: [number, number][] = [];
  for (const line of [...marked].sort((one, other) => one - other)) {
    if (line < 1 || line > total) continue;
    const [from, to] = [Math.max(1, line - context), Math.min(total, line + context)];
    const last = spans.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else spans.push([from, to]);
  }
  return spans;
}

function shorten(text: string): string {
  return text.length <= LINE_MAX_LENGTH
    ? text
    : `${text.slice(0, LINE_MAX_LENGTH)}… (${text.length} characters)`;
}
