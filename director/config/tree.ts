// YAML text as a tree of values that know their place. Only the plain part of YAML is let in: one document, no tags,
// no directives, no merge keys, unique keys, limited depth and limited alias expansion. Time is linear in the text.
import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Findings } from './problem.ts';

export type Located = LocatedScalar | LocatedList | LocatedMap;

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly size: number;
  readonly value: string | number | boolean | null;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly offset: number;
  /** Values in it, itself included, aliases expanded. */
  readonly size: number;
  readonly items: readonly Located[];
}

export interface LocatedMap {
  readonly kind: 'map';
  readonly offset: number;
  readonly size: number;
  readonly entries: ReadonlyMap<string, LocatedEntry>;
}

export interface LocatedEntry {
  readonly keyOffset: number;
  readonly node: Located;
}

const DEPTH_MAX = 32;
const LEXEMES_MAX = 2_000_000;
/** Values that aliases may bring in, counted as often as they are used. */
const ALIASED_VALUES_MAX = 100_000;

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

/** Undefined when the text cannot be read as a mapping; the findings then say why. */
export function readTree(text: string, findings: Findings): LocatedMap | undefined {
  if (!checkCharacters(text, findings)) return undefined;
  const lines = new LineCounter();
  const tokens = readTokens(text, lines, findings);
  if (tokens === undefined || !checkTokens(tokens, findings)) return undefined;
  const [document] = [...new Composer(OPTIONS).compose(tokens, true, text.length)];
  for (const error of document?.errors ?? [])
    findings.problem(error.pos[0], { code: 'yaml-syntax', message: oneSentence(error.message) });
  if (findings.failed) return undefined;
  const contents = document?.contents ?? null;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    findings.problem(0, {
      code: 'empty',
      message: 'the configuration is empty',
      remedy: 'begin with `cluster:`, `directors:` and `services:`',
    });
    return undefined;
  }
  const root = new TreeBuilder(findings, lines).node(contents, 0);
  if (root.kind === 'map') return root;
  findings.problem(root.offset, {
    code: 'not-a-mapping',
    message: `the configuration must be a mapping, not a ${root.kind === 'list' ? 'list' : 'single value'}`,
    remedy: 'begin with `cluster:`, `directors:` and `services:`',
  });
  return undefined;
}

/** Shortened, text in quotes: for messages. */
export function quote(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
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

class TreeBuilder {
  readonly #findings: Findings;
  readonly #lines: LineCounter;
  /** As far as the walk has come: an alias means the last anchor of that name before it. */
  readonly #anchors = new Map<string, Located | 'open'>();
  #aliased = 0;

  constructor(findings: Findings, lines: LineCounter) {
    this.#findings = findings;
    this.#lines = lines;
  }

  node(node: Node | null, fallback: number): Located {
    if (node === null) return empty(fallback);
    const offset = node.range?.[0] ?? fallback;
    if (isAlias(node)) return this.#alias(node.source, offset);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return empty(offset);
    const anchor = node.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const built = isScalar(node) ? scalar(node, offset) : this.#collection(node, offset);
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  #collection(node: Node, offset: number): Located {
    if (isMap(node)) return this.#map(node, offset);
    const items = isSeq(node) ? node.items.map((item) => this.node(item as Node | null, offset)) : [];
    return { kind: 'list', offset, size: items.reduce((sum, item) => sum + item.size, 1), items };
  }

  #map(node: YAMLMap, offset: number): LocatedMap {
    const entries = new Map<string, LocatedEntry>();
    let size = 1;
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const keyOffset = keyNode?.range?.[0] ?? offset;
      const key = keyText(keyNode);
      const value = this.node(pair.value as Node | null, keyOffset);
      size += value.size;
      if (key === undefined)
        this.#findings.problem(keyOffset, {
          code: 'bad-key',
          message: 'a key must be a plain word',
          remedy: 'write `key: value`',
        });
      else if (key === '<<')
        this.#findings.problem(keyOffset, {
          code: 'merge-key',
          message: 'merge keys (<<) are not supported',
          remedy: 'use an alias for a whole value instead, such as `monitor: *web`',
        });
      else if (entries.has(key)) this.#duplicate(key, keyOffset, entries.get(key)!.keyOffset);
      else entries.set(key, { keyOffset, node: value });
    }
    return { kind: 'map', offset, size, entries };
  }

  #duplicate(key: string, offset: number, first: number): void {
    this.#findings.problem(offset, {
      code: 'duplicate-key',
      message: `${quote(key)} is already there, in line ${this.#lines.linePos(first).line}`,
      remedy: 'remove or rename one of them',
    });
  }

  /** The value it stands for, at the place where the alias stands; what is inside keeps its own place. */
  #alias(name: string, offset: number): Located {
    const target = this.#anchors.get(name);
    if (target === undefined || target === 'open') {
      const message =
        target === 'open'
          ? `alias ${quote(name)} contains itself`
          : `no anchor ${quote(name)} stands before this alias`;
      this.#findings.problem(offset, { code: 'bad-alias', message });
      return empty(offset);
    }
    const before = this.#aliased;
    this.#aliased += target.size;
    if (this.#aliased <= ALIASED_VALUES_MAX) return { ...target, offset };
    if (before <= ALIASED_VALUES_MAX)
      this.#findings.problem(offset, {
        code: 'alias-expansion',
        message: `aliases bring in more than ${ALIASED_VALUES_MAX} values`,
        remedy: 'write the values out, or use fewer nested aliases',
      });
    return empty(offset);
  }
}

function empty(offset: number): LocatedScalar {
  return { kind: 'scalar', offset, size: 1, value: null };
}

function scalar(node: Scalar, offset: number): LocatedScalar {
  const { value } = node;
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return { kind: 'scalar', offset, size: 1, value: plain ? value : null };
}

/** As written: a server may be called 1 or true. */
export function keyText(node: Node | null): string | undefined {
  if (!isScalar(node)) return undefined;
  if (typeof node.value === 'string') return node.value;
  return node.source === undefined || node.source === '' ? undefined : node.source;
}
