// Tables for people: columns as wide as their widest cell, numbers to the right, colour only where asked for. Text that
// came from outside is shown without control characters, so that no name or answer can drive the terminal.
import { stripVTControlCharacters } from 'node:util';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'strong';

const CODES: Readonly<Record<Tone, string>> = {
  good: '32',
  warn: '33',
  bad: '31',
  quiet: '2',
  strong: '1',
};

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

export function paint(text: string, tone: Tone | undefined, color: boolean): string {
  return color && tone !== undefined ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;
}

export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return stripVTControlCharacters(text).replace(/[\x00-\x1f\x7f-\x9f]/g, ' ');
}

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  color: boolean,
): string {
  const cells = rows.map((row) =>
    row.map((cell) => {
      const { text, tone } = typeof cell === 'string' ? { text: cell, tone: undefined } : cell;
      return { text: plain(text), tone };
    }),
  );
  const widths = columns.map((column, index) =>
    cells.reduce((width, row) => Math.max(width, row[index]?.text.length ?? 0), column.title.length),
  );
  const line = (row: readonly { text: string; tone?: Tone | undefined }[]): string =>
    columns
      .map((column, index) => {
        const cell = row[index] ?? { text: '', tone: undefined };
        const gap = ' '.repeat(widths[index]! - cell.text.length);
        const painted = paint(cell.text, cell.tone, color);
        if (column.align === 'right') return gap + painted;
        return index === columns.length - 1 ? painted : painted + gap;
      })
      .join('  ')
      .trimEnd();
  const header = line(columns.map((column) => ({ text: column.title, tone: 'strong' as const })));
  return `${[header, ...cells.map(line)].join('\n')}\n`;
}
