// The documents whose commands are run: what people read first, and everything in docs/.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsOf, SHELL_LANGUAGES, type TypedCommand } from './commands.ts';
import { type Block, blocksOf } from './markdown.ts';
import { SETTINGS } from './settings.ts';

export const CHECKOUT = join(import.meta.dirname, '../..');

export interface Document {
  /** Path in the checkout. */
  readonly file: string;
  readonly text: string;
}

export function documents(): Document[] {
  const inDocs = readdirSync(join(CHECKOUT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...inDocs.toSorted().map((name) => `docs/${name}`)].map((file) => ({
    file,
    text: readFileSync(join(CHECKOUT, file), 'utf8'),
  }));
}

export function shellBlocks(): Block[] {
  return documents()
    .flatMap(({ file, text }) => blocksOf(file, text))
    .filter(({ language }) => SHELL_LANGUAGES.includes(language));
}

export interface Step {
  readonly host: string;
  readonly block: Block;
  readonly commands: readonly TypedCommand[];
}

/** The blocks that run in a setting, in the order in which a reader meets them. */
export function stepsOf(setting: string): Step[] {
  const { first, hosts } = SETTINGS[setting]!;
  const blocks = shellBlocks().filter((block) => block.marker?.setting === setting);
  return [...blocks.filter(({ file }) => file === first), ...blocks.filter(({ file }) => file !== first)].map(
    (block) => ({ host: block.marker?.host ?? hosts[0], block, commands: commandsOf(block) }),
  );
}
