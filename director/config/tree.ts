// YAML text as a tree of values that know their place, with unique plain keys, no merge keys, and aliases followed as
// far as a limit. Time is linear in the text.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Findings } from './problem.ts';
import { quote } from './quote.ts';
import { readSyntax } from './syntax.ts';

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

/** Values that aliases may bring in, counted as often as they are used. */
const ALIASED_VALUES_MAX = 100_000;

/** Undefined when the text cannot be read as a mapping; the findings then say why. */
export function readTree(text: string, findings: Findings): LocatedMap | undefined {
  const syntax = readSyntax(text, findings);
  if (syntax === undefined) return undefined;
  const { contents, lines } = syntax;
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
