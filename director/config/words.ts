// A command as a list of words, with the quoting rules of a POSIX shell (2.2) and nothing else of it: no variables,
// no globs, no operators. Undefined when a quote is left open.

interface Piece {
  readonly value: string;
  /** Where the text goes on. */
  readonly next: number;
}

export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; ) {
    if (/\s/.test(text[index]!)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      index++;
      continue;
    }
    const piece = readPiece(text, index);
    if (piece === undefined) return undefined;
    word = (word ?? '') + piece.value;
    index = piece.next;
  }
  return word === undefined ? words : [...words, word];
}

function readPiece(text: string, start: number): Piece | undefined {
  const char = text[start]!;
  if (char === '"') return readDoubleQuoted(text, start + 1);
  if (char === '\\')
    return start + 1 < text.length ? { value: text[start + 1]!, next: start + 2 } : undefined;
  if (char !== "'") return { value: char, next: start + 1 };
  const end = text.indexOf("'", start + 1);
  return end < 0 ? undefined : { value: text.slice(start + 1, end), next: end + 1 };
}

/** Inside double quotes a backslash counts only before what it could take the meaning from. */
function readDoubleQuoted(text: string, start: number): Piece | undefined {
  let value = '';
  for (let index = start; index < text.length; index++) {
    const char = text[index]!;
    if (char === '"') return { value, next: index + 1 };
    if (char === '\\' && '"\\$`'.includes(text[index + 1] ?? ' ')) value += text[++index];
    else value += char;
  }
  return undefined;
}
