// From text to YAML nodes, for the plain part of YAML only: printable characters, one document, no tags, no directives,
// limited depth. Guarantees: time linear in the text, no exception, nothing recursive before the depth is known.
import { Composer, type CST, Lexer, LineCounter, type Node, Parser } from 'yaml';
import type { Findings } from './problem.ts';
import { quote } from './quote.ts';

const DEPTH_MAX = 32;
const LEXEMES_MAX = 2_000_000;

/** One reading for the whole program: the version 1.2 core schema, whatever the file asks for. */
const OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  strict: true,
  prettyErrors: false,
  logLevel: 'silent',
  // The library compares each key with all others; duplicates are looked for here, in linear time.
  uniqueKeys: false,
} as const;

export interface Syntax {
  /** Null: there is nothing in the file. */
  readonly contents: Node | null;
  readonly lines: LineCounter;
}

/** Undefined after a problem. */
export function readSyntax(text: string, findings: Findings): Syntax | undefined {
  if (!checkCharacters(text, findings)) return undefined;
  const lines = new LineCounter();
  try {
    const tokens = readTokens(text, lines, findings);
    if (tokens === undefined || !checkTokens(tokens, findings)) return undefined;
    const [document] = [...new Composer(OPTIONS).compose(tokens, true, text.length)];
    for (const error of document?.errors ?? [])
      findings.problem(error.pos[0], { code: 'yaml-syntax', message: oneSentence(error.message) });
    return findings.failed ? undefined : { contents: document?.contents ?? null, lines };
  } catch (error) {
    // The library promises not to throw; a text that makes it break its word is wrong all the same.
    findings.problem(0, { code: 'yaml-unreadable', message: oneSentence(`this is not YAML: ${error}`) });
    return undefined;
  }
}

function oneSentence(message: string): string {
  const text = message.replace(/\s+/g, ' ');
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

function checkCharacters(text: string, findings: Findings): boolean {
  // What YAML 1.2 (5.1) calls printable, and no half of a surrogate pair.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const match = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\p{Surrogate}/u.exec(text);
  if (match === null) return true;
  const code = match[0].codePointAt(0)!.toString(16).padStart(4, '0');
  findings.problem(match.index, {
    code: 'not-text',
    message: `character U+${code.toUpperCase()} does not belong in a text file`,
    remedy: 'is this a YAML file?',
  });
  return false;
}

/** Step by step, so that a text made to be costly is given up early: building its tree costs ten times the reading. */
function readTokens(text: string, lines: LineCounter, findings: Findings): CST.Token[] | undefined {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    // On the stack: the document, the open collections, and what is just being read.
    const deep = parser.stack.length > DEPTH_MAX + 2;
    if (!deep && ++count <= LEXEMES_MAX) continue;
    const message = deep
      ? `nested deeper than ${DEPTH_MAX} levels`
      : `more than ${LEXEMES_MAX} YAML words and signs`;
    findings.problem(parser.offset, { code: deep ? 'too-deep' : 'too-large', message });
    return undefined;
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

/** Refuses what is not let in before anything recursive walks over it. */
function checkTokens(tokens: readonly CST.Token[], findings: Findings): boolean {
  let documents = 0;
  const waiting: { token: CST.Token; depth: number }[] = [];
  for (const token of tokens) {
    if (token.type === 'directive')
      findings.problem(token.offset, {
        code: 'yaml-directive',
        message: 'YAML directives are not supported',
        remedy: 'remove the line',
      });
    if (token.type !== 'document') continue;
    if (++documents === 2)
      findings.problem(token.offset, {
        code: 'several-documents',
        message: 'a second YAML document begins here',
        remedy: 'remove the `---` line: one file is one configuration',
      });
    if (token.value !== undefined) waiting.push({ token: token.value, depth: 1 });
    reportTags(token.start, findings);
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (!('items' in token)) continue;
    if (depth > DEPTH_MAX) {
      findings.problem(token.offset, {
        code: 'too-deep',
        message: `nested deeper than ${DEPTH_MAX} levels`,
      });
      return false;
    }
    for (const item of token.items) {
      reportTags(item.start, findings);
      if (item.sep) reportTags(item.sep, findings);
      if (item.key) waiting.push({ token: item.key, depth: depth + 1 });
      if (item.value) waiting.push({ token: item.value, depth: depth + 1 });
    }
  }
  return !findings.failed;
}

function reportTags(tokens: readonly CST.SourceToken[], findings: Findings): void {
  for (const token of tokens)
    if (token.type === 'tag')
      findings.problem(token.offset, {
        code: 'yaml-tag',
        message: `YAML tags such as ${quote(token.source)} are not supported`,
        remedy: 'remove it; to make a value text, put it in quotes',
      });
}
