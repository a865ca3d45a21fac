// fairlead.yaml(5): docs/configuration.md as a manual page, held against the schema's tables both ways. A key that the
// reader knows and the page does not, or the other way round, stops the build, so both say the same.
import { FairleadError } from '../../director/model/error.ts';
import { type Block, readMarkdown, type Table } from './markdown.ts';
import { bold, entry, heading, paragraph, plain, subheading, title, verbatim } from './roff.ts';

type Tables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function configurationPage(
  markdown: string,
  tables: Tables,
  about: { readonly version: string; readonly time_s: number },
): string {
  const blocks = readMarkdown(markdown);
  refuseDisagreement(blocks, tables);
  return [
    title('fairlead.yaml', 5, about),
    heading('name'),
    `fairlead.yaml \\- ${plain('configuration of a pair of directors')}\n`,
    heading('synopsis'),
    '.I /etc/fairlead/fairlead.yaml\n',
    ...blocks.map(render),
    heading('see also'),
    `${bold('fairlead')}(8), /usr/share/doc/fairlead/examples/fairlead.yaml\n`,
  ].join('');
}

function render(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return block.level === 1
        ? heading('description')
        : block.level === 2
          ? heading(block.text)
          : subheading(block.text);
    case 'code':
      return verbatim(block.text);
    case 'paragraph':
      return paragraph(marked(block.text));
    case 'table':
      return renderTable(block);
  }
}

/** One entry a row: the first cell is the term, the others are told after it. */
function renderTable({ header, rows }: Table): string {
  const subject = /^(?:key|option) of (.*)$/.exec(header[0] ?? '')?.[1];
  const lead = subject === undefined ? '' : paragraph(`Of ${marked(subject)}:`);
  return (
    lead +
    rows
      .map(([term = '', ...cells]) =>
        entry(marked(term), cells.map((cell, index) => told(header[index + 1] ?? '', cell)).join('')),
      )
      .join('')
  );
}

function told(column: string, cell: string): string {
  const text = marked(cell.trim());
  if (text === '' || text === '\\&') return '';
  const stop = /[.:]$/.test(cell.trim()) ? '' : '.';
  switch (column) {
    case 'of':
      return `(${text}) `;
    case 'default':
      return cell.startsWith('needed') ? ` N${text.slice(1)}.` : ` Default: ${text}.`;
    case 'examples':
      return ` Examples: ${text}.`;
    case 'options':
      return cell.trim() === 'none' ? '' : ` Options: ${text}.`;
    default:
      return text + stop;
  }
}

/** `code` in bold, links by their words, the rest as it is. */
function marked(text: string): string {
  const words = text.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('\\|', '|');
  return words
    .split(/(`[^`]+`)/)
    .map((part) => (/^`.+`$/.test(part) ? bold(part.slice(1, -1)) : plain(part)))
    .join('')
    .replace(/^(?=[.'])/, '\\&');
}

function refuseDisagreement(blocks: readonly Block[], tables: Tables): void {
  const told = new Set<string>();
  const strange: string[] = [];
  const known = new Set(Object.values(tables).flatMap((shape) => Object.keys(shape)));
  for (const block of blocks) {
    if (block.kind !== 'table') continue;
    for (const [term = ''] of block.rows)
      for (const [, key = ''] of term.matchAll(/`([^`]+)`/g)) {
        told.add(key);
        if (/^(key|option)\b/.test(block.header[0] ?? '') && !known.has(key))
          strange.push(`${key} is no key`);
      }
  }
  const missing = [...known].filter((key) => !told.has(key)).map((key) => `${key} is not explained`);
  const problems = [...missing, ...strange];
  if (problems.length > 0)
    throw new FairleadError(
      'man-disagrees',
      `docs/configuration.md and the schema disagree: ${problems.join(', ')}.`,
      {
        remedy: 'Correct the tables of docs/configuration.md or director/config/schema.ts.',
      },
    );
}
