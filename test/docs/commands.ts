// The commands of a shell block, one by one, as a reader would type them. Pure.
import type { Block } from './markdown.ts';

export interface TypedCommand {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export const SHELL_LANGUAGES: readonly string[] = ['sh', 'console'];

/** In `console` blocks only what follows a prompt is typed, the rest is what came back. */
export function commandsOf(block: Block): TypedCommand[] {
  const lines = block.text.split('\n');
  const commands: TypedCommand[] = [];
  for (let index = 0; index < lines.length; index++) {
    const start = index;
    const typed = typedOf(block, lines[index] ?? '');
    if (typed === undefined) continue;
    let text = typed;
    while (goesOn(text) && index + 1 < lines.length) text += `\n${lines[++index]}`;
    const end = /<<-?\s*'?(?<word>\w+)'?/.exec(text)?.groups?.word;
    while (end !== undefined && index + 1 < lines.length) {
      text += `\n${lines[++index]}`;
      if (lines[index] === end) break;
    }
    commands.push({ file: block.file, line: block.line + 1 + start, text });
  }
  return commands;
}

/** A shell would ask for more: a backslash, a pipe, a loop that is not done. */
function goesOn(text: string): boolean {
  const count = (word: RegExp): number => text.match(word)?.length ?? 0;
  return /(\\|\||&&)$/.test(text) || count(/\bdo\b/g) > count(/\bdone\b/g);
}

function typedOf({ language }: Block, line: string): string | undefined {
  const typed = language === 'console' ? /^[$#] (.*)$/.exec(line)?.[1] : line;
  return typed === undefined || /^\s*(#|$)/.test(typed) ? undefined : typed;
}

/** A comment at the end, which a shell leaves out. */
export function withoutComment(text: string): string {
  return text.replace(/\s+#\s.*$/, '').trim();
}
