// Where an entry of a YAML mapping stands in the text, and the text with one entry more or less. Knows layout only:
// block or flow, one line or many; the caller makes sure that the result still means what it should.
import { isMap, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';

/** From, to (exclusive). */
export type Place = readonly [start: number, end: number];

export function splice(text: string, [start, end]: Place, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** Behind the last character that belongs to a value: no comment, no line end. */
export function contentEnd(text: string, node: Node): number {
  if ((isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0) {
    const last = node.items.at(-1) as Pair | Node;
    return isNode(last) ? contentEnd(text, last) : entryEnd(text, last);
  }
  let end = node.range?.[1] ?? 0;
  while (end > 0 && /\s/.test(text[end - 1]!)) end--;
  return end;
}

function isNode(item: Pair | Node): item is Node {
  return 'range' in item;
}

function entryEnd(text: string, pair: Pair): number {
  const key = contentEnd(text, pair.key as Node);
  return pair.value ? Math.max(key, contentEnd(text, pair.value as Node)) : key;
}

function entryStart(pair: Pair): number {
  return (pair.key as Node).range?.[0] ?? 0;
}

/** After the last entry, in the mapping's own layout. */
export function appendEntry(text: string, map: YAMLMap, entry: string): string {
  const last = map.items.at(-1);
  if (last === undefined) return splice(text, [map.range![0], map.range![1]], `{ ${entry} }`);
  const end = entryEnd(text, last);
  if (map.flow === true) return splice(text, [end, end], `, ${entry}`);
  // An explicit key has a question mark in front of it: the line's own white space counts.
  const indent = /^[^\S\n]*/.exec(text.slice(lineStart(text, entryStart(map.items[0]!))))?.[0] ?? '';
  const next = nextLine(text, end);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const ended = text[next - 1] === '\n';
  return splice(text, [next, next], ended ? `${indent}${entry}${newline}` : `${newline}${indent}${entry}`);
}

/** Without the entry and what stands on its last line behind it; other entries keep their lines and comments. */
export function removeEntry(text: string, map: YAMLMap, pair: Pair): string {
  const start = entryStart(pair);
  const end = entryEnd(text, pair);
  const line = lineStart(text, start);
  const next = nextLine(text, end);
  const ownLines =
    /^\s*$/.test(text.slice(line, start)) && /^[^\S\n]*,?[^\S\n]*(#.*)?\s*$/.test(text.slice(end, next));
  if (ownLines) return splice(text, [line, next], '');
  const index = map.items.indexOf(pair);
  const after = map.items[index + 1];
  if (after !== undefined) return splice(text, [start, entryStart(after)], '');
  const before = map.items[index - 1];
  if (before !== undefined) return splice(text, [entryEnd(text, before), end], '');
  const comma = /^\s*,/.exec(text.slice(end))?.[0].length ?? 0;
  return splice(text, [start, end + comma], '');
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Where the line after this place begins; the end of the text if there is none. */
function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}
