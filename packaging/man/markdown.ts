// As much of Markdown as the manual uses: headings, paragraphs, tables, fenced code. Anything else is refused, as it would
// look wrong in a manual page without anybody noticing.
import { FairleadError } from '../../director/model/error.ts';

export interface Table {
  readonly kind: 'table';
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | Table;

export function readMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  // Fences first, since blank lines inside of them end nothing.
  for (const [index, part] of text.split(/^```\w*\n([\s\S]*?)^```\n/m).entries()) {
    if (index % 2 === 1) blocks.push({ kind: 'code', text: part });
    else
      for (const chunk of part.split(/\n\s*\n/))
        if (chunk.trim() !== '') blocks.push(...readChunk(chunk.trim().split('\n')));
  }
  return blocks;
}

function readChunk(lines: readonly string[]): Block[] {
  const [first = '', ...rest] = lines;
  const title = /^(#+) (.*)$/.exec(first);
  if (title !== null) {
    const heading: Block = { kind: 'heading', level: title[1]!.length, text: title[2]! };
    return rest.length === 0 ? [heading] : [heading, ...readChunk(rest)];
  }
  if (first.startsWith('|')) return [readTable(lines)];
  const strange = lines.find((line) => /^\s*([-*+>]|\d+\.) |^\||^!\[/.test(line));
  if (strange !== undefined)
    throw new FairleadError('man-markdown', `The manual page cannot show ${JSON.stringify(strange)}.`, {
      remedy: 'Use headings, paragraphs, tables and fenced code, with a blank line between them.',
    });
  return [{ kind: 'paragraph', text: lines.join('\n') }];
}

function readTable(lines: readonly string[]): Table {
  const [header = [], , ...rows] = lines.map((line) =>
    line
      .replace(/^\|/, '')
      .replace(/\|\s*$/, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
  return { kind: 'table', header, rows };
}
