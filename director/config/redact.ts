// A configuration's text without its secrets: whatever stands under a key that names one, and what probes say when they
// log in. Everything else stays to the letter, comments and layout included; comments that hold a key with its value lose
// the value.
import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair, parseDocument, visit } from 'yaml';
import { isSecretKey, REDACTED, redactText } from '../model/redact.ts';
import { keyText } from './tree.ts';

type Span = readonly [from: number, to: number];

/** What a probe sends when it logs in. */
const LOGS_IN = /\b(auth|pass|password|login|user)\b/i;
const KEY_AND_VALUE = /([\w-]{2,64})\s{0,8}[:=]\s{0,8}(?=\S)/g;

/** Undefined when the text is no YAML: then nobody can tell where its secrets are. */
export function redactConfiguration(text: string): string | undefined {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
  if (document.errors.length > 0) return undefined;
  const spans: Span[] = [];
  const anchors = new Set<string>();
  const hide = (node: unknown): void => {
    if (isAlias(node)) anchors.add(node.source);
    else spans.push(...spanOf(node as Node | null));
  };
  visit(document, {
    Pair: (_, pair) => {
      if (isHidden(pair)) {
        hide(pair.value);
        return visit.SKIP;
      }
      return undefined;
    },
    Seq: (_, list) => {
      // A command's words: what follows --password.
      for (const [index, item] of list.items.entries())
        if (isScalar(item) && typeof item.value === 'string' && /^--?[\w-]+$/.test(item.value))
          if (isSecretKey(item.value) && index + 1 < list.items.length) hide(list.items[index + 1]);
    },
  });
  if (anchors.size > 0)
    visit(document, {
      Node: (_, node) => {
        if ('anchor' in node && node.anchor !== undefined && anchors.has(node.anchor))
          spans.push(...spanOf(node));
      },
    });
  return redactText(withoutComments(without(text, spans)));
}

function isHidden(pair: Pair): boolean {
  if (!isPair(pair)) return false;
  const key = keyText(pair.key as Node | null);
  if (key === undefined) return false;
  if (isSecretKey(key)) return true;
  return (
    key === 'send' &&
    isScalar(pair.value) &&
    typeof pair.value.value === 'string' &&
    LOGS_IN.test(pair.value.value)
  );
}

function spanOf(node: Node | null): Span[] {
  if (!node?.range) return [];
  if (isScalar(node) && node.value === null) return [];
  if ((isMap(node) || isSeq(node)) && node.items.length === 0) return [];
  return [[node.range[0], node.range[1]]];
}

/** Spans may lie within each other; the outer one counts. */
function without(text: string, spans: readonly Span[]): string {
  let result = '';
  let place = 0;
  for (const [from, to] of spans.toSorted((one, other) => one[0] - other[0] || other[1] - one[1])) {
    if (from < place) continue;
    const tail = /\s*$/.exec(text.slice(from, to))?.[0] ?? '';
    result += `${text.slice(place, from)}"${REDACTED}"${tail}`;
    place = to;
  }
  return result + text.slice(place);
}

/** A comment that holds a key of a secret with its value ends there. */
function withoutComments(text: string): string {
  const lines = text.split('\n').map((line) => {
    const begin = line.indexOf('#');
    if (begin < 0) return line;
    const comment = line.slice(begin);
    for (const found of comment.matchAll(KEY_AND_VALUE))
      if (isSecretKey(found[1]!))
        return `${line.slice(0, begin)}${comment.slice(0, found.index + found[0].length)}${REDACTED}`;
    return line;
  });
  return lines.join('\n');
}
